import { amount } from '@headwater/testing/long-run';
import { describe, expect, it } from 'vitest';
import type { Evidence } from './failure-detector.js';
import { CONFIRM_MS, HUSH_FROM_MS, HUSH_MS, RELEASES_MAX, STALL_MS, WITNESSED_MAX_MS } from './limits.js';
import { includesDigest, joinDigests, startDigest } from './member-digest.js';
import type { DirectMessage, Heartbeat } from './messages.js';
import type { Peer } from './peer.js';
import { type Testimony, verdictOf } from './reachability.js';
import { HEARTBEAT_MS, VirtualMesh } from './testing/virtual-mesh.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const claimOf = (key: string) => ({ kind: 'claim', claim: { key, sinceMs: 1, media: {} } }) as const;

function meshOf(size: number, seed = 1): VirtualMesh {
  const mesh = new VirtualMesh(seed, ['a:1']);
  for (const name of NAMES.slice(0, size)) mesh.start(name);
  mesh.run(4_000);
  return mesh;
}

const livenessAt = (mesh: VirtualMesh, name: string, of: string): string | undefined =>
  mesh.member(name).core.directory.member(of)?.liveness;
const throughAt = (mesh: VirtualMesh, name: string, of: string): readonly string[] =>
  mesh.member(name).core.directory.member(of)?.through ?? [];
const ownersAt = (mesh: VirtualMesh, name: string, key: string): string[] =>
  mesh
    .member(name)
    .core.directory.owners(key)
    .map(({ member }) => member);

/** What a member believed of another one, in turn, while it ran. */
function beliefs(mesh: VirtualMesh, name: string, of: string, ms: number, everyMs = 5): string[] {
  const seen: string[] = [];
  for (let at = 0; at < ms; at += everyMs) {
    const liveness = livenessAt(mesh, name, of) ?? 'unknown';
    if (seen.at(-1) !== liveness) seen.push(liveness);
    mesh.run(everyMs);
  }
  return seen;
}

describe('verdictOf', () => {
  const HEARD: Evidence = { kind: 'heard' };
  const QUIET: Evidence = { kind: 'quiet', until: 1_700 };
  const lost = (isRefused: boolean): Evidence => ({
    kind: 'lost',
    lostAt: 900,
    countedFrom: 900,
    isRefused,
    until: 1_900,
  });
  const GONE: Evidence = { kind: 'gone', lostAt: null };
  const nobody: Testimony = { witnesses: [], awaitedUntil: null, witnessedAt: null };
  const somebody: Testimony = { ...nobody, witnesses: [{} as Peer], witnessedAt: 1_000 };
  const awaited: Testimony = { ...somebody, awaitedUntil: 1_050 };
  const over: Testimony = { ...nobody, witnessedAt: 950 };
  const longOver: Testimony = { ...nobody, witnessedAt: 50 };

  it.each([
    ['heard', HEARD, nobody, 'alive', null],
    ['quiet', QUIET, somebody, 'unreachable', null],
    ['quiet', QUIET, nobody, 'suspect', 1_700],
    ['lost, being redialled', lost(false), somebody, 'suspect', 1_900],
    ['lost, being redialled', lost(false), nobody, 'suspect', 1_900],
    ['lost, refused, answer awaited', lost(true), awaited, 'suspect', 1_050],
    ['lost, refused', lost(true), somebody, 'unreachable', null],
    ['lost, refused', lost(true), nobody, 'dead', null],
    ['gone', GONE, somebody, 'unreachable', null],
    ['gone', GONE, nobody, 'dead', null],
    ['gone, a witness ceased to hear it', GONE, over, 'suspect', 1_850],
    ['gone, that was long ago', GONE, longOver, 'dead', null],
  ] as const)('%s', (_, own, others, liveness, until) => {
    expect(verdictOf(own, others, 900, 1_000)).toEqual({ liveness, until });
  });
});

