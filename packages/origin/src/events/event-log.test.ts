import { describe, expect, it } from 'vitest';
import { EVENTS_KEPT_MAX, EventLog } from './event-log.js';

const logOf = (count: number): EventLog => {
  let now = 0;
  const log = new EventLog('e1', () => {
    now += 1;
    return now;
  });
  for (let index = 0; index < count; index += 1)
    log.tell({ kind: 'log-level-changed', level: String(index) });
  return log;
};
const numbers = (log: EventLog, after: number, max = 10_000): number[] =>
  log.after(after, max).events.map(({ number }) => number);

describe('the log of events', () => {
  it('gives what came after some event, in order, as much as is asked for', () => {
    const log = logOf(5);
    expect(numbers(log, 2)).toEqual([3, 4, 5]);
    expect(numbers(log, 0, 2)).toEqual([1, 2]);
    expect(numbers(log, 5)).toEqual([]);
    expect(log.after(2, 9).missed).toBe(0);
    expect(log.after(5, 9).missed).toBe(0);
    expect(log.after(4, 9).events[0]).toEqual({
      number: 5,
      atMs: 5,
      event: { kind: 'log-level-changed', level: '4' },
    });
  });

  it('keeps the last thousand, and says how many somebody has missed', () => {
    const log = logOf(EVENTS_KEPT_MAX + 7);
    const { events, missed } = log.after(3, 5);
    expect(missed).toBe(4);
    expect(events[0]?.number).toBe(8);
    expect(numbers(log, 0)).toHaveLength(EVENTS_KEPT_MAX);
  });

  it('finds the place of an id of its own, and knows others for strange', () => {
    const log = logOf(3);
    expect(log.placeOf(log.idOf(2))).toEqual({ number: 2, isStrange: false });
    for (const id of ['e0-2', 'e1-4', 'e1-', 'rubbish', `e1-${'9'.repeat(40)}`])
      expect(log.placeOf(id)).toEqual({ number: 0, isStrange: true });
    expect(logOf(EVENTS_KEPT_MAX + 7).placeOf('x-1').number).toBe(7);
  });

  it('wakes whoever waits, and keeps nobody who went away', async () => {
    const log = logOf(1);
    await log.changed(0, new AbortController().signal);
    const gone = new AbortController();
    const waits = [log.changed(1, new AbortController().signal), log.changed(1, gone.signal)];
    gone.abort();
    await waits[1];
    expect(log.followers).toBe(1);
    log.tell({ kind: 'configuration-reloaded' });
    await waits[0];
    expect(log.followers).toBe(0);
  });
});
