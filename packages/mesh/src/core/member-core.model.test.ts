import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import type { Input } from './input.js';
import {
  FORGET_AFTER_MS,
  GONE_KEPT_MS,
  OFFENCES_MAX,
  RELEASES_MAX,
  RETRY_MAX_MS,
  TICK_MS,
} from './limits.js';
import { MemberCore } from './member-core.js';
import type { Hello } from './messages.js';
import { HEARTBEAT_MS, VirtualMesh } from './testing/virtual-mesh.js';

/** No test here asks for it. */
const SIGNED = new Uint8Array();
const KEY = '__defaultVhost__/live/s1';
const claimOf = (key = KEY, sinceMs = 1) => ({ kind: 'claim', claim: { key, sinceMs, media: {} } }) as const;

function meshOf(...names: string[]): VirtualMesh {
  const mesh = new VirtualMesh(1, [`${names[0]}:1`]);
  for (const name of names) mesh.start(name);
  mesh.run(3_000);
  return mesh;
}

const ownersAt = (mesh: VirtualMesh, name: string, key = KEY): string[] =>
  mesh
    .member(name)
    .core.directory.owners(key)
    .map((owner) => owner.member);
const livenessAt = (mesh: VirtualMesh, name: string, of: string): string | undefined =>
  mesh.member(name).core.directory.member(of)?.liveness;

const helloOf = (generation: number): Hello => ({
  kind: 'hello',
  name: 'b',
  program: 'test',
  position: { generation, version: 1 },
  addresses: ['b:1'],
  members: [],
});

describe('a heartbeat', () => {
  it('tells no version that was not broadcast yet', () => {
    const mesh = meshOf('a', 'b');
    const { core } = mesh.member('a');
    let sent = core.directory.position('a').version;
    let tellingLess = 0;
    for (let ms = 5; ms <= 1_500; ms += 5) {
      for (const input of ms % TICK_MS === 0
        ? [claimOf(`s${ms}`), { kind: 'tick' } as const]
        : [claimOf(`s${ms}`)]) {
        const { broadcasts, sends } = core.step(input, mesh.now + ms);
        for (const message of broadcasts) if (message.kind === 'delta') sent = message.delta.to;
        for (const { message } of sends) {
          if (message.kind !== 'heartbeat') continue;
          expect(message.position.version).toBe(sent);
          if (sent < core.directory.position('a').version) tellingLess += 1;
        }
      }
    }
    // The test is about them.
    expect(tellingLess).toBeGreaterThan(0);
  });
});