/** `b` begins and ends more streams than its log remembers. */
function forgetfulBurst(mesh: VirtualMesh): void {
  for (let stream = 0; stream <= RELEASES_MAX; stream += 1)
    mesh.input('b', claimOf(`v/app/stream-${stream}`));
  mesh.run(3_000);
  for (let stream = 0; stream <= RELEASES_MAX; stream += 1)
    mesh.input('b', { kind: 'release', key: `v/app/stream-${stream}` });
}

/** The broadcast of `b`'s last stream is lost, and time passes until it is told again. */
function loseLast(mesh: VirtualMesh): void {
  mesh.weather.loss = 1;
  mesh.input('b', claimOf('v/app/last'));
  mesh.run(1_000);
  mesh.weather.loss = 0;
  mesh.run(10_000);
}

describe('one broken link', () => {
  it.each([
    ['both ways, of three members', 3, false],
    ['both ways, of ten members', 10, false],
    ['one way, of three members', 3, true],
    ['one way, of ten members', 10, true],
  ])('%s: each is unreachable for the other, never dead, and no claim is lost', (_, size, oneWay) => {
    const mesh = meshOf(size);
    mesh.input('a', claimOf('v/app/a'));
    mesh.input('b', claimOf('v/app/b'));
    mesh.run(50);
    mesh.cut('a', 'b', oneWay);
    const [ofB] = [beliefs(mesh, 'a', 'b', 6_000)];
    expect(ofB).toEqual(['alive', 'unreachable']);
    expect(livenessAt(mesh, 'b', 'a')).toBe('unreachable');
    expect(throughAt(mesh, 'a', 'b')).toEqual(NAMES.slice(2, size));
    mesh.input('b', claimOf('v/app/more'));
    mesh.input('b', { kind: 'release', key: 'v/app/b' });
    for (let second = 0; second < 60; second += 1) {
      mesh.run(1_000);
      expect([livenessAt(mesh, 'a', 'b'), livenessAt(mesh, 'b', 'a')]).toEqual([
        'unreachable',
        'unreachable',
      ]);
      expect([ownersAt(mesh, 'a', 'v/app/more'), ownersAt(mesh, 'b', 'v/app/a')]).toEqual([['b'], ['a']]);
      expect(ownersAt(mesh, 'a', 'v/app/b')).toEqual([]);
    }
    for (const name of NAMES.slice(2, size)) expect(livenessAt(mesh, name, 'a')).toBe('alive');
    mesh.heal();
    mesh.run(3_600);
    expect([livenessAt(mesh, 'a', 'b'), livenessAt(mesh, 'b', 'a')]).toEqual(['alive', 'alive']);
    expect(throughAt(mesh, 'a', 'b')).toEqual([]);
    for (const { facts } of mesh.running()) expect(facts.map(({ msg }) => msg)).not.toContain('member dead');
  });

  it('brings changes though broadcasts are lost', () => {
    const mesh = meshOf(4);
    mesh.cut('a', 'b');
    mesh.run(4_000);
    mesh.weather.loss = 0.5;
    for (let change = 0; change < 40; change += 1) {
      mesh.input('b', claimOf(`v/app/s${change}`));
      if (change % 3 === 0) mesh.input('b', { kind: 'release', key: `v/app/s${change}` });
      mesh.run(200);
    }
    mesh.run(15_000);
    expect([...mesh.member('a').core.directory.streams()].sort()).toEqual(
      [...mesh.member('b').core.directory.streams()].sort(),
    );
    expect(livenessAt(mesh, 'a', 'b')).toBe('unreachable');
  });

  it('by a firewall that refuses is found out without a moment of death', () => {
    const mesh = meshOf(3);
    mesh.input('b', claimOf('v/app/b'));
    mesh.run(50);
    mesh.refuse('a', 'b');
    expect(beliefs(mesh, 'a', 'b', 30_000)).toEqual(['alive', 'suspect', 'unreachable']);
    expect(livenessAt(mesh, 'b', 'a')).toBe('unreachable');
    expect(ownersAt(mesh, 'a', 'v/app/b')).toEqual(['b']);
  });

  it('is a death where the member then dies for all', () => {
    const mesh = meshOf(4);
    mesh.input('b', claimOf('v/app/b'));
    mesh.cut('a', 'b');
    mesh.run(10_000);
    mesh.kill('b');
    mesh.run(20);
    expect([livenessAt(mesh, 'c', 'b'), livenessAt(mesh, 'd', 'b')]).toEqual(['dead', 'dead']);
    expect(livenessAt(mesh, 'a', 'b')).toBe('suspect');
    mesh.run(1_000);
    expect([livenessAt(mesh, 'a', 'b'), ownersAt(mesh, 'a', 'v/app/b')]).toEqual(['dead', []]);
  });

  it('does not keep claims of a start that ended, and brings those of the next one', () => {
    const mesh = meshOf(3);
    mesh.input('b', claimOf('v/app/old'));
    mesh.run(50);
    mesh.cut('a', 'b');
    mesh.run(5_000);
    mesh.kill('b');
    mesh.start('b');
    mesh.run(500);
    mesh.input('b', claimOf('v/app/new'));
    const { facts } = mesh.member('a');
    for (let ms = 0; ms < 8_000; ms += 50) {
      mesh.run(50);
      if (livenessAt(mesh, 'c', 'b') === 'alive' && ms > 2_500)
        expect(ownersAt(mesh, 'a', 'v/app/old')).toEqual([]);
    }
    expect([livenessAt(mesh, 'a', 'b'), ownersAt(mesh, 'a', 'v/app/new')]).toEqual(['unreachable', ['b']]);
    expect(facts.map(({ msg }) => msg)).not.toContain('message dropped');
  });

  it('does not hide a log too long for one repetition', () => {
    const mesh = meshOf(3);
    mesh.weather.areHandedOn = true;
    mesh.cut('a', 'b');
    mesh.run(5_000);
    for (let stream = 0; stream < 4_000; stream += 1) mesh.input('b', claimOf(`v/app/stream-${stream}`));
    mesh.run(2_000);
    mesh.kill('a');
    mesh.start('a');
    mesh.run(30_000);
    expect(livenessAt(mesh, 'a', 'b')).toBe('unreachable');
    expect(mesh.member('a').core.directory.member('b')?.claims).toBe(4_000);
  });

  it('brings what changes to all though the log has forgotten what one of them holds', () => {
    const mesh = meshOf(4);
    mesh.weather.areHandedOn = true;
    // More than the log remembers, before a member restarts that hears of it by others alone.
    forgetfulBurst(mesh);
    mesh.run(12_000);
    mesh.cut('a', 'b');
    mesh.cut('d', 'b');
    mesh.kill('d');
    mesh.start('d');
    mesh.run(5_000);
    loseLast(mesh);
    expect([livenessAt(mesh, 'a', 'b'), livenessAt(mesh, 'd', 'b')]).toEqual(['unreachable', 'unreachable']);
    expect(ownersAt(mesh, 'a', 'v/app/last')).toEqual(['b']);
  });

  // npm run sim -- --seed 73006523
  it('brings what changes right after more than the log remembers', () => {
    const mesh = meshOf(3);
    mesh.weather.areHandedOn = true;
    forgetfulBurst(mesh);
    mesh.run(2_500);
    mesh.cut('a', 'b');
    loseLast(mesh);
    expect(livenessAt(mesh, 'a', 'b')).toBe('unreachable');
    expect(ownersAt(mesh, 'a', 'v/app/last')).toEqual(['b']);
  });

  it('does not hide a member from one that starts only now', () => {
    const mesh = meshOf(3);
    mesh.weather.areHandedOn = true;
    mesh.input('c', claimOf('v/app/c'));
    mesh.cut('a', 'c');
    mesh.cut('d', 'c');
    mesh.start('d');
    mesh.run(20_000);
    expect([livenessAt(mesh, 'd', 'c'), ownersAt(mesh, 'd', 'v/app/c')]).toEqual(['unreachable', ['c']]);
    mesh.heal();
    mesh.run(4_000);
    expect([livenessAt(mesh, 'd', 'c'), livenessAt(mesh, 'c', 'd')]).toEqual(['alive', 'alive']);
  });
});

