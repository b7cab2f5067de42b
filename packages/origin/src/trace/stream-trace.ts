import type { MemberId, StreamKey } from '@headwater/directory';
import type { EventLog, KeptEvent } from '../events/event-log.js';

/** Newest events of a stream that one member tells. */
export const TRACED_MAX = 200;

/** The newest events of a stream that a member keeps, oldest first. `afterMs`: of its own clock. */
export function eventsOfStream(
  log: Pick<EventLog, 'after'>,
  key: StreamKey,
  afterMs: number,
): readonly KeptEvent[] {
  const { events } = log.after(0, Number.MAX_SAFE_INTEGER);
  return events
    .filter(({ event, atMs }) => 'key' in event && event.key === key && atMs > afterMs)
    .slice(-TRACED_MAX);
}

/** One member's answer, and when it was asked and had answered by this member's own clock, Unix ms. */
export interface Told<E> {
  readonly member: MemberId;
  readonly name: string;
  readonly askedMs: number;
  readonly answeredMs: number;
  /** Its clock when it answered, Unix ms. */
  readonly nowMs: number;
  readonly events: readonly E[];
}

/** By how much a member's clock is ahead of this one's, and by how much that may be wrong, ms. */
export interface ClockOffset {
  readonly aheadMs: number;
  readonly withinMs: number;
}

/** It answered some time between the two; half way is as good a guess as any, and wrong by no more than half the time. */
export function clockOffset({
  askedMs,
  answeredMs,
  nowMs,
}: Pick<Told<unknown>, 'askedMs' | 'answeredMs' | 'nowMs'>): ClockOffset {
  const tookMs = Math.max(0, answeredMs - askedMs);
  return { aheadMs: Math.round(nowMs - (askedMs + tookMs / 2)), withinMs: Math.ceil(tookMs / 2) };
}

/** Events of all members on one time line: that of the asking member's clock. */
export function onOneLine<E extends { readonly atMs: number; readonly number: number }>(
  all: readonly Told<E>[],
): readonly (E & { readonly by: MemberId; readonly byName: string; readonly ownAtMs: number })[] {
  return all
    .flatMap((told) => {
      const { aheadMs } = clockOffset(told);
      return told.events.map((event) => ({
        ...event,
        by: told.member,
        byName: told.name,
        ownAtMs: event.atMs,
        atMs: event.atMs - aheadMs,
      }));
    })
    .sort((a, b) => a.atMs - b.atMs || (a.by < b.by ? -1 : a.by > b.by ? 1 : a.number - b.number));
}
