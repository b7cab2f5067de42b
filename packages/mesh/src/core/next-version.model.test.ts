import { claimOf } from '@headwater/testing/claim-of';
import { asNextVersion } from '@headwater/testing/next-version';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeBroadcast, decodeDirect, encode } from '../wire/codec.js';
import { PULLS_PER_SECOND_MAX, RELEASES_MAX, STREAMS_PER_MEMBER_MAX, VERSIONS_REST_MS } from './limits.js';
import type { BroadcastMessage, DirectMessage } from './messages.js';
import { type VirtualCodec, VirtualMesh } from './testing/virtual-mesh.js';

/** The real codec between all; what members say whose names begin with `next` has all that a later release may add. */
const NEXT_BESIDE_THIS: VirtualCodec = {
  direct: (message, from) => decodeDirect(bytesOf(from, message), from),
  broadcast: (message, author) => decodeBroadcast(bytesOf(author, message), author),
};

function bytesOf(from: string, message: DirectMessage | BroadcastMessage): Uint8Array {
  const bytes = encode(message);
  return from.startsWith('next') ? asNextVersion(bytes) : bytes;
}

const NOTHING_HELD = { generation: 0, version: 0 };

const PEACEFUL = ['member alive', 'seed reached', 'seed is this member'];

/** What the members logged that they should not have: offences, lost connections, limits, differences. */
const troubles = (mesh: VirtualMesh): unknown[] =>
  [...mesh.members.values()].flatMap(({ name, facts }) =>
    facts
      .filter(({ msg, level }) => level !== 'debug' && !PEACEFUL.includes(msg))
      .map(({ msg, fields }) => `${name}: ${msg} ${JSON.stringify(fields)}`),
  );

const ownersOf = (mesh: VirtualMesh, name: string, stream: string): string[] =>
  mesh
    .member(name)
    .core.directory.owners(claimOf(stream).key)
    .map(({ member }) => member);

describe('members of the next release beside those of this one', () => {
  it('live together for a minute: no offence, no disconnect, all claims seen by all', () => {
    const mesh = new VirtualMesh(1, ['this1:1', 'next1:1']);
    mesh.codec = NEXT_BESIDE_THIS;
    const names = ['this1', 'next1', 'this2', 'next2'];
    for (const name of names) mesh.start(name);
    mesh.run(5_000);
    for (let second = 0; second < 60; second += 1) {
      for (const name of names) {
        mesh.input(name, { kind: 'claim', claim: claimOf(`${name}-${second}`, second, second % 7 === 0) });
        mesh.input(name, { kind: 'release', key: claimOf(`${name}-${second - 20}`).key });
        mesh.input(name, { kind: 'profile', profile: profileOf(name) });
        mesh.input(name, { kind: 'load', load: { players: second, publishers: 1, outboundKbps: 0.5 } });
      }
      // One whose broadcasts are lost, so that repair has its part too.
      mesh.weather.loss = second % 3 === 0 ? 0.5 : 0;
      mesh.run(1_000);
    }
    mesh.weather.loss = 0;
    mesh.run(5_000);
    expect(troubles(mesh)).toEqual([]);
    for (const name of names) {
      const { directory } = mesh.member(name).core;
      expect([...directory.members()].map(({ liveness }) => liveness)).toEqual(Array(4).fill('alive'));
      for (const owner of names)
        for (let second = 0; second < 60; second += 1)
          expect(ownersOf(mesh, name, `${owner}-${second}`)).toEqual(second < 40 ? [] : [owner]);
      for (const owner of names)
        expect(directory.position(owner)).toEqual(mesh.member(owner).core.directory.position(owner));
    }
  });

  it('take each other from the beginning by snapshots', () => {
    const mesh = new VirtualMesh(2, ['this1:1']);
    mesh.codec = NEXT_BESIDE_THIS;
    for (const name of ['this1', 'next1']) {
      mesh.start(name);
      for (let count = 0; count <= RELEASES_MAX; count += 1) {
        mesh.input(name, { kind: 'claim', claim: claimOf('soon-over') });
        mesh.input(name, { kind: 'release', key: claimOf('soon-over').key });
      }
      for (let count = 0; count < 700; count += 1)
        mesh.input(name, { kind: 'claim', claim: claimOf(`${name}-${count}`) });
    }
    mesh.run(10_000);
    expect(troubles(mesh)).toEqual([]);
    expect(mesh.member('this1').sent.map(({ message }) => message.kind)).toContain('pull');
    for (const name of ['this1', 'next1'])
      for (const owner of ['this1', 'next1'])
        for (let count = 0; count < 700; count += 1)
          expect(ownersOf(mesh, name, `${owner}-${count}`)).toEqual([owner]);
  });

  it.each([
    ['this1', 'next1', 'next2'],
    ['this1', 'next1', 'this2'],
    ['next1', 'this1', 'this2'],
    ['next1', 'this1', 'next2'],
  ])('%s is told of news of %s by %s, whole, while it cannot ask itself', (asker, owner, helper) => {
    const mesh = new VirtualMesh(3, ['this1:1']);
    mesh.codec = NEXT_BESIDE_THIS;
    for (const name of ['this1', asker, owner, helper]) if (!mesh.members.has(name)) mesh.start(name);
    mesh.run(5_000);
    mesh.cut(owner, asker);
    mesh.input(owner, { kind: 'profile', profile: profileOf(owner) });
    mesh.input(owner, { kind: 'claim', claim: claimOf('late') });
    mesh.run(2_400);
    expect(mesh.member(asker).core.directory.member(owner)?.liveness).toBe('unreachable');
    expect(ownersOf(mesh, asker, 'late')).toEqual([owner]);
    expect(troubles(mesh).filter((line) => !/member (suspect|unreachable)/.test(String(line)))).toEqual([]);
  });

  it('settle on the highest version that both speak', () => {
    const mesh = new VirtualMesh(4, ['a:1']);
    mesh.start('a', { speaks: { min: 1, max: 3 } });
    mesh.start('b', { speaks: { min: 2, max: 5 } });
    mesh.start('c');
    mesh.run(5_000);
    expect(mesh.member('a').core.peer('b')?.version).toBe(3);
    expect(mesh.member('b').core.peer('a')?.version).toBe(3);
    expect(mesh.member('a').core.peer('c')?.version).toBe(1);
  });
});

