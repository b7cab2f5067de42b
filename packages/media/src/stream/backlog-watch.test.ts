import { expect, it } from 'vitest';
import { INTER } from '../testing/frames.js';
import { BacklogWatch } from './backlog-watch.js';

const LONGEST_MS = 1000;

/** Frames from `fromMs` on, 40 ms apart, each so many ms after the one before; until when more is awaited after the last. */
function untilMs({
  count,
  everyMs,
  fromMs = 7_000_000,
}: {
  count: number;
  everyMs: number;
  fromMs?: number;
}) {
  const backlog = new BacklogWatch();
  backlog.resumed(5000);
  for (let i = 0; i < count; i += 1) backlog.saw(INTER((fromMs + 40 * i) >>> 0), 5000 + everyMs * i);
  return backlog.untilMs(LONGEST_MS) - 5000;
}

it('awaits what was held back for as long as it comes twice as fast as time passes', () => {
  expect(untilMs({ count: 1, everyMs: 0 })).toBe(100);
  expect(untilMs({ count: 200, everyMs: 0 })).toBe(100);
  // Gains 30 ms with each: by the 40th frame it gained ten times.
  expect(untilMs({ count: 41, everyMs: 10 })).toBe(400 + 100);
  expect(untilMs({ count: 31, everyMs: 20 })).toBe(600 + 100);
  expect(untilMs({ count: 200, everyMs: 20 })).toBe(LONGEST_MS);
});

it('does not await more of what comes as it should, or slower', () => {
  for (const everyMs of [38, 40, 60]) expect(untilMs({ count: 30, everyMs })).toBe(100);
});

it('counts across the end of the clock of 32 bits', () => {
  expect(untilMs({ count: 41, everyMs: 10, fromMs: 2 ** 32 - 800 })).toBe(500);
});

it('begins anew with each silence, and awaits nothing before the first', () => {
  const backlog = new BacklogWatch();
  backlog.saw(INTER(0), 1000);
  expect(backlog.untilMs(LONGEST_MS)).toBe(Number.NEGATIVE_INFINITY);
  backlog.resumed(2000);
  backlog.saw(INTER(40), 2000);
  backlog.saw(INTER(9000), 2050);
  backlog.resumed(8000);
  backlog.saw(INTER(9040), 8000);
  backlog.saw(INTER(9200), 8060);
  expect(backlog.untilMs(LONGEST_MS)).toBe(8160);
});
