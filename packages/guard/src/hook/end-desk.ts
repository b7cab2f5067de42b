import { randomUUID } from 'node:crypto';
import type { GuardLog } from '../guard-log.js';
import type { HookFacts } from './hook-body.js';
import { type HookCaller, serverOf } from './hook-caller.js';
import type { HookClient } from './hook-client.js';

/** Most ends that wait to be told, of all hooks; those over it are lost, with a line in the log. */
export const ENDS_MAX = 20_000;
/** Pauses between two tries: doubled from one to the next. */
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 15_000;
/** The same once this member is stopping. */
const STOPPING_PAUSE_MS = 250;

export interface End {
  readonly caller: HookCaller;
  readonly urls: readonly string[];
  readonly facts: HookFacts;
  readonly retryMs: number;
}

/**
 * Tells hooks what has ended, each URL until it answers, or `retryMs` are over. Whatever it answers, it was told: a status
 * of 500 and more counts as no answer. An answer that gets lost has the end told again, with the same `Headwater-Event`.
 */
export class EndDesk {
  readonly #log: GuardLog;
  readonly #pauses = new Set<() => void>();
  #pending = 0;
  #lost = 0;
  #state: 'running' | 'stopping' | 'stopped' = 'running';
  /** Who waits until all is told. */
  readonly #onIdle = new Set<() => void>();

  constructor(log: GuardLog) {
    this.#log = log;
  }

  /** Ends that are not told yet. */
  get pending(): number {
    return this.#pending;
  }

  tell(client: HookClient, end: End): void {
    for (const url of end.urls) {
      if (this.#pending >= ENDS_MAX) {
        this.#lose(end, 'too-many-wait');
        continue;
      }
      this.#pending += 1;
      client.inTurn(serverOf(url), async () => {
        await this.#tellOne(url, end);
        this.#pending -= 1;
        if (this.#pending === 0) for (const tell of [...this.#onIdle]) tell();
      });
    }
  }

  /** Waits until everything is told, so long at most. What is not told then is lost. Never rejects. */
  async stop(deadlineMs: number): Promise<void> {
    this.#state = 'stopping';
    for (const wake of [...this.#pauses]) wake();
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          this.#onIdle.delete(end);
          resolve();
        };
        const timer = setTimeout(end, deadlineMs);
        this.#onIdle.add(end);
      });
    }
    this.#state = 'stopped';
    for (const wake of [...this.#pauses]) wake();
    if (this.#pending > 0) this.#log.warn({ lost: this.#pending }, 'hooks not told of ends');
  }

  /** Never rejects. */
  async #tellOne(url: string, end: End): Promise<void> {
    const id = randomUUID();
    const startMs = performance.now();
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      try {
        const answer = await end.caller.tell(url, end.facts, id);
        if (answer.kind === 'no') this.#tellOf(end, answer.why, 'hook answered no to an end');
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        // What is lost by a stop is told in one line.
        if (this.#state === 'stopped') return;
        if (performance.now() - startMs >= end.retryMs) {
          this.#lose(end, reason);
          return;
        }
        this.#tellOf(end, reason, 'hook not told of an end yet');
      }
      await this.#pause(this.#state === 'running' ? pauseMs : STOPPING_PAUSE_MS);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      timer.unref();
      this.#pauses.add(wake);
    });
  }

  #lose(end: End, reason: string): void {
    this.#lost += 1;
    const { event, client } = end.facts;
    this.#log.warn(
      { hook: `on_${event}`, client: client.remote, reason, lost: this.#lost },
      'hook not told of an end',
    );
  }

  #tellOf({ facts }: End, reason: string, msg: string): void {
    this.#log.warn({ hook: `on_${facts.event}`, client: facts.client.remote, reason }, msg);
  }
}
