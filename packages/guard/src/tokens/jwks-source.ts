import type { GuardLog } from '../guard-log.js';
import { callHttp, type HttpAgents } from '../hook/call-http.js';
import { type JwtKey, readJwks } from './jwt-keys.js';

const TIMEOUT_MS = 5000;
const BYTES_MAX = 256 * 1024;
/** Least time between two fetches: tokens with made-up key ids must not become requests. */
const COOLDOWN_MS = 10_000;
/** The same while there are no keys at all. */
const FIRST_COOLDOWN_MS = 1000;

export interface JwksSourceOptions {
  readonly url: string;
  readonly refreshMs: number;
  readonly takesSecrets: boolean;
}

/**
 * The keys at a JWKS URL. They are fetched when first needed, again after `refreshMs` while the old ones count, and for a
 * key id that is not known. While the URL cannot be reached, or answers with no JWKS, the last keys go on counting.
 */
export class JwksSource {
  readonly #options: JwksSourceOptions;
  readonly #agents: HttpAgents;
  readonly #log: GuardLog;
  readonly #now: () => number;
  readonly #onChanged: () => void;
  #keys: readonly JwtKey[] | null = null;
  #text = '';
  /** By `now`. */
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | null = null;

  /** `now`: monotonic ms. `onChanged`: the keys are others. */
  constructor(
    options: JwksSourceOptions,
    parts: { readonly agents: HttpAgents; readonly log: GuardLog; readonly now: () => number },
    onChanged: () => void,
  ) {
    this.#options = options;
    this.#agents = parts.agents;
    this.#log = parts.log;
    this.#now = parts.now;
    this.#onChanged = onChanged;
  }

  /** The keys known, null where there were never any; those that `isMeant` picks are waited for, where that may help. */
  async keys(isMeant: (key: JwtKey) => boolean): Promise<readonly JwtKey[] | null> {
    const isMissing = this.#keys === null || !this.#keys.some(isMeant);
    const waitedMs = this.#now() - this.#triedAtMs;
    const cooldownMs = this.#keys === null ? FIRST_COOLDOWN_MS : COOLDOWN_MS;
    const isDue = waitedMs >= (isMissing ? cooldownMs : this.#options.refreshMs);
    if (isDue) this.#fetching ??= this.#fetch().finally(() => (this.#fetching = null));
    if (isMissing && this.#fetching !== null) await this.#fetching;
    return this.#keys;
  }

  /** Never rejects. */
  async #fetch(): Promise<void> {
    this.#triedAtMs = this.#now();
    const { url, takesSecrets } = this.#options;
    try {
      const answer = await callHttp(
        {
          method: 'GET',
          url,
          headers: { Accept: 'application/json' },
          timeoutMs: TIMEOUT_MS,
          bytesMax: BYTES_MAX,
        },
        this.#agents,
      );
      const keys = answer.status === 200 ? readJwks(answer.body, takesSecrets) : null;
      if (keys === null) throw new Error(`status ${answer.status}, and no JWKS`);
      if (answer.body === this.#text) return;
      this.#text = answer.body;
      this.#keys = keys;
      this.#onChanged();
      this.#log.info({ keys: keys.length }, 'jwks fetched');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn({ reason, keys: this.#keys?.length ?? 0 }, 'jwks not fetched');
    }
  }
}
