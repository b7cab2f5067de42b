import { type Delta, OwnLog } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { BroadcastPace } from './broadcast-pace.js';
import { DELTAS_PER_FLUSH } from './limits.js';
import { Outbox } from './outbox.js';

const keyOf = (index: number): string => `v/app/${'x'.repeat(200)}${index}`;

function outboxOf(count: number): { log: OwnLog; outbox: Outbox } {
  const log = new OwnLog('self', 1, 100);
  const outbox = new Outbox(log, new BroadcastPace(3));
  for (let index = 0; index < count; index += 1)
    outbox.put(log.claim({ key: keyOf(index), sinceMs: 1, media: {} }));
  return { log, outbox };
}

describe('Outbox', () => {
  it('sends the first change at once and gathers those that follow', () => {
    const { log, outbox } = outboxOf(1);
    expect(outbox.dueAt).toBeLessThanOrEqual(0);
    expect(outbox.flush(100)).toHaveLength(1);
    expect(outbox.dueAt).toBeNull();
    outbox.put(log.claim({ key: 'v/a/b', sinceMs: 1, media: {} }));
    expect(outbox.dueAt).toBe(103);
  });

  it('cuts many changes into deltas that build upon each other', () => {
    const { outbox } = outboxOf(1_000);
    const deltas: Delta[] = [];
    for (let some = outbox.flush(0); some.length > 0; some = outbox.flush(0)) {
      expect(some.length).toBeLessThanOrEqual(DELTAS_PER_FLUSH);
      expect(outbox.sentVersion).toBe(some.at(-1)?.to);
      deltas.push(...some);
      // The rest does not wait for the pace.
      expect(outbox.dueAt).toBe(outbox.sentVersion < 1_000 ? Number.NEGATIVE_INFINITY : null);
    }
    expect(deltas.length).toBeGreaterThan(3);
    expect(deltas.flatMap(({ entries }) => entries)).toHaveLength(1_000);
    let version = 0;
    for (const { from, to } of deltas) {
      expect(from).toBe(version);
      version = to;
    }
    expect(outbox.sentVersion).toBe(1_000);
  });

  it('counts as one broadcast for the pace, however many messages it takes, and as none where nothing changed', () => {
    const sentAt: number[] = [];
    const log = new OwnLog('self', 1, 100);
    const outbox = new Outbox(log, { nextAt: 0, sent: (now) => sentAt.push(now) });
    expect([outbox.flush(5), sentAt]).toEqual([[], []]);
    for (let index = 0; index < 1_000; index += 1)
      outbox.put(log.claim({ key: keyOf(index), sinceMs: 1, media: {} }));
    for (let now = 10; outbox.dueAt !== null; now += 1) outbox.flush(now);
    expect(sentAt).toEqual([10]);
  });
});
