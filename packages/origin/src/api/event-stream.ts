import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import { EVENTS_KEPT_MAX, type EventLog, type KeptEvent } from '../events/event-log.js';

/** Events written at once. */
const BATCH = 100;
/** After so long without an event a comment says that the connection lives, ms. */
const KEEP_ALIVE_MS = 15_000;
const STILL_HERE = ': still here\n\n';
/** Who wants a pulse gets one so often, ms. */
const PULSE_MS = 2_000;
/** Who follows at once; the next is refused. */
export const FOLLOWERS_MAX = 64;

/** Which events are told. */
export interface EventFilter {
  /** Beginnings of kinds, such as `member`; none: all. */
  readonly kinds: readonly string[];
  readonly key?: string;
}

/** What is told beside the events, every `PULSE_MS`: not kept, without an id. */
export type Pulse = () => object;

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from the log, from now on, or from
 * where `Last-Event-ID` says. Who reads too slowly misses what was let go of meanwhile, and is told how much by an event
 * `gap`.
 */
export class EventStreams {
  readonly #log: EventLog;
  readonly #pulse: Pulse | null;
  readonly #followed: () => () => void;
  readonly #keepAliveMs: number;
  #followers = 0;

  /** `followed`: somebody follows; returns what to call when that ends. `keepAliveMs`: longest time without a word. */
  constructor(
    log: EventLog,
    pulse: Pulse | null = null,
    followed: () => () => void = () => () => {},
    keepAliveMs = KEEP_ALIVE_MS,
  ) {
    this.#keepAliveMs = keepAliveMs;
    this.#log = log;
    this.#pulse = pulse;
    this.#followed = followed;
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
    // Nothing reads what follows the head, and so nothing would end it.
    if (context.req.method === 'HEAD') return context.body(null);
    const start = this.#startOf(since);
    this.#followers += 1;
    return stream(
      context,
      async (out) => {
        const gone = new AbortController();
        const unfollow = this.#followed();
        out.onAbort(() => gone.abort());
        try {
          let { number } = start;
          let pulseMs = 0;
          let writtenMs = performance.now();
          await out.write(start.isStrange ? `retry: 1000\n${gapText(log, number, null)}` : 'retry: 1000\n\n');
          while (!gone.signal.aborted) {
            if (this.#pulse !== null && performance.now() >= pulseMs) {
              pulseMs = performance.now() + PULSE_MS;
              await out.write(`event: pulse\ndata: ${JSON.stringify(this.#pulse())}\n\n`);
            }
            const { events, missed } = log.after(number, BATCH);
            const last = events.at(-1);
            if (last !== undefined) {
              number = last.number;
              const first = (events[0]?.number ?? 1) - 1;
              const told = events
                .filter(({ event }) => isTold(event, filter))
                .map((kept) => textOf(log, kept));
              const text = `${missed > 0 ? gapText(log, first, missed) : ''}${told.join('')}`;
              if (text !== '') {
                await out.write(text);
                writtenMs = performance.now();
              } else if (performance.now() - writtenMs >= this.#keepAliveMs) {
                // What happens is not what is followed: proxies would take it for dead.
                await out.write(STILL_HERE);
                writtenMs = performance.now();
              }
            } else if (this.#pulse !== null)
              await this.#news(number, gone.signal, Math.max(1, pulseMs - performance.now()));
            else if (!(await this.#news(number, gone.signal, this.#keepAliveMs))) {
              await out.write(STILL_HERE);
              writtenMs = performance.now();
            }
          }
        } finally {
          unfollow();
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
  async #news(number: number, gone: AbortSignal, waitMs: number): Promise<boolean> {
    if (gone.aborted) return true;
    let isLate = false;
    // `AbortSignal.any` would leave something at `gone` each time.
    const over = new AbortController();
    const stop = (): void => over.abort();
    gone.addEventListener('abort', stop);
    const timer = setTimeout(() => {
      isLate = true;
      stop();
    }, waitMs);
    timer.unref();
    await this.#log.changed(number, over.signal);
    clearTimeout(timer);
    gone.removeEventListener('abort', stop);
    return gone.aborted || !isLate;
  }
}

function isTold(event: KeptEvent['event'], { kinds, key }: EventFilter): boolean {
  if (key !== undefined && !('key' in event && event.key === key)) return false;
  return kinds.length === 0 || kinds.some((kind) => event.kind === kind || event.kind.startsWith(`${kind}-`));
}

function textOf(log: EventLog, { number, atMs, event, seenBy }: KeptEvent): string {
  const { kind, ...rest } = event;
  const data = {
    id: log.idOf(number),
    at: new Date(atMs).toISOString(),
    atMs,
    kind,
    ...rest,
    ...(seenBy === undefined ? {} : { seenBy }),
  };
  return `id: ${log.idOf(number)}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** `missed`: null where nobody knows. */
const gapText = (log: EventLog, number: number, missed: number | null): string =>
  `id: ${log.idOf(number)}\nevent: gap\ndata: ${JSON.stringify({ kind: 'gap', missed })}\n\n`;