describe('joining', () => {
  it('connects everybody with everybody through one seed', () => {
    const mesh = meshOf('a', 'b', 'c', 'd');
    for (const { core } of mesh.running()) {
      expect([...core.directory.members()].map((member) => member.liveness)).toEqual(Array(4).fill('alive'));
      expect(core.isJoined && core.isSynced).toBe(true);
      expect(core.waitingFor).toBeNull();
    }
  });

  it('is joined alone where it is the only seed, and waits where another seed is silent', () => {
    const mesh = new VirtualMesh(1, ['a:1']);
    mesh.start('a');
    mesh.run(500);
    expect(mesh.member('a').core.isSynced).toBe(true);

    const lonely = new VirtualMesh(1, ['a:1', 'b:1']);
    lonely.start('a');
    lonely.run(20_000);
    expect(lonely.member('a').core.isJoined).toBe(false);
    expect(lonely.member('a').core.waitingFor).toContain('b:1: unreachable');
  });

  it('finds a seed that starts last', () => {
    const mesh = new VirtualMesh(1, ['s:1']);
    for (const name of ['a', 'b']) mesh.start(name);
    mesh.run(60_000);
    expect(mesh.member('a').core.isJoined).toBe(false);
    mesh.start('s');
    mesh.run(8_000);
    expect(livenessAt(mesh, 'a', 'b')).toBe('alive');
    expect(mesh.member('b').core.isSynced).toBe(true);
  });

  it('finds members that never met within 3 s after they can reach each other', () => {
    const mesh = new VirtualMesh(1, ['s:1']);
    mesh.cut('a', 'b');
    for (const name of ['s', 'a', 'b']) mesh.start(name);
    mesh.run(60_000);
    expect(livenessAt(mesh, 'a', 'b')).toBeUndefined();
    mesh.heal();
    mesh.run(3_000);
    expect([livenessAt(mesh, 'a', 'b'), livenessAt(mesh, 'b', 'a')]).toEqual(['alive', 'alive']);
  });

  it('dials few of the members that somebody makes up', () => {
    const mesh = meshOf('a', 'b');
    const members = Array.from({ length: 200 }, (_, index) => ({
      id: `ghost${index}`,
      position: { generation: 1, version: 1 },
      addresses: [`ghost${index}:1`],
    }));
    let dials = 0;
    const { core } = mesh.member('a');
    const step = core.step.bind(core);
    core.step = (input, now) => {
      const effects = step(input, now);
      dials += effects.dials.length;
      return effects;
    };
    for (let second = 0; second < 60; second += 1) {
      mesh.input('a', { kind: 'direct', peer: 'b', message: { kind: 'roster', members } });
      mesh.run(1_000);
    }
    // All of them as often as members that were met would be three times as many.
    expect(dials).toBeLessThan((200 * 60_000) / RETRY_MAX_MS / 3);
  });

  it.each([
    ['waits for the streams of a member that is named', ['x:1'], false],
    ['does not wait where nobody says where to find it', [], true],
  ])('%s', (_, addresses, isSynced) => {
    const core = new MemberCore(
      {
        self: 'own',
        generation: 1,
        profile: profileOf('own'),
        addresses: ['own:1'],
        seeds: ['a:1'],
        suspectAfterMs: 1_800,
        deadAfterMs: 900,
        heartbeatMs: HEARTBEAT_MS,
        batchMs: 3,
        random: () => 0,
      },
      0,
    );
    const named = { id: 'x', position: { generation: 1, version: 1 }, addresses };
    const message = { ...helloOf(1), position: { generation: 1, version: 0 }, members: [named] };
    core.step({ kind: 'connected', peer: 'b', from: {} }, 0);
    core.step({ kind: 'direct', peer: 'b', message }, 0);
    expect([core.isJoined, core.isSynced, core.waitingFor === null]).toEqual([true, isSynced, isSynced]);
  });

  it('is synced only when the streams of all are there', () => {
    const mesh = meshOf('a', 'b');
    for (let index = 0; index < 2_000; index += 1) mesh.input('b', claimOf(`v/app/s${index}`));
    mesh.run(100);
    mesh.start('c');
    while (!mesh.member('c').core.isSynced && mesh.now < 60_000) mesh.run(1);
    expect(mesh.member('c').core.directory.streamCount).toBe(2_000);
  });
});

describe('claims', () => {
  it('reach everybody at once, and are gone at once', () => {
    const mesh = meshOf('a', 'b', 'c');
    mesh.input('a', claimOf());
    expect(ownersAt(mesh, 'a')).toEqual(['a']);
    mesh.run(5);
    expect([ownersAt(mesh, 'b'), ownersAt(mesh, 'c')]).toEqual([['a'], ['a']]);
    mesh.input('a', { kind: 'release', key: KEY });
    mesh.run(5);
    expect([ownersAt(mesh, 'b'), ownersAt(mesh, 'c')]).toEqual([[], []]);
  });

  it('go out as few messages when they come together', () => {
    const mesh = meshOf('a', 'b');
    const before = mesh.member('a').sent.length;
    for (let index = 0; index < 5_000; index += 1) mesh.input('a', claimOf(`v/app/s${index}`));
    mesh.run(100);
    const messages = mesh
      .member('a')
      .sent.slice(before)
      .filter(({ to }) => to === '*');
    expect(messages.length).toBeLessThan(60);
    expect(mesh.member('b').core.directory.streamCount).toBe(5_000);
  });

  it('that were lost on the way are fetched within one heartbeat', () => {
    const mesh = meshOf('a', 'b');
    mesh.weather.loss = 1;
    mesh.input('a', claimOf());
    // A heartbeat, the ticks of the two by which it may come late, and the ways there, back and there again.
    mesh.run(HEARTBEAT_MS + 2 * TICK_MS + 20);
    expect(ownersAt(mesh, 'b')).toEqual(['a']);
  });

  it('of a member too far behind come as one snapshot', () => {
    const mesh = meshOf('a', 'b');
    mesh.cut('a', 'b');
    mesh.input('a', claimOf('v/app/stays'));
    for (let index = 0; index <= RELEASES_MAX; index += 1) {
      if (index % 1_000 === 0) mesh.input('a', claimOf(`v/app/s${index}`));
      mesh.input('a', claimOf(`v/gone/s${index}`));
      mesh.input('a', { kind: 'release', key: `v/gone/s${index}` });
    }
    mesh.run(4_000);
    mesh.heal();
    const before = mesh.member('a').sent.length;
    mesh.run(5_000);
    expect(
      mesh
        .member('a')
        .sent.slice(before)
        .some(({ message }) => message.kind === 'snapshot-part'),
    ).toBe(true);
    expect([...mesh.member('b').core.directory.streams()].sort()).toEqual(
      [...mesh.member('a').core.directory.streams()].sort(),
    );
  });
});

