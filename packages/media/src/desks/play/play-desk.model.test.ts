import { amount } from '@headwater/testing/long-run';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { MediaHost, WorkerAddress } from '../../media-host.js';
import { replayEnd } from '../../stream/frame-history.js';
import { INTER, KEY, VIDEO_HEADER } from '../../testing/frames.js';
import type { MemoryPlay } from '../../testing/memory-play.js';
import { claim, fail, KEY_S, memberA } from '../../testing/play-member.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const step = fc.oneof(
  fc.record({
    do: fc.constantFrom('play', 'play', 'pull', 'pull-of', 'pull-of', 'leave', 'leave'),
    of: fc.nat(9),
  }),
  fc.record({
    do: fc.constantFrom('claim', 'claim', 'release', 'publish', 'unpublish', 'sibling', 'no-sibling'),
    of: fc.nat(1),
  }),
  fc.record({
    do: fc.constantFrom('start', 'start', 'frames', 'frames', 'live', 'fail', 'over'),
    of: fc.nat(9),
  }),
  fc.record({ do: fc.constant('pass'), of: fc.constantFrom(20, 400, 1_600, 3_000, 16_000) }),
);

const WORKER: WorkerAddress = { worker: 2, path: '/sock' };

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A member that has plays, pulls, owners elsewhere, a publisher and relays as these steps say. */
function scene() {
  const member = memberA();
  const { host, b, c, play, plays, publish, streams } = member;
  const owners = [b, c] as const;
  const here: MemoryPlay[] = [];
  let feed: ReturnType<typeof publish> | null = null;
  /** Another worker of this member has the publisher. */
  let hasSibling = false;
  Object.assign(host, { workerOf: () => (hasSibling ? WORKER : null) });
  let pictures = 0;
  const relayAt = (of: number) => streams.relays[of % Math.max(1, streams.relays.length)];
  const ownerAt = (of: number): MediaHost => owners[of % 2] ?? b;
  const join = (more: Parameters<typeof play>[0]): void => {
    const session = play(more);
    here.push(session);
  };
  const acts: Readonly<Record<Step['do'], (of: number) => void>> = {
    play: (of) => join({ followsRedirect: of === 0 }),
    pull: (of) => join({ mark: 'relay', replayMs: of % 2 === 0 ? 0 : 5000 }),
    'pull-of': (of) => join({ mark: 'relay', relayOf: of % 2 === 0 ? 'b' : 'c', replayMs: 5000 }),
    leave(of) {
      const [gone] = here.splice(of % Math.max(1, here.length), 1);
      if (gone !== undefined) plays.leave(gone);
    },
    claim: (of) => claim(ownerAt(of)),
    release: (of) => ownerAt(of).release(KEY_S),
    publish() {
      if (!hasSibling) feed ??= publish();
    },
    sibling() {
      if (feed !== null) return;
      hasSibling = true;
      claim(host);
    },
    'no-sibling'() {
      if (!hasSibling) return;
      hasSibling = false;
      host.release(KEY_S);
    },
    unpublish() {
      feed?.end();
      feed = null;
    },
    start: (of) => relayAt(of)?.events.started(),
    frames(of) {
      pictures += 2;
      for (const frame of [VIDEO_HEADER(), KEY(pictures * 40, 1), INTER(pictures * 40 + 40, 2)])
        relayAt(of)?.events.frame(frame);
    },
    live: (of) => relayAt(of)?.events.frame(replayEnd()),
    fail: (of) => fail(relayAt(of)),
    over(of) {
      const relay = relayAt(of);
      if (relay === undefined) return;
      relay.isOpen = false;
      relay.events.ended({ code: 'publisher-ended', text: '', isOrdinary: true });
    },
    pass: (of) => vi.advanceTimersByTime(of),
  };
  const act = (next: Step): void => acts[next.do](next.of);
  /** Everybody leaves, in this order, and then whoever has the stream. */
  const clear = (isPlaysFirst: boolean): void => {
    const leave = (): void => {
      for (const session of here.splice(0)) plays.leave(session);
    };
    if (isPlaysFirst) leave();
    feed?.end();
    acts['no-sibling'](0);
    for (const owner of owners) owner.release(KEY_S);
    if (!isPlaysFirst) leave();
    vi.advanceTimersByTime(60_000);
  };
  return { ...member, here, act, clear };
}

it('keeps no stream and no relay for plays that are gone, whatever was before', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), (steps, isPlaysFirst) => {
      vi.clearAllTimers();
      const { act, clear, streams, plays } = scene();
      for (const next of steps) act(next);
      clear(isPlaysFirst);
      expect([[...streams.keys()], streams.relays.length, plays.pulls(), vi.getTimerCount()]).toEqual([
        [],
        0,
        [],
        0,
      ]);
    }),
    { numRuns: amount({ short: 1_000, long: 10_000 }), seed: 1001 },
  );
});