describe('a crash', () => {
  it('of one of ten is a death for all others as soon as redialling is refused', () => {
    const mesh = meshOf(10);
    mesh.input('b', claimOf('v/app/b'));
    mesh.run(50);
    mesh.kill('b');
    mesh.run(25);
    for (const { name } of mesh.running()) {
      expect(livenessAt(mesh, name, 'b')).toBe('dead');
      expect(ownersAt(mesh, name, 'v/app/b')).toEqual([]);
    }
    for (const { name } of mesh.running())
      expect(
        mesh
          .member(name)
          .facts.filter(({ level }) => level !== 'debug')
          .map(({ msg }) => msg)
          .slice(-3),
      ).toEqual(['connection with member lost', 'member suspect', 'member dead']);
  });

  it('that some notice late is a death for the others within the time to wait for an answer', () => {
    const mesh = meshOf(5);
    // Its socket is read late: it says that it hears b, and then nothing for a second.
    mesh.stall('c', 1_000);
    mesh.kill('b');
    mesh.run(250);
    for (const name of ['a', 'd', 'e']) expect(livenessAt(mesh, name, 'b')).toBe('dead');
    for (const name of ['a', 'd', 'e']) expect(beliefs(mesh, name, 'b', 5_000)).toEqual(['dead']);
  });

  it('without a word is found within 3 s, as all cease to hear the member', () => {
    const mesh = meshOf(6);
    for (const name of NAMES.slice(0, 6)) if (name !== 'b') mesh.cut(name, 'b');
    mesh.run(3_000);
    for (const name of NAMES.slice(0, 6)) if (name !== 'b') expect(livenessAt(mesh, name, 'b')).toBe('dead');
    for (const name of NAMES.slice(0, 6)) if (name !== 'b') expect(livenessAt(mesh, 'b', name)).toBe('dead');
  });
});

