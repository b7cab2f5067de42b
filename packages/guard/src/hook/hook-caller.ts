import { createHmac, randomUUID } from 'node:crypto';
import type { HookRuleConfig } from '../rules/rule-config.js';
import { callHttp, closeAgents, createAgents, type HttpAgents } from './call-http.js';
import { CallPool, PoolFullError } from './call-pool.js';
import { type HookAnswer, readNginxAnswer, readSrsAnswer } from './hook-answer.js';
import { type HookFacts, type HookSender, nginxBody, srsBody } from './hook-body.js';
import type { HookEvent } from './hook-event.js';

/** Largest answer that is read. */
const ANSWER_BYTES_MAX = 65_536;
/** Ends that are told at once, beside the asks, which never wait for them. */
const ENDS_AT_ONCE = 16;
/** Sessions that go on are asked about at once, beside those that begin, which never wait for them. */
const UPDATES_AT_ONCE = 16;
/** How long an end may wait for its turn: as long as a timer can. */
const TURN_MS_MAX = 2 ** 31 - 1;
/** Where they fail, an answer of 500 and more is as good as none: ends are told again, a session goes on. */
const IS_TOLD: ReadonlySet<HookEvent> = new Set(['close', 'unpublish', 'stop', 'update']);

/** What came of a call: an answer, none (`failed`), or no turn (`busy`). */
type HookOutcome = 'yes' | 'no' | 'failed' | 'busy';

/** Hears of each call of a hook, waiting for a turn included. Must not throw. */
export type HookListener = (event: HookEvent, outcome: HookOutcome, tookMs: number) => void;

/** Where a URL leads, by which calls are counted: `http://host:port`. */
export const serverOf = (url: string): string => new URL(url).origin;

/** Turns of calls to one server. */
interface Turns {
  readonly asks: CallPool;
  readonly updates: CallPool;
  readonly ends: CallPool;
}

/** Calls the URLs of one hook rule, so many at a time of each server: one that hangs takes no turn of another one's. */
export class HookCaller {
  readonly #config: HookRuleConfig;
  readonly #sender: HookSender;
  readonly #onCalled: HookListener;
  readonly #secret: string | null;
  readonly #agents: HttpAgents;
  readonly #turns = new Map<string, Turns>();

  /** `secret`: read already. */
  constructor(config: HookRuleConfig, secret: string | null, sender: HookSender, onCalled: HookListener) {
    this.#onCalled = onCalled;
    this.#config = config;
    this.#sender = sender;
    this.#secret = secret;
    this.#agents = createAgents(config.concurrency + UPDATES_AT_ONCE + ENDS_AT_ONCE);
  }

  /** Asks one URL. Rejects where no answer came: `HttpCallError`, `PoolFullError`, `TurnTimeoutError`. */
  async ask(url: string, facts: HookFacts): Promise<HookAnswer> {
    const { updates, asks } = this.#turnsOf(url);
    return this.#counted(facts.event, () =>
      (facts.event === 'update' ? updates : asks).run(this.#config.timeoutMs, (leftMs) =>
        this.#call(url, facts, randomUUID(), leftMs),
      ),
    );
  }

  /** Tells one URL; each try of one end has the same id. Rejects as `ask` does. */
  async tell(url: string, facts: HookFacts, id: string): Promise<HookAnswer> {
    return this.#turnsOf(url).ends.run(TURN_MS_MAX, () =>
      this.#counted(facts.event, () => this.#call(url, facts, id, this.#config.timeoutMs)),
    );
  }

  /** One for each server that the configuration names. */
  #turnsOf(url: string): Turns {
    const server = serverOf(url);
    const { concurrency, queueMax } = this.#config;
    const turns = this.#turns.get(server) ?? {
      asks: new CallPool(concurrency, queueMax),
      updates: new CallPool(UPDATES_AT_ONCE, queueMax),
      ends: new CallPool(ENDS_AT_ONCE, Number.POSITIVE_INFINITY),
    };
    this.#turns.set(server, turns);
    return turns;
  }

  async #counted(event: HookEvent, call: () => Promise<HookAnswer>): Promise<HookAnswer> {
    const startMs = performance.now();
    const told = (outcome: HookOutcome): void => this.#onCalled(event, outcome, performance.now() - startMs);
    try {
      const answer = await call();
      told(answer.kind === 'no' ? 'no' : 'yes');
      return answer;
    } catch (error) {
      told(error instanceof PoolFullError ? 'busy' : 'failed');
      throw error;
    }
  }

  /** Calls under way go on. */
  close(): void {
    closeAgents(this.#agents);
  }

  async #call(url: string, facts: HookFacts, id: string, timeoutMs: number): Promise<HookAnswer> {
    const isSrs = this.#config.format === 'srs';
    const body = isSrs ? srsBody(facts, this.#sender) : nginxBody(facts);
    const answer = await callHttp(
      {
        method: 'POST',
        url,
        headers: {
          'Content-Type': isSrs ? 'application/json' : 'application/x-www-form-urlencoded',
          'User-Agent': 'headwater',
          'Headwater-Event': id,
          ...(this.#secret === null ? {} : { 'Headwater-Signature': signatureOf(body, this.#secret) }),
        },
        body,
        timeoutMs: Math.max(1, timeoutMs),
        bytesMax: ANSWER_BYTES_MAX,
      },
      this.#agents,
    );
    if (answer.status >= 500 && IS_TOLD.has(facts.event)) throw new Error(`status ${answer.status}`);
    return isSrs ? readSrsAnswer(answer) : readNginxAnswer(answer);
  }
}

/** `sha256=` and the HMAC-SHA256 of the body, in hex. */
function signatureOf(body: Buffer, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