describe('going', () => {
  it('that was said is believed at once, and nothing of that start comes back', () => {
    const mesh = meshOf('a', 'b');
    mesh.input('a', claimOf());
    mesh.run(10);
    const late = mesh.member('a').sent.filter(({ to }) => to === '*');
    mesh.input('a', { kind: 'leave' });
    mesh.run(5);
    expect([livenessAt(mesh, 'b', 'a'), ownersAt(mesh, 'b')]).toEqual(['left', []]);
    for (const { message } of late)
      mesh.input('b', { kind: 'broadcast', author: 'a', message: message as never, signedBytes: SIGNED });
    mesh.kill('a');
    mesh.run(5_000);
    expect([livenessAt(mesh, 'b', 'a'), ownersAt(mesh, 'b')]).toEqual(['left', []]);
    mesh.start('a');
    mesh.run(8_000);
    expect(livenessAt(mesh, 'b', 'a')).toBe('alive');
  });

  it('by a crash is noticed by the closed connection', () => {
    const mesh = meshOf('a', 'b', 'c');
    mesh.input('b', claimOf());
    mesh.run(10);
    mesh.kill('b');
    mesh.run(20);
    expect([ownersAt(mesh, 'a'), ownersAt(mesh, 'c')]).toEqual([[], []]);
    expect(livenessAt(mesh, 'a', 'b')).toBe('dead');
  });

  it('by a cut is noticed within 3 s, and the claims are back when it heals', () => {
    const mesh = meshOf('a', 'b', 'c');
    mesh.input('b', claimOf());
    mesh.run(10);
    mesh.cut('a', 'b');
    mesh.cut('c', 'b');
    mesh.run(1_200);
    expect(livenessAt(mesh, 'a', 'b')).toBe('alive');
    mesh.run(1_700);
    expect([livenessAt(mesh, 'a', 'b'), ownersAt(mesh, 'a')]).toEqual(['dead', []]);
    expect(livenessAt(mesh, 'b', 'a')).toBe('dead');
    mesh.input('b', claimOf('v/app/meanwhile'));
    mesh.run(120_000);
    mesh.heal();
    mesh.run(3_000);
    expect([ownersAt(mesh, 'a'), ownersAt(mesh, 'c')]).toEqual([['b'], ['b']]);
    expect(ownersAt(mesh, 'a', 'v/app/meanwhile')).toEqual(['b']);
  });

  it('in one direction only is noticed by both', () => {
    const mesh = meshOf('a', 'b');
    mesh.cut('b', 'a', true);
    mesh.run(4_000);
    expect([livenessAt(mesh, 'a', 'b'), livenessAt(mesh, 'b', 'a')]).toEqual(['dead', 'dead']);
    mesh.heal();
    mesh.run(3_000);
    expect([livenessAt(mesh, 'a', 'b'), livenessAt(mesh, 'b', 'a')]).toEqual(['alive', 'alive']);
  });

  it('is not concluded from a stall of 1.5 s, and who stalls accuses nobody', () => {
    const mesh = meshOf('a', 'b', 'c');
    mesh.stall('b', 1_500);
    mesh.run(5_000);
    for (const { facts } of mesh.running()) expect(facts.map(({ msg }) => msg)).not.toContain('member dead');
    expect(mesh.member('b').facts.map(({ msg }) => msg)).toContain('event loop stalled');
    expect(mesh.member('b').facts.map(({ msg }) => msg)).not.toContain('member suspect');
  });

  it('is not concluded from silence during which one stood still oneself', () => {
    const mesh = meshOf('a', 'b');
    const late = mesh.member('a').core.step({ kind: 'tick' }, mesh.now + 60_000);
    expect(late.facts.map(({ msg }) => msg)).toEqual(['event loop stalled']);
    const later = mesh.member('a').core.step({ kind: 'tick' }, mesh.now + 60_200);
    expect(later.facts).toEqual([]);
  });

  it('is not concluded from what waited in the sockets while this member stood still', () => {
    const mesh = meshOf('a', 'b');
    const { core } = mesh.member('a');
    const later = mesh.now + 10_000;
    const { facts } = core.step({ kind: 'disconnected', peer: 'b', reason: 'reset' }, later);
    expect(facts.map(({ msg }) => msg)).toContain('event loop stalled');
    expect(facts.map(({ msg }) => msg)).toContain('member suspect');
    expect(core.directory.member('b')?.liveness).toBe('suspect');
  });

  it('is not concluded from a dial that this member itself slept through', () => {
    const mesh = meshOf('a', 'b');
    const { core } = mesh.member('a');
    const at = mesh.now;
    const { dials } = core.step({ kind: 'disconnected', peer: 'b', reason: 'reset' }, at);
    expect(dials.map(({ peer }) => peer)).toEqual(['b']);
    core.step({ kind: 'dial-failed', peer: 'b', reason: 'no answer within 2000 ms' }, at + 3_000);
    expect(core.directory.member('b')?.liveness).toBe('suspect');
    // The next one counts.
    const again = core.step({ kind: 'tick' }, at + 3_300);
    expect(again.dials.map(({ peer }) => peer)).toEqual(['b']);
    core.step({ kind: 'dial-failed', peer: 'b', reason: 'refused' }, at + 3_301);
    expect(core.directory.member('b')?.liveness).toBe('dead');
  });

  it('is concluded from the refusal of the last dial at once, and not from the end of one before', () => {
    const mesh = meshOf('a', 'b');
    const { core } = mesh.member('a');
    const at = mesh.now;
    const lose = (ms: number) =>
      core.step({ kind: 'disconnected', peer: 'b', reason: 'reset' }, at + ms).dials[0]?.startedAt ?? 0;
    const overtaken = lose(0);
    core.step({ kind: 'connected', peer: 'b', from: {} }, at + 10);
    const { generation } = core.directory.position('b');
    core.step({ kind: 'direct', peer: 'b', message: helloOf(generation) }, at + 10);
    for (let ms = 100; ms <= 1_200; ms += TICK_MS) core.step({ kind: 'tick' }, at + ms);
    const last = lose(1_250);
    expect([overtaken, last]).toEqual([at, at + 1_250]);
    const fail = (startedAt: number) =>
      core.step({ kind: 'dial-failed', peer: 'b', reason: 'refused', startedAt }, at + 1_252);
    fail(overtaken);
    expect(core.directory.member('b')?.liveness).toBe('suspect');
    fail(last);
    expect(core.directory.member('b')?.liveness).toBe('dead');
  });

  it('for long frees its claims first, and all that is known of it after an hour', () => {
    const mesh = meshOf('a', 'b');
    mesh.input('b', claimOf());
    mesh.run(10);
    const { generation } = mesh.member('b');
    mesh.kill('b');
    const held = () => mesh.member('a').core.directory.member('b');
    mesh.run(GONE_KEPT_MS - 1_000);
    expect(held()).toMatchObject({ liveness: 'dead', claims: 1 });
    mesh.run(2_000);
    expect(held()).toMatchObject({ liveness: 'dead', claims: 0, position: { generation, version: 0 } });
    mesh.run(FORGET_AFTER_MS - GONE_KEPT_MS);
    expect([held(), mesh.member('a').core.gauges.peers]).toEqual([undefined, 0]);
    mesh.start('b');
    mesh.run(3_000);
    expect(livenessAt(mesh, 'a', 'b')).toBe('alive');
  });

  it('behind a cut for longer than its claims are kept brings them back whole', () => {
    const mesh = meshOf('a', 'b');
    mesh.input('b', claimOf());
    mesh.run(10);
    mesh.cut('a', 'b');
    mesh.run(GONE_KEPT_MS + 60_000);
    mesh.heal();
    mesh.run(5_000);
    expect([livenessAt(mesh, 'a', 'b'), ownersAt(mesh, 'a')]).toEqual(['alive', ['b']]);
  });
});

