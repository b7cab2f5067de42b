import { beforeEach, describe, expect, it } from 'vitest';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { STREAM_LIMITS } from '../testing/stream-world.js';
import { replayEnd } from './frame-history.js';
import { PulledSource } from './pulled-source.js';
import { REPLAY_BY_HEAD_MS_MAX, REPLAY_MS_MAX } from './source-switch.js';
import type { UpstreamEvents } from './upstream.js';

let timers: ManualTimers;
let told: string[];

/** `through`: the member on the way; null: the owner is pulled itself. */
function pulled(through: string | null): UpstreamEvents & { readonly source: PulledSource } {
  let upstream: UpstreamEvents | undefined;
  const source = new PulledSource(
    { kind: 'relay', from: 'o', name: 'o', through },
    STREAM_LIMITS,
    timers,
    (_replayMs, events) => {
      upstream = events;
      return { close: () => told.push('close') };
    },
    {
      live: () => told.push('live'),
      frame: () => {},
      ended: ({ code }) => told.push(`ended ${code}`),
    },
  );
  if (upstream === undefined) throw new Error('nothing was opened');
  return { ...upstream, source };
}

beforeEach(() => {
  timers = new ManualTimers();
  told = [];
});

describe('a source that is pulled through a head', () => {
  it('waits for the past until the head, which answered at once, has it from the owner itself', () => {
    const events = pulled('h');
    events.started();
    timers.pass(2 * REPLAY_MS_MAX);
    for (const frame of [VIDEO_HEADER(), KEY(0, 0), INTER(40, 1)]) events.frame(frame);
    timers.pass(REPLAY_MS_MAX);
    expect(told).toEqual([]);
    events.frame(replayEnd());
    expect(told).toEqual(['live']);
    timers.pass(10_000);
    expect(told).toEqual(['live']);
  });

  it('does not wait for its end for ever', () => {
    const events = pulled('h');
    events.started();
    events.frame(KEY(0, 0));
    timers.pass(REPLAY_BY_HEAD_MS_MAX);
    expect(told).toEqual(['live']);
  });

  it('is over where the head answered and gives nothing', () => {
    const events = pulled('h');
    events.started();
    timers.pass(REPLAY_BY_HEAD_MS_MAX - 1);
    expect(told).toEqual([]);
    timers.pass(1);
    expect(told).toEqual(['close', 'ended deadline']);
    expect(timers.pending).toBe(0);
  });
});

it('has no start from before the present where frames are missing between', () => {
  const { source, ...events } = pulled(null);
  events.started();
  for (const frame of [VIDEO_HEADER(), KEY(0, 0), INTER(40, 1), INTER(80, 2), replayEnd()])
    events.frame(frame);
  expect(source.source.isReady).toBe(true);
  events.frame(INTER(8000, 3));
  expect(source.source.isReady).toBe(false);
  for (const frame of [KEY(8040, 4), INTER(9000, 5)]) events.frame(frame);
  expect(source.source.isReady).toBe(true);
});

it('is live soon where an owner that is pulled itself has no media yet', () => {
  pulled(null).started();
  timers.pass(REPLAY_MS_MAX);
  expect(told).toEqual(['live']);
});
