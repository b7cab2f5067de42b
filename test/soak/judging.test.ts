import { describe, expect, it } from 'vitest';
import type { Entry, Violation } from '../chaos/event-log.js';
import type { LogLine } from '../support/origin-process.js';
import { around } from './around.js';
import { growthOf, type Sample } from './growth.js';
import { LogTally } from './log-tally.js';
import { processesOf } from './process-tree.js';

const samplesOf = (count: number, memoryMb: (index: number) => number): Sample[] =>
  Array.from({ length: count }, (_, index) => ({
    atMs: 5_000 + index * 60_000,
    memoryMb: memoryMb(index),
    descriptors: 40 + index,
  }));

describe('the growth of a member', () => {
  it('is told for what comes after it got warm', () => {
    const samples = samplesOf(70, (index) => (index < 10 ? index * 10 : 100));
    expect(growthOf(samples, 600_000)).toEqual({
      minutes: 59,
      memoryMb: { from: 100, to: 100, most: 100 },
      memoryMbPerHour: 0,
      descriptors: { from: 56, to: 104, most: 109 },
    });
  });

  it('is so many MB an hour where it leaks', () => {
    expect(
      growthOf(
        samplesOf(30, (index) => 100 + index / 2),
        0,
      )?.memoryMbPerHour,
    ).toBe(30);
  });

  it('is not told of a short life', () => {
    expect(
      growthOf(
        samplesOf(12, () => 100),
        600_000,
      ),
    ).toBeNull();
    expect(growthOf([], 0)).toBeNull();
  });
});

describe('what happened around violations', () => {
  const entries: Entry[] = Array.from({ length: 100 }, (_, index) => ({
    atMs: index * 1000,
    text: `${index}`,
  }));
  const at = (atMs: number): Violation => ({ atMs, rule: 'lost', who: 'p', what: 'w' });
  const told = (violations: readonly Violation[], entriesMax = 50) =>
    around(entries, violations, { beforeMs: 3000, afterMs: 1000, entriesMax }).map((stretch) =>
      stretch.map(({ text }) => text).join(' '),
    );

  it('is told once where they lie together', () => {
    expect(told([at(50_000), at(20_000), at(22_500)])).toEqual(['17 18 19 20 21 22 23', '47 48 49 50 51']);
  });

  it('is bounded, and nothing where there are none', () => {
    expect(told([at(20_000)], 2)).toEqual(['20 21']);
    expect(told([])).toEqual([]);
  });
});

describe('the log lines of a run', () => {
  const line = (level: LogLine['level'], msg: string, more: object = {}): LogLine => ({
    level,
    msg,
    ...more,
  });

  it('are counted by level and message, the most frequent first', () => {
    const tally = new LogTally();
    tally.take('a', line('info', 'play started'), 1);
    for (const member of ['a', 'b']) tally.take(member, line('info', 'play ended'), 2);
    expect(tally.counts).toEqual([
      { level: 'info', msg: 'play ended', count: 2 },
      { level: 'info', msg: 'play started', count: 1 },
    ]);
    expect(tally.unexplained).toEqual([]);
  });

  it('are unexplained where no fault of the right kind came just before', () => {
    const tally = new LogTally();
    const silent = line('warn', 'publisher silent');
    expect(tally.take('a', silent, 1000)).toBe(true);
    tally.met('killed', 1500);
    expect(tally.take('a', silent, 2000)).toBe(true);
    tally.met('silent', 2500);
    expect(tally.take('a', silent, 3000)).toBe(false);
    expect(tally.take('a', silent, 60_000)).toBe(true);
    expect(tally.unexplained).toEqual([
      { level: 'warn', msg: 'publisher silent', count: 3, atMs: 1000, member: 'a', line: silent },
    ]);
  });

  it('are never explained where no fault explains such a message', () => {
    const tally = new LogTally();
    tally.met('killed', 1);
    expect(tally.take('a', line('error', 'task ended by a fault'), 2)).toBe(true);
    expect(tally.take('a', line('warn', 'warning ended', { warning: 'task ended by a fault' }), 3)).toBe(
      true,
    );
  });

  it('are explained where they count a warning that was explained', () => {
    const tally = new LogTally();
    expect(tally.take('a', line('warn', 'warning ended', { warning: 'relay stalls' }), 90_000)).toBe(false);
  });
});

it('finds this very process, and none where there is none', () => {
  expect(processesOf(process.pid)[0]).toBe(process.pid);
  expect(processesOf(2 ** 30)).toEqual([]);
});