describe('a restart', () => {
  it('replaces all that the earlier start claimed', () => {
    const mesh = meshOf('a', 'b');
    mesh.input('b', claimOf('v/app/old'));
    mesh.run(10);
    mesh.kill('b');
    mesh.start('b');
    mesh.input('b', claimOf('v/app/new'));
    mesh.run(3_000);
    expect([...mesh.member('a').core.directory.streams()]).toEqual(['v/app/new']);
  });

  it.each([
    ['left', true],
    ['said nothing', false],
  ])('is asked for its streams at once where the start before %s behind a cut', (_, hasLeft) => {
    const mesh = meshOf('a', 'b');
    const { core } = mesh.member('a');
    const later = mesh.member('b').generation + 1;
    const delta = { member: 'b', generation: later, from: 5, to: 6, entries: [] };
    // Others hand on that it left, and what its next start has to say.
    const leave = { kind: 'leave', generation: later - 1 } as const;
    const at = mesh.now;
    if (hasLeft) core.step({ kind: 'broadcast', author: 'b', message: leave, signedBytes: SIGNED }, at);
    core.step({ kind: 'broadcast', author: 'b', message: { kind: 'delta', delta }, signedBytes: SIGNED }, at);
    const pulls = (input: Input, now: number) =>
      core.step(input, now).sends.filter(({ to, message }) => to === 'b' && message.kind === 'pull');
    let asked = 0;
    for (let ms = 100; ms < 2_000; ms += 100) asked += pulls({ kind: 'tick' }, at + ms).length;
    expect(asked).toBe(hasLeft ? 0 : 1);
    core.step({ kind: 'connected', peer: 'b', from: {} }, at + 2_000);
    const hello = {
      kind: 'hello',
      name: 'b',
      program: 'test',
      position: { generation: later, version: 6 },
      addresses: ['b:1'],
      members: [],
    } as const;
    expect(pulls({ kind: 'direct', peer: 'b', message: hello }, at + 2_001)).toHaveLength(1);
  });

  it('is not undone by late words of the earlier start', () => {
    const mesh = meshOf('a', 'b');
    mesh.input('b', claimOf('v/app/old'));
    const old = mesh.member('b').sent.filter(({ to }) => to === '*');
    mesh.run(10);
    mesh.kill('b');
    mesh.start('b');
    mesh.run(3_000);
    for (const { message } of old)
      mesh.input('a', { kind: 'broadcast', author: 'b', message: message as never, signedBytes: SIGNED });
    expect([...mesh.member('a').core.directory.streams()]).toEqual([]);
  });
});

