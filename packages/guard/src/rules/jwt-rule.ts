import { createHash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { claimsProblem, type JwtClaims, readClaims } from '../tokens/jwt-claims.js';
import type { JwtKey } from '../tokens/jwt-keys.js';
import { jwtOf } from '../tokens/jwt-text.js';
import { type RefusalReason, refusal } from '../verdict.js';
import { ALLOW, type Outcome, type Rule, type RuleAsk } from './rule.js';
import { JWT_ALGORITHMS, type JwtAlgorithm, type JwtRuleConfig } from './rule-config.js';

/** Most JWTs remembered whose signature was right. */
const REMEMBERED_MAX = 10_000;
/** Most keys that one JWT is tried with. */
const TRIED_MAX = 8;

/** Where the keys come from; null where there are none at the moment, and may be later. */
export type JwtKeys = (
  isMeant: (key: JwtKey) => boolean,
) => readonly JwtKey[] | null | Promise<readonly JwtKey[] | null>;

interface Header {
  readonly algorithm: JwtAlgorithm;
  readonly kid: string | undefined;
}

/**
 * Judges JWTs. A signature is verified once and remembered by its hash; the claims are judged each time. Which algorithms
 * count is the keys' word, never the token's: each key has one, so `none` and a public key taken for a secret are nothing.
 */
export class JwtRule implements Rule {
  readonly isRequired: boolean;
  readonly #config: JwtRuleConfig;
  readonly #keys: JwtKeys;
  /** Replaced where the keys change: what is being verified with the old ones then is remembered nowhere. */
  #verified = new Map<string, JwtClaims>();

  constructor(config: JwtRuleConfig, keys: JwtKeys) {
    this.isRequired = config.required;
    this.#config = config;
    this.#keys = keys;
  }

  /** The keys have changed: what was verified with the old ones is verified again. */
  forget(): void {
    this.#verified = new Map();
  }

  judge(ask: RuleAsk): Outcome | Promise<Outcome> {
    const found = jwtOf(ask.query, ask.client);
    if (found === 'none') return { kind: 'pass', because: 'credentials-missing' };
    if (found === 'twice') return { kind: 'pass', because: 'jwt-twice' };
    if (found === 'form') return { kind: 'pass', because: 'jwt-form' };
    const hash = createHash('sha256').update(found.jwt).digest('base64');
    const known = this.#verified.get(hash);
    if (known !== undefined) return this.#judge(known, ask);
    return this.#verify(found.jwt, hash, ask);
  }

  #judge(claims: JwtClaims, { action, scoped, nowMs }: RuleAsk): Outcome {
    const because = claimsProblem(claims, { action, scoped, nowS: nowMs / 1000 }, this.#config);
    return because === null ? ALLOW : { kind: 'pass', because };
  }

  async #verify(jwt: string, hash: string, ask: RuleAsk): Promise<Outcome> {
    const header = this.#header(jwt);
    if (typeof header === 'string') return { kind: 'pass', because: header };
    const isMeant = ({ algorithm, kid }: JwtKey): boolean =>
      algorithm === header.algorithm && (header.kid === undefined || kid === undefined || kid === header.kid);
    const keys = await this.#keys(isMeant);
    const known = this.#verified;
    if (keys === null) return { kind: 'deny', refusal: refusal('jwt-keys-unavailable') };
    for (const { key } of keys.filter(isMeant).slice(0, TRIED_MAX)) {
      const payload = await verified(jwt, key);
      if (payload === null) continue;
      const claims = readClaims(payload, this.#config);
      if (claims === null) return { kind: 'pass', because: 'jwt-form' };
      remember(known, hash, claims);
      return this.#judge(claims, ask);
    }
    return { kind: 'pass', because: 'jwt-signature' };
  }

  #header(jwt: string): Header | RefusalReason {
    try {
      const { alg, kid } = decodeProtectedHeader(jwt);
      // RFC 9864's name for what RFC 8037 calls EdDSA here.
      const name = alg === 'Ed25519' ? 'EdDSA' : alg;
      const algorithm = JWT_ALGORITHMS.find((known) => known === name);
      const { algorithms } = this.#config;
      if (algorithm === undefined || (algorithms.length > 0 && !algorithms.includes(algorithm)))
        return 'jwt-algorithm';
      return { algorithm, kid: typeof kid === 'string' ? kid : undefined };
    } catch {
      return 'jwt-form';
    }
  }
}

function remember(known: Map<string, JwtClaims>, hash: string, claims: JwtClaims): void {
  if (known.size >= REMEMBERED_MAX) {
    for (const oldest of known.keys()) {
      known.delete(oldest);
      break;
    }
  }
  known.set(hash, claims);
}

/** The payload, where the key signed it. */
async function verified(jwt: string, key: JwtKey['key']): Promise<string | null> {
  try {
    const { payload } = await compactVerify(jwt, key);
    return new TextDecoder().decode(payload);
  } catch {
    return null;
  }
}