describe('a member with higher limits', () => {
  let mesh: VirtualMesh;
  beforeEach(() => {
    mesh = new VirtualMesh(7, ['a:1']);
    mesh.start('a');
    mesh.start('b');
    mesh.run(3_000);
  });
  const linesOf = (name: string): unknown[] =>
    mesh.member(name).facts.filter(({ level }) => level !== 'debug' && level !== 'info');

  it('may claim more streams than are kept of one, which are not taken', () => {
    const { generation, core } = mesh.member('b');
    const from = core.directory.position('b').version;
    const entries = Array.from({ length: STREAMS_PER_MEMBER_MAX + 1 }, (_, index) => ({
      kind: 'claim' as const,
      version: from + index + 1,
      claim: claimOf(`s${index}`),
    }));
    const delta = { member: 'b', generation, from, to: from + entries.length, entries };
    for (let count = 0; count < 2; count += 1)
      mesh.input('a', {
        kind: 'broadcast',
        author: 'b',
        message: { kind: 'delta', delta },
        signedBytes: Buffer.of(1),
      });
    expect(linesOf('a')).toMatchObject([
      {
        msg: 'member over a limit',
        fields: { member: 'b', reason: 'claims more streams than are kept of one' },
      },
    ]);
    expect(mesh.isConnected('a', 'b')).toBe(true);
  });

  it('may ask for repair more often than it is answered', () => {
    const answers = (): number =>
      mesh.member('a').sent.filter(({ message }) => message.kind === 'delta-part').length;
    const before = answers();
    for (let pull = 0; pull <= 3 * PULLS_PER_SECOND_MAX; pull += 1)
      mesh.input('a', { kind: 'direct', peer: 'b', message: { kind: 'pull', pull, held: NOTHING_HELD } });
    expect(answers() - before).toBe(PULLS_PER_SECOND_MAX);
    expect(linesOf('a')).toMatchObject([{ msg: 'member over a limit', fields: { member: 'b' } }]);
    mesh.run(60_000);
    expect(mesh.isConnected('a', 'b')).toBe(true);
  });
});

