import { OwnLog } from '@headwater/directory';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import type { Effects } from './effects.js';
import { PARTS_PER_STEP, PARTS_WINDOW, PENDING_PER_STEP, SWEPT_PER_TICK } from './limits.js';
import { MemberCore } from './member-core.js';
import type { DeltaPart, DirectMessage, SnapshotPart } from './messages.js';
import { helloOf } from './testing/hello-of.js';

const keyOf = (index: number): string => `v/app/some-longer-stream-name-${index}`;

function coreOf(name: string): MemberCore {
  return new MemberCore(
    {
      self: name,
      generation: 1,
      profile: profileOf(name),
      addresses: [`${name}:1`],
      seeds: [],
      heartbeatMs: 800,
      suspectAfterMs: 1_800,
      deadAfterMs: 900,
      batchMs: 3,
      random: () => 0,
    },
    0,
  );
}

/** A core that has met these others. */
function meeting(...others: string[]): MemberCore {
  const core = coreOf('self');
  for (const peer of others) {
    core.step({ kind: 'connected', peer, from: {} }, 1);
    core.step({ kind: 'direct', peer, message: helloOf(peer) }, 1);
  }
  return core;
}

const partsIn = (effects: Effects) =>
  effects.sends.flatMap(({ to, message }) =>
    message.kind === 'delta-part' || message.kind === 'snapshot-part' ? [{ to, part: message }] : [],
  );
const tick = { kind: 'tick' } as const;
const pull = (id: number): DirectMessage => ({
  kind: 'pull',
  pull: id,
  held: { generation: 0, version: 0 },
});

/** All that is due is told; what is not heard for long is told of later. */
function flush(core: MemberCore): void {
  while ((core.flushAt ?? Number.POSITIVE_INFINITY) <= 2_000) core.step(tick, 2_000);
}

describe('an answer to a pull', () => {
  it('goes out part by part, in turns where several ask, and the core wants a tick meanwhile', () => {
    const core = meeting('x', 'y');
    for (let index = 0; index < 3_000; index += 1)
      core.step({ kind: 'claim', claim: { key: keyOf(index), sinceMs: 1, media: {} } }, 2);
    flush(core);
    const got: { to: string; part: DeltaPart | SnapshotPart }[] = [];
    const note = (effects: Effects): void => {
      const parts = partsIn(effects);
      expect(parts.length).toBeLessThanOrEqual(PARTS_PER_STEP);
      got.push(...parts);
    };
    note(core.step({ kind: 'direct', peer: 'x', message: pull(1) }, 2_001));
    note(core.step({ kind: 'direct', peer: 'y', message: pull(2) }, 2_001));
    // A claim meanwhile does not change what is sent.
    core.step({ kind: 'claim', claim: { key: keyOf(0), sinceMs: 2, media: {} } }, 2_001);
    for (let steps = 0; core.flushAt === Number.NEGATIVE_INFINITY && steps < 100; steps += 1)
      note(core.step(tick, 2_002));
    expect(
      got
        .map(({ to }) => to)
        .join('')
        .slice(0, 6),
    ).toBe('xxyxyx');
    for (const to of ['x', 'y']) {
      const parts = got.filter((one) => one.to === to).map(({ part }) => part);
      expect(parts.map(({ index }) => index)).toEqual(parts.map((_, index) => index));
      expect(parts.map(({ last }) => last)).toEqual(parts.map((_, index) => index === parts.length - 1));
      const entries = parts.flatMap((part) => (part.kind === 'delta-part' ? part.delta.entries : []));
      expect(entries).toHaveLength(3_001);
    }
  });

  it('waits after each window until the asker has taken it', () => {
    const core = meeting('x');
    for (let index = 0; index < 20_000; index += 1)
      core.step({ kind: 'claim', claim: { key: keyOf(index), sinceMs: 1, media: {} } }, 2);
    flush(core);
    const window = (first: Effects): number => {
      let parts = partsIn(first).length;
      while (core.flushAt === Number.NEGATIVE_INFINITY) parts += partsIn(core.step(tick, 2_001)).length;
      return parts;
    };
    expect(window(core.step({ kind: 'direct', peer: 'x', message: pull(1) }, 2_001))).toBe(PARTS_WINDOW);
    expect(partsIn(core.step(tick, 2_100))).toEqual([]);
    expect(
      partsIn(core.step({ kind: 'direct', peer: 'x', message: { kind: 'more', pull: 9 } }, 2_100)),
    ).toEqual([]);
    const more = core.step({ kind: 'direct', peer: 'x', message: { kind: 'more', pull: 1 } }, 2_100);
    expect(window(more)).toBeGreaterThan(0);
  });

  it('ends where the asker is gone', () => {
    const core = meeting('x');
    for (let index = 0; index < 3_000; index += 1)
      core.step({ kind: 'claim', claim: { key: keyOf(index), sinceMs: 1, media: {} } }, 2);
    flush(core);
    core.step({ kind: 'direct', peer: 'x', message: pull(1) }, 2_001);
    core.step({ kind: 'disconnected', peer: 'x', reason: 'gone' }, 2_001);
    expect(partsIn(core.step(tick, 2_001))).toEqual([]);
    expect(core.flushAt ?? Number.POSITIVE_INFINITY).toBeGreaterThan(2_000);
  });
});

