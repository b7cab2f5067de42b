import { beforeEach, describe, expect, it } from 'vitest';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { STREAM_LIMITS } from '../testing/stream-world.js';
import { replayEnd } from './frame-history.js';
import { PublisherPast } from './publisher-past.js';
import { StreamSource } from './stream-source.js';

const ABOUT = { kind: 'publisher', remote: '10.0.0.9:5', agent: 'edge', protocol: 'rtmp' } as const;

let timers: ManualTimers;
let source: StreamSource;
let past: PublisherPast;
let over: number;

beforeEach(() => {
  timers = new ManualTimers();
  source = new StreamSource(1, ABOUT, STREAM_LIMITS, 0);
  over = 0;
  past = new PublisherPast(source, timers, () => {
    over += 1;
  });
  for (const frame of [VIDEO_HEADER(1), KEY(0, 1), INTER(40, 2)]) past.take(frame);
});

const kept = (): unknown[] => source.history.all.map(({ frame }) => frame.payload[5]);

describe('the past of a publisher that another origin had', () => {
  it('is kept as if it had come here, and over once its end comes', () => {
    expect([kept(), past.isOver, over]).toEqual([[1, 2], false, 0]);
    past.take(replayEnd());
    expect([kept(), past.isOver, over, timers.pending]).toEqual([[1, 2], true, 1, 0]);
    past.take(replayEnd());
    timers.pass(60_000);
    expect(over).toBe(1);
  });

  it('is waited for no longer than two seconds', () => {
    timers.pass(1999);
    expect([past.isOver, over]).toEqual([false, 0]);
    timers.pass(1);
    expect([past.isOver, over]).toEqual([true, 1]);
  });

  it('is over without a word when the publisher is gone', () => {
    past.cancel();
    expect([past.isOver, timers.pending]).toEqual([true, 0]);
    past.take(replayEnd());
    expect(over).toBe(0);
  });
});