describe('members that speak no common version', () => {
  const RANGES = { old: { min: 1, max: 1 }, late: { min: 2, max: 3 } };

  function refused(): VirtualMesh {
    const mesh = new VirtualMesh(5, ['old:1', 'late:1']);
    mesh.start('old', { speaks: RANGES.old });
    mesh.start('late', { speaks: RANGES.late });
    return mesh;
  }

  const lines = (mesh: VirtualMesh, name: string, msg: string): readonly object[] =>
    mesh
      .member(name)
      .facts.filter((fact) => fact.msg === msg)
      .map(({ fields }) => fields);

  it('say so once on each side, with what to do, and do nothing else to each other', () => {
    const mesh = refused();
    mesh.run(10 * 60_000);
    expect(lines(mesh, 'old', 'no common protocol version')).toMatchObject([
      { member: 'late', program: 'test', ownVersions: '1', hint: expect.stringContaining('this member') },
    ]);
    expect(lines(mesh, 'late', 'no common protocol version')).toMatchObject([
      {
        member: 'old',
        ownVersions: '2 to 3',
        otherVersions: '1',
        hint: expect.stringContaining('that member'),
      },
    ]);
    expect(troubles(mesh)).toHaveLength(2);
    const said = mesh.member('old').sent.filter(({ to }) => to === 'late');
    expect(new Set(said.map(({ message }) => message.kind))).toEqual(new Set(['hello']));
    expect(said.length).toBeLessThanOrEqual(11);
    expect(mesh.member('old').core.waitingFor).toContain(
      'no protocol version is common with the members found (late)',
    );
  });

  it('do not keep each other from those that do', () => {
    const mesh = refused();
    mesh.start('both', { speaks: { min: 1, max: 2 } });
    mesh.run(5_000);
    for (const name of ['old', 'late']) {
      expect(mesh.member(name).core.directory.member('both')?.liveness).toBe('alive');
      expect(mesh.member(name).core.isSynced).toBe(true);
    }
    mesh.run(120_000);
    // Once for each of the two: one hears the other by `both` alone, and that lasts.
    const about = (msg: string): number[] => ['old', 'late'].map((name) => lines(mesh, name, msg).length);
    expect(about('no common protocol version')).toEqual([1, 1]);
    expect(about('member unreachable')).toEqual([1, 1]);
    expect(troubles(mesh)).toHaveLength(4);
    expect(mesh.member('old').core.directory.member('late')).toMatchObject({
      liveness: 'unreachable',
      through: ['both'],
    });
  });

  it('do not dial each other meanwhile, though one that hears both names them', () => {
    const mesh = refused();
    mesh.start('both', { speaks: { min: 1, max: 2 } });
    mesh.run(VERSIONS_REST_MS + 5_000);
    const { dials } = mesh;
    mesh.run(VERSIONS_REST_MS - 10_000);
    expect(mesh.dials - dials).toBe(0);
  });

  it('hear each other as soon as one of them is upgraded', () => {
    const mesh = refused();
    mesh.run(70_000);
    mesh.kill('old');
    mesh.run(1_000);
    mesh.start('old', { speaks: { min: 1, max: 2 } });
    mesh.run(2_000);
    expect(mesh.member('late').core.directory.member('old')?.liveness).toBe('alive');
    expect(mesh.member('old').core.directory.member('late')?.liveness).toBe('alive');
  });

  it('are dead to each other where they met before', () => {
    const mesh = new VirtualMesh(6, ['a:1']);
    mesh.start('a');
    mesh.start('b');
    mesh.run(3_000);
    mesh.input('b', { kind: 'claim', claim: claimOf('s') });
    mesh.run(1_000);
    mesh.kill('b');
    mesh.start('b', { speaks: RANGES.late });
    mesh.run(5_000);
    expect(mesh.member('a').core.directory.member('b')?.liveness).toBe('dead');
    expect(ownersOf(mesh, 'a', 's')).toEqual([]);
    mesh.run(300_000);
    expect(lines(mesh, 'a', 'no common protocol version')).toHaveLength(1);
  });
});
