import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  awaitWhole,
  type MeshProcess,
  startMeshOnHosts,
  startMeshProcesses,
} from '../support/mesh-process.js';
import { NetLab } from '../support/net-lab.js';
import { sharedScope } from '../support/scope.js';

/** Waits until all of these list exactly these owners of a watched stream, in this order. */
async function owned(members: readonly MeshProcess[], stream: string, owners: readonly string[]) {
  const want = owners.length === 0 ? '' : `v/watched/${stream}: `;
  const seen: Record<string, string> = {};
  await awaitCondition(
    `${members.map(({ name }) => name).join(', ')} to list [${owners.join(', ')}] as owners of ${stream}`,
    async () => {
      for (const member of members) {
        const { directory } = await member.report();
        seen[member.name] =
          directory.split('\n').find((line) => line.startsWith(`v/watched/${stream}: `)) ?? '';
      }
      return members.every(({ name }) => {
        const line = seen[name] ?? '';
        return owners.length === 0 ? line === '' : line.replace(/@\d+/g, '') === want + owners.join(', ');
      });
    },
    { instead: () => seen },
  );
}

const claim = (member: MeshProcess, stream: string) =>
  member.order({ kind: 'claim', keys: [`v/watched/${stream}`] });
const release = (member: MeshProcess, stream: string) =>
  member.order({ kind: 'release', keys: [`v/watched/${stream}`] });

/** Waits until all of these hold the same directory, with so many streams. */
async function agreed(members: readonly MeshProcess[], streams: number): Promise<string> {
  let directories: string[] = [];
  await awaitCondition(
    `${members.map(({ name }) => name).join(', ')} to hold one directory of ${streams} streams`,
    async () => {
      const reports = await Promise.all(members.map((member) => member.report()));
      directories = reports.map(({ directory }) => directory);
      return reports.every((report) => report.streams === streams) && new Set(directories).size === 1;
    },
    { instead: () => directories },
  );
  return directories[0] ?? '';
}

const saysDead = (members: readonly MeshProcess[]) =>
  members.flatMap((member) => member.all('member').filter(({ liveness }) => liveness === 'dead'));

describe('members that end or hang', () => {
  const scope = sharedScope();
  let members: readonly MeshProcess[] = [];
  beforeAll(async () => {
    members = await startMeshProcesses(scope, 5);
  });

  it('a killed one owns nothing any more, and comes back without its old streams', async () => {
    const [, , victim] = members as [MeshProcess, MeshProcess, MeshProcess];
    const others = members.filter((member) => member !== victim);
    claim(victim, 'killed');
    await owned(others, 'killed', ['m2']);
    claim(others[0]!, 'killed');
    await owned(members, 'killed', ['m2', 'm0']);
    await victim.kill();
    await owned(others, 'killed', ['m0']);
    await victim.restart();
    await awaitWhole(members);
    claim(victim, 'new');
    await owned(members, 'new', ['m2']);
    await owned(members, 'killed', ['m0']);
    release(victim, 'new');
    release(others[0]!, 'killed');
    await agreed(members, 0);
  });

  it('a hung one is dead to all, and when it goes on it has its streams again and missed nothing', async () => {
    const victim = members[1]!;
    const others = members.filter((member) => member !== victim);
    claim(victim, 'hung');
    claim(others[0]!, 'meanwhile-released');
    await agreed(members, 2);
    victim.signal('SIGSTOP');
    await owned(others, 'hung', []);
    release(others[0]!, 'meanwhile-released');
    claim(others[1]!, 'meanwhile-claimed');
    await agreed(others, 1);
    victim.signal('SIGCONT');
    expect(await agreed(members, 2)).toMatch(/hung: m1@\d+\nv\/watched\/meanwhile-claimed: m2@/);
    release(victim, 'hung');
    release(others[1]!, 'meanwhile-claimed');
    await agreed(members, 0);
  });

  it('a rolling restart of all, the seed included, never splits the mesh', async () => {
    for (const member of members) {
      const others = members.filter((other) => other !== member);
      await member.kill('SIGTERM');
      for (const other of others) {
        const { alive } = await other.report();
        expect(alive).toEqual(expect.arrayContaining(others.map(({ name }) => name)));
      }
      await member.restart();
      await awaitWhole(members);
      claim(member, `after-${member.name}`);
      await owned(members, `after-${member.name}`, [member.name]);
    }
  });
});

