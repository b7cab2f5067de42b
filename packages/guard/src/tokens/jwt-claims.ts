import type { Action } from '../ask.js';
import type { JwtRuleConfig } from '../rules/rule-config.js';
import type { RefusalReason } from '../verdict.js';
import { matchesPattern } from './scoped-name.js';

/** What a JWT whose signature is right says, as far as it counts here. */
export interface JwtClaims {
  /** Unix time, s. */
  readonly exp: number;
  readonly nbf: number;
  readonly aud: readonly string[];
  readonly iss: string;
  readonly actions: readonly string[];
  readonly streams: readonly string[];
}

/** Most actions, patterns or audiences of one JWT; the others do not count. */
const LIST_LENGTH_MAX = 64;

/** Reads the payload; null where it is none, or says no `exp`. */
export function readClaims(
  payload: string,
  { actionsClaim, streamsClaim }: Pick<JwtRuleConfig, 'actionsClaim' | 'streamsClaim'>,
): JwtClaims | null {
  let claims: unknown;
  try {
    claims = JSON.parse(payload);
  } catch {
    return null;
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return null;
  const found = new Map<string, unknown>(Object.entries(claims));
  const exp = found.get('exp');
  const nbf = found.get('nbf') ?? 0;
  if (typeof exp !== 'number' || !Number.isFinite(exp) || typeof nbf !== 'number' || !Number.isFinite(nbf))
    return null;
  const iss = found.get('iss');
  return {
    exp,
    nbf,
    aud: textsOf(found.get('aud'), false),
    iss: typeof iss === 'string' ? iss : '',
    actions: textsOf(found.get(actionsClaim), true),
    streams: textsOf(found.get(streamsClaim), true),
  };
}

/** A list, one text, or where `isSplit` one text with blanks between the entries, as OAuth's `scope` has it. */
function textsOf(claim: unknown, isSplit: boolean): readonly string[] {
  const texts = Array.isArray(claim)
    ? claim
    : typeof claim === 'string'
      ? isSplit
        ? claim.split(' ')
        : [claim]
      : [];
  return texts
    .filter((text): text is string => typeof text === 'string' && text !== '')
    .slice(0, LIST_LENGTH_MAX);
}

/** Why these claims do not allow it at this time; null where they do. */
export function claimsProblem(
  claims: JwtClaims,
  { action, scoped, nowS }: { readonly action: Action; readonly scoped: string; readonly nowS: number },
  { audience, issuer, leewayS }: Pick<JwtRuleConfig, 'audience' | 'issuer' | 'leewayS'>,
): RefusalReason | null {
  if (nowS >= claims.exp + leewayS) return 'jwt-expired';
  if (nowS < claims.nbf - leewayS) return 'jwt-not-yet';
  if (audience.length > 0 && !audience.some((one) => claims.aud.includes(one))) return 'jwt-audience';
  if (issuer.length > 0 && !issuer.includes(claims.iss)) return 'jwt-issuer';
  if (!claims.actions.includes(action)) return 'jwt-action';
  return claims.streams.some((pattern) => matchesPattern(pattern, scoped)) ? null : 'jwt-stream';
}