describe("others' word", () => {
  /** c's next heartbeats say that it hears b, whatever is true. */
  function lieOfC(mesh: VirtualMesh): void {
    const { core, generation } = mesh.member('c');
    const digests = [
      startDigest('a', mesh.member('a').generation),
      startDigest('b', mesh.member('b').generation),
    ];
    expect(generation).toBeGreaterThan(0);
    const step = core.step.bind(core);
    core.step = (input, now) => {
      const effects = step(input, now);
      for (const [index, { to, message }] of effects.sends.entries())
        if (message.kind === 'heartbeat')
          effects.sends[index] = { to, message: { ...message, hears: joinDigests(digests) } };
      return effects;
    };
  }

  it('about a dead member keeps its claims for a limited time', () => {
    const mesh = meshOf(3);
    mesh.input('b', claimOf('v/app/b'));
    mesh.run(50);
    lieOfC(mesh);
    mesh.kill('b');
    mesh.run(WITNESSED_MAX_MS - 1_000);
    expect([livenessAt(mesh, 'a', 'b'), ownersAt(mesh, 'a', 'v/app/b')]).toEqual(['unreachable', ['b']]);
    mesh.run(3_000);
    expect([livenessAt(mesh, 'a', 'b'), ownersAt(mesh, 'a', 'v/app/b')]).toEqual(['dead', []]);
    mesh.run(WITNESSED_MAX_MS);
    expect(livenessAt(mesh, 'a', 'b')).toBe('dead');
  });

  it('counts on while the member itself says something signed now and then', () => {
    const mesh = meshOf(3);
    mesh.cut('a', 'b');
    for (let minute = 0; minute < 20; minute += 1) {
      mesh.run(60_000);
      expect([livenessAt(mesh, 'a', 'b'), livenessAt(mesh, 'b', 'a')]).toEqual([
        'unreachable',
        'unreachable',
      ]);
    }
  });

  const heartbeatsOf = (mesh: VirtualMesh, name: string): Heartbeat[] =>
    mesh.member(name).sent.flatMap(({ message }) => (message.kind === 'heartbeat' ? [message] : []));

  it('is not given by a member that has just stood still for long', () => {
    const mesh = meshOf(3);
    mesh.run(5_000);
    expect(heartbeatsOf(mesh, 'c').at(-1)?.hears).toBeDefined();
    mesh.stall('c', 1_400);
    mesh.run(1_400);
    const before = heartbeatsOf(mesh, 'c').length;
    mesh.run(HUSH_MS - 200);
    const after = heartbeatsOf(mesh, 'c').slice(before);
    expect(after.length).toBeGreaterThan(0);
    expect(after.every(({ hears }) => hears === undefined)).toBe(true);
    mesh.run(2 * HEARTBEAT_MS);
    expect(heartbeatsOf(mesh, 'c').at(-1)?.hears?.byteLength).toBe(12);
    for (const { facts } of mesh.running()) expect(facts.map(({ msg }) => msg)).not.toContain('member dead');
  });

  it('that it does not hear somebody kills nobody after a standstill of its own', () => {
    const mesh = meshOf(2);
    mesh.stall('b', 1_850);
    mesh.run(1_840);
    mesh.stall('a', HUSH_FROM_MS + 200);
    expect(beliefs(mesh, 'b', 'a', HUSH_FROM_MS + HUSH_MS + 2_000)).toEqual(['alive', 'suspect', 'alive']);
  });

  it('is asked for as well when the connection closes of one that was not heard on it for sure any more', () => {
    const mesh = new VirtualMesh(1, []);
    const own = mesh.start('own');
    const says = (peer: string, message: DirectMessage): void =>
      mesh.input('own', { kind: 'direct', peer, message });
    const position = { generation: 1, version: 0 };
    for (const id of ['a', 'b']) {
      mesh.input('own', { kind: 'connected', peer: id, from: {} });
      says(id, { kind: 'hello', name: id, program: 'test', position, addresses: [], members: [] });
    }
    const load = { players: 0, publishers: 0, outboundKbps: 0 };
    const heartbeat = { kind: 'heartbeat', position, load, sentAt: 0, echo: null } as const;
    const self = startDigest('own', own.generation);
    // Neither answers what was said here: when they said it is not sure.
    for (let turn = 0; turn < 6; turn += 1) {
      says('a', { ...heartbeat, hears: joinDigests([self, startDigest('b', 1)]) });
      says('b', { ...heartbeat, hears: joinDigests([self]) });
      mesh.run(500);
    }
    expect(livenessAt(mesh, 'own', 'b')).toBe('alive');
    const { sends } = own.core.step({ kind: 'disconnected', peer: 'b', reason: 'reset' }, mesh.now);
    expect(sends.flatMap(({ to, message }) => (message.kind === 'heartbeat' ? [to] : []))).toEqual(['a']);
  });

  it.each([
    ['with the very answer to', 'b', 'a'],
    ['at once, also where it is not to be answered, after', 'a', 'b'],
  ])('is given to the member itself %s its first heartbeat after a silence', (_, own, other) => {
    const mesh = new VirtualMesh(1, ['a:1']);
    for (const name of ['a', 'b']) mesh.start(name);
    mesh.run(5_000);
    const digest = startDigest(other, mesh.member(other).generation);
    const lastWord = () =>
      mesh.member(own).sent.findLast(({ message }) => message.kind === 'heartbeat')?.message;
    const isListed = (): boolean => {
      const last = lastWord();
      return last?.kind === 'heartbeat' && last.hears !== undefined && includesDigest(last.hears, digest);
    };
    expect(isListed()).toBe(true);
    mesh.cut('a', 'b', own === 'b');
    if (own === 'a') mesh.cut('b', 'a', true);
    while (isListed()) mesh.run(10);
    const told = lastWord();
    if (told?.kind !== 'heartbeat') throw new Error('it tells that it does not hear the other one');
    mesh.run(100);
    const heartbeat = (heldMs: number): void =>
      mesh.input(own, {
        kind: 'direct',
        peer: other,
        message: {
          kind: 'heartbeat',
          position: mesh.member(other).core.directory.position(other),
          load: { players: 0, publishers: 0, outboundKbps: 0 },
          sentAt: 1,
          echo: { sentAt: told.sentAt, heldMs },
        },
      });
    const count = heartbeatsOf(mesh, own).length;
    heartbeat(99);
    expect(isListed()).toBe(true);
    expect(heartbeatsOf(mesh, own)).toHaveLength(count + 1);
    // Once is enough.
    if (own === 'a') heartbeat(99);
    expect(heartbeatsOf(mesh, own)).toHaveLength(count + 1);
  });

  it('is not given about what waited in a socket', () => {
    const mesh = meshOf(3);
    // b dies in silence while c hangs, and its last heartbeats wait in c's socket.
    mesh.stall('c', 8_000);
    mesh.run(600);
    for (const name of ['a', 'c']) mesh.cut('b', name);
    mesh.member('b').isRunning = false;
    mesh.run(6_000);
    expect(livenessAt(mesh, 'a', 'b')).toBe('dead');
    expect(beliefs(mesh, 'a', 'b', 10_000)).toEqual(['dead']);
  });
});

