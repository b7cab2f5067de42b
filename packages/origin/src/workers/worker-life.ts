/** How long a worker may take until it takes connections, ms. */
export const START_MS = 30_000;
/** A worker that answers nothing for so long is killed, ms. */
export const HUNG_MS = 5_000;
/** How often each is asked whether it is there, and tells how it does, ms. */
export const PING_EVERY_MS = 1_000;

/** How long a worker may be over its memory at its start, ms: where all are, one of them is replaced each so often. */
const SETTLE_MS = 10_000;

export interface LifeRules {
  /** Resident memory from which a worker is replaced, bytes; 0: any. */
  readonly memoryMax: number;
  /** How long one that is replaced serves those who are there, ms. */
  readonly drainMs: number;
}

/** What is to be done about a worker. `drain`: it gets no new connections; another one is started in its place at once. */
export type LifeAction =
  | { readonly do: 'ping'; readonly id: number }
  | { readonly do: 'drain'; readonly reason: string }
  | { readonly do: 'stop' }
  | { readonly do: 'kill'; readonly reason: string };

type State =
  | { readonly name: 'starting'; readonly sinceMs: number }
  | { readonly name: 'listening'; readonly sinceMs: number }
  | { readonly name: 'draining'; readonly sinceMs: number }
  | { readonly name: 'ending' }
  | { readonly name: 'ended' };

/**
 * The life of one worker process, as a machine without clock or process: it is told what happened, and says what to do.
 *
 * | state     | ready     | tells little memory | over `memoryMax` for 10 s | answers nothing 5 s | time is over            | exited |
 * |-----------|-----------|---------------------|---------------------|---------------------|-------------------------|--------|
 * | starting  | listening | -                   | -                   | -                   | 30 s: kill, ending      | ended  |
 * | listening | -         | -                   | drain, draining     | kill, ending        | -                       | ended  |
 * | draining  | -         | empty: stop, ending | empty: stop, ending | kill, ending        | `drainMs`: stop, ending | ended  |
 * | ending    | -         | -                   | -                   | kill                | -                       | ended  |
 *
 * Time is main's own (`OwnTime`): while main itself stalled, no worker was silent.
 */
export class WorkerLife {
  readonly #rules: LifeRules;
  #state: State;
  #pings = 0;
  #pingedMs = Number.NEGATIVE_INFINITY;
  /** When the oldest ping went out that is not answered; null: all are. */
  #silentSinceMs: number | null = null;
  #isHung = false;
  /** Why we ended it; null where it ended by itself. */
  #reason: string | null = null;

  constructor(rules: LifeRules, nowMs: number) {
    this.#rules = rules;
    this.#state = { name: 'starting', sinceMs: nowMs };
  }

  get state(): State['name'] | 'hung' {
    return this.#isHung && this.#state.name !== 'ended' ? 'hung' : this.#state.name;
  }

  /** It may get connections. */
  get takes(): boolean {
    return this.#state.name === 'listening' && !this.#isHung;
  }

  get reason(): string | null {
    return this.#reason;
  }

  ready(nowMs: number): void {
    if (this.#state.name === 'starting') this.#state = { name: 'listening', sinceMs: nowMs };
  }

  /** Any word from it: it is there. */
  answered(): void {
    this.#silentSinceMs = null;
    this.#isHung = false;
  }

  /** `mayDrain`: not now, while another worker starts: they grow alike, and somebody has to take connections. */
  told(rssBytes: number, connections: number, mayDrain: boolean, nowMs: number): readonly LifeAction[] {
    const { memoryMax } = this.#rules;
    const state = this.#state;
    const isSettled = state.name === 'listening' && nowMs - state.sinceMs >= SETTLE_MS;
    if (isSettled && mayDrain && memoryMax > 0 && rssBytes > memoryMax) {
      const reason = `memory ${rssBytes} over limits.workerMemoryMax ${memoryMax}`;
      this.#reason = reason;
      this.#state = { name: 'draining', sinceMs: nowMs };
      return [{ do: 'drain', reason }, ...this.#emptied(connections)];
    }
    return this.#emptied(connections);
  }

  /** To be called some times a second. */
  tick(nowMs: number): readonly LifeAction[] {
    const state = this.#state;
    if (state.name === 'ended') return [];
    if (state.name === 'starting')
      return nowMs - state.sinceMs >= START_MS ? this.#kill(`not ready within ${START_MS} ms`) : [];
    const silentMs = this.#silentSinceMs === null ? 0 : nowMs - this.#silentSinceMs;
    if (silentMs >= HUNG_MS) {
      this.#silentSinceMs = nowMs;
      this.#isHung = true;
      return this.#kill(`no answer for ${HUNG_MS} ms`);
    }
    if (state.name === 'draining' && nowMs - state.sinceMs >= this.#rules.drainMs) return this.#stop();
    if (nowMs - this.#pingedMs < PING_EVERY_MS) return [];
    this.#pingedMs = nowMs;
    this.#silentSinceMs ??= nowMs;
    this.#pings += 1;
    return [{ do: 'ping', id: this.#pings }];
  }

  /** The member ends, so this one does. */
  ending(): void {
    if (this.#state.name !== 'ended') this.#state = { name: 'ending' };
  }

  exited(): void {
    this.#state = { name: 'ended' };
  }

  #emptied(connections: number): readonly LifeAction[] {
    return this.#state.name === 'draining' && connections === 0 ? this.#stop() : [];
  }

  #stop(): readonly LifeAction[] {
    this.#state = { name: 'ending' };
    return [{ do: 'stop' }];
  }

  #kill(reason: string): readonly LifeAction[] {
    this.#reason = reason;
    this.#state = { name: 'ending' };
    return [{ do: 'kill', reason }];
  }
}