describe('members on hosts of their own', needs('network namespaces'), () => {
  const scope = sharedScope();
  let lab: NetLab;
  let members: readonly MeshProcess[] = [];
  beforeAll(async () => {
    lab = NetLab.open(scope, 4);
    members = await startMeshOnHosts(scope, lab, 4);
  });

  it('cut into two halves, each serves its own, and healed they hold one directory again', async () => {
    const [a, b, c, d] = members as [MeshProcess, MeshProcess, MeshProcess, MeshProcess];
    claim(a, 'first');
    claim(c, 'taken-over');
    await agreed(members, 2);
    lab.cut([0, 1], [2, 3]);
    await owned([a, b], 'taken-over', []);
    await owned([c, d], 'first', []);
    // Its publisher moves while nobody over there can hear of it.
    release(c, 'taken-over');
    claim(a, 'taken-over');
    claim(d, 'last');
    await agreed([a, b], 2);
    await agreed([c, d], 1);
    lab.heal();
    const directory = await agreed(members, 3);
    expect(directory.replace(/@\d+/g, '').split('\n')).toEqual([
      'v/watched/first: h0',
      'v/watched/last: h3',
      'v/watched/taken-over: h0',
    ]);
    for (const [member, stream] of [
      [a, 'first'],
      [a, 'taken-over'],
      [d, 'last'],
    ] as const)
      release(member, stream);
    await agreed(members, 0);
  });

  it.each([
    ['both ways', false],
    ['one way', true],
  ])(
    'with one link cut %s, each lists what both own, and hears of all changes, and nobody is dead',
    async (_, oneWay) => {
      const [a, b] = members as [MeshProcess, MeshProcess, MeshProcess, MeshProcess];
      claim(a, 'of-a');
      claim(b, 'of-b');
      await agreed(members, 2);
      for (const member of members) {
        member.forget('member');
        member.forget('owners');
      }
      if (oneWay) lab.cutOneWay([0], [1]);
      else lab.cut([0], [1]);
      await Promise.all([
        a.told('member', ({ name, liveness }) => name === 'h1' && liveness === 'unreachable'),
        b.told('member', ({ name, liveness }) => name === 'h0' && liveness === 'unreachable'),
      ]);
      claim(a, 'second-of-a');
      release(b, 'of-b');
      claim(b, 'second-of-b');
      await agreed(members, 3);
      // It stays so for as long as it is cut.
      for (let change = 0; change < 10; change += 1) {
        claim(b, `more-${change}`);
        await owned(members, `more-${change}`, ['h1']);
        release(b, `more-${change}`);
        await agreed(members, 3);
      }
      expect(saysDead(members)).toEqual([]);
      const ofA = members.flatMap((member) =>
        member.all('owners').filter(({ key }) => key.endsWith('/of-a')),
      );
      expect(ofA.filter(({ owners }) => owners.length === 0)).toEqual([]);
      lab.heal();
      await awaitWhole(members);
      expect(saysDead(members)).toEqual([]);
      for (const [member, stream] of [
        [a, 'of-a'],
        [a, 'second-of-a'],
        [b, 'second-of-b'],
      ] as const)
        release(member, stream);
      await agreed(members, 0);
    },
  );

  it('with one link cut, one that dies is gone for both, and one that comes back is found through the others', async () => {
    const [a, b] = members as [MeshProcess, MeshProcess, MeshProcess, MeshProcess];
    claim(b, 'old-of-b');
    await agreed(members, 1);
    lab.cut([0], [1]);
    await a.told('member', ({ name, liveness }) => name === 'h1' && liveness === 'unreachable');
    await b.kill();
    await owned(
      members.filter((member) => member !== b),
      'old-of-b',
      [],
    );
    await b.restart();
    claim(b, 'new-of-b');
    await owned(members, 'new-of-b', ['h1']);
    await owned(members, 'old-of-b', []);
    lab.heal();
    await awaitWhole(members);
    release(b, 'new-of-b');
    await agreed(members, 0);
  });

  it('with every twentieth packet lost, all news arrive and nobody is taken for dead', async () => {
    for (const member of members) member.forget('member');
    lab.lose(0.05);
    for (let round = 0; round < 40; round += 1) {
      const member = members[round % members.length]!;
      claim(member, `lossy-${round}`);
      if (round % 3 === 0) release(member, `lossy-${round}`);
    }
    await agreed(members, 26);
    expect(saysDead(members)).toEqual([]);
    lab.heal();
  });
});
