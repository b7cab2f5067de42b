import { mkdtempSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { awaitWhole, MeshProcess, type MeshSpawn, startMeshProcesses } from '../support/mesh-process.js';
import { type Scope, testScope } from '../support/scope.js';
import { SlowPath } from '../support/slow-path.js';

const KEY = 'v/watched/stream';

/** Waits until each of these told last of these owners, in this order. */
const owned = (members: readonly MeshProcess[], owners: readonly string[]) =>
  Promise.all(
    members.map((member) =>
      awaitCondition(
        `${member.name} to list [${owners.join(', ')}] as owners`,
        () => member.all('owners').at(-1)?.owners.join() === owners.join(),
        { instead: () => member.news.slice(-10) },
      ),
    ),
  );

const claim = (member: MeshProcess): void => member.order({ kind: 'claim', keys: [KEY] });

function folder(scope: Scope): string {
  const path = mkdtempSync(join(tmpdir(), 'headwater-mesh-kept-'));
  scope.defer(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('a mesh with long and uneven ways', () => {
  it('forms, agrees and takes nobody for dead, and still notices a kill', async () => {
    const scope = testScope();
    const paths = await Promise.all(
      [1, 2, 3, 4, 5].map((seed) => SlowPath.start(scope, { delayMs: 30, jitterMs: 50, seed })),
    );
    const members: MeshProcess[] = [];
    for (const [index, path] of paths.entries()) {
      const advertise = `127.0.0.1:${path.port}`;
      const seeds = index === 0 ? [] : [`127.0.0.1:${paths[0]?.port}`];
      const member = await MeshProcess.spawn(scope, `m${index}`, { advertise, seeds });
      path.leadTo(member.port);
      await member.listening();
      members.push(member);
    }
    await awaitWhole(members);
    for (const member of members) member.forget('member');
    for (const [index, member] of members.entries()) {
      claim(member);
      await owned(
        members,
        members.slice(0, index + 1).map(({ name }) => name),
      );
    }
    for (const member of members) {
      const dead = member.all('member').filter(({ liveness }) => liveness === 'dead');
      expect(dead, `${member.name} takes nobody for dead`).toEqual([]);
    }
    const [victim, ...others] = members as [MeshProcess, ...MeshProcess[]];
    await victim.kill();
    await owned(
      others,
      others.map(({ name }) => name),
    );
  });
});

describe('members on the move', () => {
  it('one that comes back at another port is found by all, and owns what it publishes', async () => {
    const scope = testScope();
    const [seed, other] = (await startMeshProcesses(scope, 2)) as [MeshProcess, MeshProcess];
    const dataDir = folder(scope);
    const seeds = [`127.0.0.1:${seed.port}`];
    const before = await MeshProcess.spawn(scope, 'mover', { dataDir, seeds });
    const { id } = await before.listening();
    await awaitWhole([seed, other, before]);
    await before.kill();
    const after = await MeshProcess.spawn(scope, 'mover', { dataDir, seeds, port: await freePort(scope) });
    const again = await after.listening();
    expect(again.id).toBe(id);
    expect(again.port).not.toBe(before.port);
    await awaitWhole([seed, other, after]);
    claim(after);
    await owned([seed, other, after], ['mover']);
  });

  it('two with one identity key are found and named', async () => {
    const scope = testScope();
    const [seed, other] = (await startMeshProcesses(scope, 2)) as [MeshProcess, MeshProcess];
    const dataDir = folder(scope);
    const seeds = [`127.0.0.1:${seed.port}`, `127.0.0.1:${other.port}`];
    const original = await MeshProcess.spawn(scope, 'original', { dataDir, seeds });
    const { id } = await original.listening();
    await awaitWhole([seed, other, original]);
    const copied = folder(scope);
    await cp(dataDir, copied, { recursive: true });
    const copy = await MeshProcess.spawn(scope, 'copy', { dataDir: copied, seeds });
    expect((await copy.listening()).id).toBe(id);
    const told = await awaitCondition('somebody to tell of two members with one identity key', () =>
      [seed, other, original, copy]
        .flatMap((member) => member.all('warned'))
        .find(({ msg }) => /identity key$/.test(msg)),
    );
    expect(told.fields).toMatchObject({ member: id, hint: expect.stringContaining('dataDir of its own') });
  });
});

describe('the order of owners on real members', () => {
  it('follows the load where it is spread', async () => {
    const scope = testScope();
    const members = await startMeshProcesses(scope, 3, { order: 'spread' });
    const [first, second] = members as [MeshProcess, MeshProcess];
    claim(first);
    await owned(members, ['m0']);
    claim(second);
    await owned(members, ['m0', 'm1']);
    first.order({ kind: 'load', load: { players: 900, publishers: 1, outboundKbps: 900_000 } });
    await owned(members, ['m1', 'm0']);
  });

  it('prefers the own zone, for members of each zone another owner', async () => {
    const scope = testScope();
    const place: MeshSpawn = { zone: 'east' };
    const east = await MeshProcess.spawn(scope, 'east', place);
    const seeds = [`127.0.0.1:${east.port}`];
    const west = await MeshProcess.spawn(scope, 'west', { zone: 'west', seeds });
    const westToo = await MeshProcess.spawn(scope, 'west-too', { zone: 'west', seeds });
    const nowhere = await MeshProcess.spawn(scope, 'nowhere', { seeds });
    const members = [east, west, westToo, nowhere];
    await Promise.all(members.map((member) => member.listening()));
    await awaitWhole(members);
    claim(east);
    await owned(members, ['east']);
    claim(west);
    await owned([east, nowhere], ['east', 'west']);
    await owned([west, westToo], ['west', 'east']);
  });
});