describe('news that waited for others', () => {
  it('are taken some at a time, and all in the end', () => {
    const core = meeting('x');
    const log = new OwnLog('x', 1, 10);
    log.setProfile(profileOf('x'));
    const deltas = Array.from({ length: 5 }, (_, part) => {
      const from = log.version;
      for (let index = 0; index < PENDING_PER_STEP; index += 1)
        log.claim({ key: keyOf(part * PENDING_PER_STEP + index), sinceMs: 1, media: {} });
      return deltaSince(log, from)!;
    });
    const first = deltaSince(log, 0)!;
    const signedBytes = new Uint8Array();
    const hear = (delta: typeof first): Effects =>
      core.step({ kind: 'broadcast', author: 'x', message: { kind: 'delta', delta }, signedBytes }, 10);
    for (const delta of [...deltas].reverse()) hear(delta);
    expect(core.directory.streamCount).toBe(0);
    hear({ ...first, to: 1, entries: first.entries.slice(0, 1) });
    const counts = [core.directory.streamCount];
    while (core.flushAt === Number.NEGATIVE_INFINITY) {
      const effects = core.step(tick, 11);
      expect(effects.sends.filter(({ message }) => message.kind === 'pull')).toEqual([]);
      expect(effects.changedStreams.isEmpty).toBe(false);
      counts.push(core.directory.streamCount);
    }
    expect(counts).toEqual([1, 2, 3, 4, 5].map((parts) => parts * PENDING_PER_STEP));
  });
});

describe('voided claims', () => {
  it('are swept tick by tick', () => {
    const core = meeting('x');
    const log = new OwnLog('x', 1, 10);
    log.setProfile(profileOf('x'));
    for (let index = 0; index < 2 * SWEPT_PER_TICK + 1; index += 1)
      log.claim({ key: keyOf(index), sinceMs: 1, media: {} });
    core.directory.replace(log.snapshot());
    core.step({ kind: 'direct', peer: 'x', message: helloOf('x', { generation: 2 }) }, 5_000);
    expect(core.directory.streamCount).toBe(0);
    const left = () => core.directory.keysFrom('', 99_999).length;
    const counts: number[] = [];
    while (core.flushAt === Number.NEGATIVE_INFINITY) {
      core.step(tick, 5_001);
      counts.push(left());
    }
    expect(counts).toEqual([SWEPT_PER_TICK + 1, 1, 0]);
  });
});

it('what was asked on a connection that another one replaces is asked again', () => {
  const core = coreOf('self');
  const asked = (): string[] => {
    const effects = core.step({ kind: 'direct', peer: 'x', message: helloOf('x', { version: 3 }) }, 1);
    return effects.sends.flatMap(({ message }) => (message.kind === 'pull' ? [message.kind] : []));
  };
  core.step({ kind: 'connected', peer: 'x', from: {} }, 1);
  expect(asked()).toEqual(['pull']);
  expect(asked()).toEqual([]);
  core.step({ kind: 'connected', peer: 'x', from: {} }, 1);
  expect(asked()).toEqual(['pull']);
});

it('a snapshot that is not taken to its end leaves nothing behind', () => {
  const core = meeting('x');
  core.step({ kind: 'direct', peer: 'x', message: helloOf('x', { version: 5 }) }, 10);
  const part = (index: number): SnapshotPart => ({
    kind: 'snapshot-part',
    pull: 1,
    index,
    last: false,
    position: { generation: 1, version: 5 },
    profile: profileOf('x'),
    claims: [{ key: keyOf(index), sinceMs: 1, media: {} }],
  });
  core.step({ kind: 'direct', peer: 'x', message: part(0) }, 11);
  core.step({ kind: 'direct', peer: 'x', message: part(1) }, 11);
  expect(core.directory.keysFrom('', 9)).toHaveLength(2);
  expect(core.directory.streamCount).toBe(0);
  core.step({ kind: 'disconnected', peer: 'x', reason: 'gone' }, 12);
  core.step(tick, 13);
  expect(core.directory.keysFrom('', 9)).toEqual([]);
});
