import type { StreamName } from '@headwater/directory';

/** Why a client is refused, with the sentence that it is told. The codes are stable: logs and HTTP answers carry them. */
export const REFUSALS = {
  'address-denied': [403, 'this address may not'],
  'address-not-allowed': [403, 'this address is not one of those that may'],
  'no-rule-allows': [403, 'no rule allows it'],
  'origin-foreign': [403, 'a page of this origin may not publish here (publish.origins)'],
  'query-too-long': [403, 'the parameters are too long'],
  'credentials-missing': [401, 'a token is needed, and none came'],
  'token-form': [403, 'the token is not written as one'],
  'token-twice': [403, 'the token, or a part of it, came twice'],
  'token-signature': [403, 'the token was not signed for this, or by another key'],
  'token-expired': [403, 'the token has expired'],
  'token-stream': [403, 'the token is for other streams'],
  'token-address': [403, 'the token is for another address'],
  'jwt-form': [403, 'the JWT is not written as one'],
  'jwt-twice': [403, 'more than one JWT came'],
  'jwt-algorithm': [403, 'the algorithm of the JWT is not taken here'],
  'jwt-signature': [403, 'the JWT was signed by another key'],
  'jwt-expired': [403, 'the JWT has expired'],
  'jwt-not-yet': [403, 'the JWT is not valid yet'],
  'jwt-audience': [403, 'the JWT is for another audience'],
  'jwt-issuer': [403, 'the JWT is from another issuer'],
  'jwt-action': [403, 'the JWT does not allow this action'],
  'jwt-stream': [403, 'the JWT is for other streams'],
  'jwt-keys-unavailable': [503, 'the keys for the JWT could not be had; try again later'],
  'hook-refused': [403, 'the hook said no'],
  'hook-failed': [503, 'the hook gave no answer; try again later'],
  'hook-busy': [503, 'too many wait for the hook; try again later'],
  'hook-name': [503, 'the hook renamed the stream to what is no name'],
  'refusals-per-address': [
    429,
    'this address was refused too often (limits.refusalsPerAddressPerMinute); wait some seconds',
  ],
  fault: [503, 'a fault of this member, whose log says more'],
} as const satisfies Record<string, readonly [status: 401 | 403 | 429 | 503, text: string]>;

export type RefusalReason = keyof typeof REFUSALS;

/** What an allowed client got, and how its end is told. */
export interface Grant {
  /** The stream that it is to have instead of the one it named. */
  readonly name?: StreamName;
  /** A hook was asked and hears of the end, so this member is to serve the client itself rather than to redirect it. */
  readonly keepsHere: boolean;
  /** What was allowed is over, or never began. Only the first call counts. */
  ended(): void;
  /** Calls back, once at most, when the allowance is taken back. Not after `ended`. */
  onRevoked(listener: (text: string) => void): void;
}

export interface Refusal {
  readonly allowed: false;
  readonly reason: RefusalReason;
  /** HTTP's status; WebSocket closes with 4000 and the same. */
  readonly status: 401 | 403 | 429 | 503;
  /** A sentence for people. Holds nothing that the client sent. */
  readonly text: string;
}

export type Verdict = { readonly allowed: true; readonly grant: Grant } | Refusal;

export function refusal(reason: RefusalReason): Refusal {
  const [status, text] = REFUSALS[reason];
  return { allowed: false, reason, status, text };
}

/** Allowed by rules that hear of no end. */
export const PLAIN_GRANT: Grant = { keepsHere: false, ended: () => {}, onRevoked: () => {} };
export const ALLOWED: Verdict = { allowed: true, grant: PLAIN_GRANT };

/** Every reason there is. */
export const REFUSAL_REASONS: ReadonlySet<string> = new Set(Object.keys(REFUSALS));
