import { awaitCondition } from '@headwater/testing/await-condition';
import { beforeAll, describe, expect, it } from 'vitest';
import { awaitWhole, MeshProcess } from '../support/mesh-process.js';
import { sharedScope } from '../support/scope.js';

const MEMBERS = 30;
const KEY = 'v/watched/stream';

describe('thirty members on one host', () => {
  const scope = sharedScope();
  const members: MeshProcess[] = [];

  /** Waits until each of these lists these owners of the one stream. */
  const owned = (by: readonly MeshProcess[], owners: readonly string[]) =>
    Promise.all(
      by.map((member) =>
        awaitCondition(
          `${member.name} to list [${owners.join(', ')}] as owners`,
          () => member.all('owners').at(-1)?.owners.join() === owners.join(),
          { instead: () => member.news.slice(-10) },
        ),
      ),
    );

  beforeAll(async () => {
    // Two seeds, and the first knows of the second only by its address: nothing else about them is special.
    members.push(await MeshProcess.spawn(scope, 'm0', {}));
    members.push(await MeshProcess.spawn(scope, 'm1', { seeds: [`127.0.0.1:${members[0]?.port}`] }));
    const seeds = members.map(({ port }) => `127.0.0.1:${port}`);
    for (let index = members.length; index < MEMBERS; index += 1)
      members.push(await MeshProcess.spawn(scope, `m${index}`, { seeds }));
    await Promise.all(members.map((member) => member.listening()));
    await awaitWhole(members);
  });

  it('all hear of a claim, of a backup, and of the end of both', async () => {
    const [first, , , second] = members as [MeshProcess, MeshProcess, MeshProcess, MeshProcess];
    first.order({ kind: 'claim', keys: [KEY] });
    await owned(members, ['m0']);
    second.order({ kind: 'claim', keys: [KEY] });
    await owned(members, ['m0', 'm3']);
    first.order({ kind: 'release', keys: [KEY] });
    await owned(members, ['m3']);
    second.order({ kind: 'release', keys: [KEY] });
    await owned(members, []);
  });

  it('all notice that one is killed, and nobody takes another for dead', async () => {
    const victim = members[7] as MeshProcess;
    const others = members.filter((member) => member !== victim);
    victim.order({ kind: 'claim', keys: [KEY] });
    await owned(members, ['m7']);
    for (const member of others) member.forget('member');
    await victim.kill();
    await owned(others, []);
    const dead = others.flatMap((member) =>
      member.all('member').filter(({ liveness }) => liveness === 'dead'),
    );
    expect(new Set(dead.map(({ name }) => name))).toEqual(new Set(['m7']));
    await victim.restart();
    await awaitWhole(members);
  });

  it('stay one mesh while each of them is restarted, one by one, both seeds among them', async () => {
    const keeper = members[20] as MeshProcess;
    keeper.order({ kind: 'claim', keys: [KEY] });
    await owned(members, ['m20']);
    const others = members.filter((member) => member !== keeper);
    for (const member of others) {
      await member.kill('SIGTERM');
      await member.restart();
      await owned([member], ['m20']);
      await awaitWhole([member, keeper]);
    }
    await awaitWhole(members);
    await keeper.kill('SIGTERM');
    await owned(others, []);
    await keeper.restart();
    await awaitWhole(members);
  });
});