describe('patience', () => {
  /** At 500 ms of round trip, with 2 % of the packets lost and all connections reset now and then. */
  const minutes = amount({ short: 15, long: 60 });
  it.each([2, 3, 4])(
    `on a long and lossy path sees no death among %i members in ${minutes} minutes`,
    (size) => {
      const mesh = new VirtualMesh(size, ['a:1']);
      Object.assign(mesh.weather, { wayMs: 250, packetLoss: 0.02, delayMaxMs: 100 });
      for (const name of NAMES.slice(0, size)) mesh.start(name);
      mesh.run(15_000);
      const names = NAMES.slice(0, size);
      for (let minute = 0; minute < minutes; minute += 1) {
        for (const a of names) for (const b of names) if (a < b && minute % 3 === 0) mesh.reset(a, b);
        mesh.run(60_000);
      }
      for (const { name, facts } of mesh.running()) {
        expect(facts.filter(({ msg }) => msg === 'member dead')).toEqual([]);
        for (const other of names) expect(livenessAt(mesh, name, other)).toBe('alive');
      }
    },
  );

  it('of a member that is late all the time with others grows, and theirs with it', () => {
    const mesh = meshOf(3);
    const { core } = mesh.member('c');
    const step = core.step.bind(core);
    let wakesAt = 0;
    // Each turn of its loop takes 500 ms.
    core.step = (input, now) => {
      if (input.kind === 'tick' && now >= wakesAt) {
        wakesAt = now + 500;
        mesh.stall('c', 500);
      }
      return step(input, now);
    };
    mesh.run(30_000);
    const told = mesh
      .member('c')
      .sent.flatMap(({ message }) => (message.kind === 'heartbeat' ? [message] : []));
    expect(told.at(-1)?.lateMs).toBeGreaterThan(STALL_MS);
    for (const { facts } of mesh.running())
      expect(facts.filter(({ msg }) => msg === 'member dead' || msg === 'member suspect')).toEqual([]);
    const stalls = mesh.member('c').facts.filter(({ msg }) => msg === 'event loop stalled');
    expect(stalls.length).toBeLessThanOrEqual(4);
    // It still finds out who is gone.
    mesh.cut('a', 'b');
    mesh.cut('c', 'b');
    mesh.run(7_000);
    expect(livenessAt(mesh, 'c', 'b')).toBe('dead');
  });

  it('after a reset of all connections lasts as long as it takes to make them again', () => {
    const mesh = new VirtualMesh(3, ['a:1']);
    Object.assign(mesh.weather, { wayMs: 250 });
    for (const name of ['a', 'b']) mesh.start(name);
    mesh.run(15_000);
    mesh.reset('a', 'b');
    expect(beliefs(mesh, 'a', 'b', 10_000)).toEqual(['alive', 'suspect', 'alive']);
    expect(mesh.weather.wayMs * 8).toBeGreaterThan(CONFIRM_MS);
  });
});
