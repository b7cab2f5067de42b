import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import { EVENTS_KEPT_MAX, type EventLog, type KeptEvent } from '../events/event-log.js';

/** Events written at once. */
const BATCH = 100;
/** After so long without an event a comment says that the connection lives, ms. */
const KEEP_ALIVE_MS = 15_000;
/** Who follows at once; the next is refused. */
export const FOLLOWERS_MAX = 64;

/** Which events are told. */
export interface EventFilter {
  /** Beginnings of kinds, such as `member`; none: all. */
  readonly kinds: readonly string[];
  readonly key?: string;
}

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from the log, from now on, or from
 * where `Last-Event-ID` says. Who reads too slowly misses what was let go of meanwhile, and is told how much by an event
 * `gap`.
 */
export class EventStreams {
  readonly #log: EventLog;
  #followers = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  get isFull(): boolean {
    return this.#followers >= FOLLOWERS_MAX;
  }

  /** `since`: id of the last event that was read; `all`: from the oldest that is kept. */
  follow(context: Context, since: string | undefined, filter: EventFilter): Response {
    const log = this.#log;
    context.header('Content-Type', 'text/event-stream; charset=utf-8');
    context.header('Cache-Control', 'no-store');
    context.header('X-Accel-Buffering', 'no');
    const start = this.#startOf(since);
    this.#followers += 1;
    return stream(
      context,
      async (out) => {
        const gone = new AbortController();
        out.onAbort(() => gone.abort());
        try {
          let { number } = start;
          await out.write(start.isStrange ? `retry: 1000\n${gapText(log, number, null)}` : 'retry: 1000\n\n');
          while (!gone.signal.aborted) {
            const { events, missed } = log.after(number, BATCH);
            const last = events.at(-1);
            if (last !== undefined) {
              number = last.number;
              const first = (events[0]?.number ?? 1) - 1;
              const told = events
                .filter(({ event }) => isTold(event, filter))
                .map((kept) => textOf(log, kept));
              const text = `${missed > 0 ? gapText(log, first, missed) : ''}${told.join('')}`;
              if (text !== '') await out.write(text);
            } else if (!(await this.#news(number, gone.signal))) await out.write(': still here\n\n');
          }
        } finally {
          this.#followers -= 1;
        }
      },
      // The client went away while something was written to it.
      async () => {},
    );
  }

  #startOf(since: string | undefined): { readonly number: number; readonly isStrange: boolean } {
    if (since === undefined || since === '') return { number: this.#log.last, isStrange: false };
    if (since === 'all') return { number: Math.max(0, this.#log.last - EVENTS_KEPT_MAX), isStrange: false };
    return this.#log.placeOf(since);
  }

  /** False where none came in time. */
  async #news(number: number, gone: AbortSignal): Promise<boolean> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), KEEP_ALIVE_MS);
    timer.unref();
    await this.#log.changed(number, AbortSignal.any([gone, late.signal]));
    clearTimeout(timer);
    return gone.aborted || !late.signal.aborted;
  }
}

function isTold(event: KeptEvent['event'], { kinds, key }: EventFilter): boolean {
  if (key !== undefined && !('key' in event && event.key === key)) return false;
  return kinds.length === 0 || kinds.some((kind) => event.kind === kind || event.kind.startsWith(`${kind}-`));
}

function textOf(log: EventLog, { number, atMs, event }: KeptEvent): string {
  const { kind, ...rest } = event;
  const data = { id: log.idOf(number), at: new Date(atMs).toISOString(), atMs, kind, ...rest };
  return `id: ${log.idOf(number)}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** `missed`: null where nobody knows. */
const gapText = (log: EventLog, number: number, missed: number | null): string =>
  `id: ${log.idOf(number)}\nevent: gap\ndata: ${JSON.stringify({ kind: 'gap', missed })}\n\n`;