describe('a greeting', () => {
  it('of an earlier start changes nothing', () => {
    const mesh = meshOf('a', 'b');
    mesh.input('b', claimOf());
    mesh.run(10);
    const { generation } = mesh.member('b');
    mesh.input('a', { kind: 'direct', peer: 'b', message: helloOf(generation - 1) });
    mesh.run(1_000);
    expect([livenessAt(mesh, 'a', 'b'), ownersAt(mesh, 'a')]).toEqual(['alive', ['b']]);
    expect(mesh.member('a').facts.map(({ msg }) => msg)).toContain('two members use the same identity key');
  });

  it('of the start that has left does not bring it back', () => {
    const mesh = meshOf('a', 'b');
    mesh.input('b', { kind: 'leave' });
    mesh.run(5);
    mesh.input('a', { kind: 'direct', peer: 'b', message: helloOf(mesh.member('b').generation) });
    expect(livenessAt(mesh, 'a', 'b')).toBe('left');
  });

  it('after a lost connection asks at once for what was asked on the old one', () => {
    const mesh = meshOf('a', 'b');
    mesh.weather.loss = 1;
    mesh.cut('a', 'b', true);
    mesh.input('b', claimOf());
    mesh.run(700);
    const pulls = (): number => mesh.member('a').sent.filter(({ message }) => message.kind === 'pull').length;
    const before = pulls();
    mesh.heal();
    mesh.input('a', { kind: 'disconnected', peer: 'b', reason: 'reset' });
    mesh.input('a', { kind: 'connected', peer: 'b', from: {} });
    const { generation } = mesh.member('b');
    mesh.input('a', {
      kind: 'direct',
      peer: 'b',
      message: { ...helloOf(generation), position: { generation, version: 2 } },
    });
    expect(pulls()).toBe(before + 1);
  });
});

