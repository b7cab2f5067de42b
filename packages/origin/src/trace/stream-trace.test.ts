import { describe, expect, it } from 'vitest';
import { EventLog } from '../events/event-log.js';
import { clockOffset, eventsOfStream, onOneLine, TRACED_MAX } from './stream-trace.js';

describe('events of one stream', () => {
  it('are the newest of those that a member keeps', () => {
    let now = 0;
    const log = new EventLog('e', () => {
      now += 1;
      return now;
    });
    for (let index = 0; index < TRACED_MAX + 5; index += 1) {
      log.tell({ kind: 'stream-claimed', key: 'k', member: 'a', name: 'A' });
      log.tell({ kind: 'stream-claimed', key: 'other', member: 'a', name: 'A' });
      log.tell({ kind: 'configuration-reloaded' });
    }
    const events = eventsOfStream(log, 'k', 0);
    expect(events).toHaveLength(TRACED_MAX);
    expect(events.at(-1)?.number).toBe(3 * (TRACED_MAX + 5) - 2);
    expect(eventsOfStream(log, 'k', events.at(-2)?.atMs ?? 0)).toHaveLength(1);
  });
});

describe('clocks of members', () => {
  it('are put in line by the time that the question took', () => {
    expect(clockOffset({ askedMs: 1000, answeredMs: 1040, nowMs: 6020 })).toEqual({
      aheadMs: 5000,
      withinMs: 20,
    });
    expect(clockOffset({ askedMs: 1000, answeredMs: 1000, nowMs: 900 })).toEqual({
      aheadMs: -100,
      withinMs: 0,
    });
  });

  it('that are minutes off do not change the order in which things happened', () => {
    const told = (member: string, aheadMs: number, ...atMs: readonly number[]) => ({
      member,
      name: member.toUpperCase(),
      askedMs: 10_000,
      answeredMs: 10_010,
      nowMs: 10_005 + aheadMs,
      events: atMs.map((at, index) => ({ number: index + 1, atMs: at + aheadMs })),
    });
    const line = onOneLine([told('a', 60_000, 100, 300), told('b', -60_000, 200, 300)]);
    expect(line.map(({ by, atMs }) => [by, atMs])).toEqual([
      ['a', 100],
      ['b', 200],
      ['a', 300],
      ['b', 300],
    ]);
    expect(line[0]?.ownAtMs).toBe(60_100);
  });
});