describe('who may speak', () => {
  it('nobody for another member', () => {
    const mesh = meshOf('a', 'b', 'c');
    const delta = {
      member: 'c',
      generation: mesh.member('c').generation,
      from: 1,
      to: 2,
      entries: [{ kind: 'claim', version: 2, claim: claimOf().claim }],
    } as const;
    mesh.input('a', {
      kind: 'broadcast',
      author: 'b',
      message: { kind: 'delta', delta },
      signedBytes: SIGNED,
    });
    mesh.input('a', {
      kind: 'direct',
      peer: 'b',
      message: { kind: 'delta-part', pull: 1, index: 0, last: true, delta },
    });
    expect(ownersAt(mesh, 'a')).toEqual([]);
    expect(mesh.member('a').facts.at(-1)).toMatchObject({ msg: 'message dropped', fields: { member: 'b' } });
  });

  it('no more for who goes on offending', () => {
    const mesh = meshOf('a', 'b');
    for (let count = 0; count <= OFFENCES_MAX; count += 1)
      mesh.input('a', { kind: 'offence', peer: 'b', reason: 'malformed' });
    expect(mesh.member('a').facts.map(({ msg }) => msg)).toContain('member cut off');
    expect(mesh.isConnected('a', 'b')).toBe(false);
    const lines = mesh.member('a').facts.filter(({ msg }) => msg === 'message dropped');
    expect(lines.length).toBeLessThan(7);
  });

  it('nobody who was cut off: who joins does not wait for its streams either', () => {
    const mesh = meshOf('a', 'b');
    mesh.start('c');
    while (!mesh.isConnected('b', 'c') && mesh.now < 20_000) mesh.run(0.1);
    // Its hello never comes.
    mesh.cut('b', 'c');
    const { core } = mesh.member('c');
    expect(core.isSynced).toBe(false);
    for (let count = 0; count <= OFFENCES_MAX; count += 1)
      mesh.input('c', { kind: 'offence', peer: 'b', reason: 'garbage' });
    mesh.run(500);
    expect(core.waitingFor).toBeNull();
  });

  it('names two members with one identity', () => {
    const mesh = meshOf('a', 'b');
    const heartbeat = {
      kind: 'heartbeat',
      position: { generation: mesh.member('b').generation - 1, version: 5 },
      load: { players: 0, publishers: 0, outboundKbps: 0 },
      sentAt: 1,
      echo: null,
    } as const;
    mesh.run(3_000);
    mesh.input('a', { kind: 'direct', peer: 'b', message: heartbeat });
    expect(mesh.member('a').facts.at(-1)).toMatchObject({ msg: 'two members use the same identity key' });
    mesh.input('b', {
      kind: 'broadcast',
      author: 'b',
      message: { kind: 'leave', generation: mesh.member('b').generation + 1 },
      signedBytes: SIGNED,
    });
    expect(mesh.member('b').facts.at(-1)).toMatchObject({ msg: 'another member uses this identity key' });
  });
});

describe('load', () => {
  it('rides on heartbeats', () => {
    const mesh = meshOf('a', 'b');
    mesh.input('b', { kind: 'load', load: { players: 7, publishers: 1, outboundKbps: 5_000 } });
    mesh.run(1_100);
    expect(mesh.member('a').core.directory.member('b')?.load.players).toBe(7);
    expect(mesh.member('a').core.peer('b')?.rttMs).toBeGreaterThanOrEqual(0);
  });
});
