import type { HookEvent } from '../hook/hook-event.js';
import type { ReadSecrets } from './secret.js';

/** Whether a rule allows by itself where it holds, or has to hold, and those after it decide. */
export interface Requirable {
  readonly required: boolean;
}

export interface AddressRuleConfig extends Requirable {
  readonly kind: 'allow' | 'deny';
  /** IP addresses, networks (`10.0.0.0/8`, `2001:db8::/32`), or `all`. */
  readonly addresses: readonly string[];
}

export interface TokenRuleConfig extends Requirable {
  readonly kind: 'token';
  /** Each a text, `file:/path` or `env:NAME`. */
  readonly keys: readonly string[];
  /** Whether `sign=EXP-MD5` counts too. */
  readonly nodeMediaServer: boolean;
}

export const JWT_ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const;
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

export interface JwtRuleConfig extends Requirable {
  readonly kind: 'jwt';
  /** Secrets or public keys in PEM, each as it is, `file:/path` or `env:NAME`. */
  readonly keys: readonly string[];
  /** `file:/path` or a URL, in place of `keys`. */
  readonly jwks?: string;
  /** Empty: those that the keys are made for, of a JWKS all but HS256. */
  readonly algorithms: readonly JwtAlgorithm[];
  /** One of them has to be in `aud`; empty: `aud` is not looked at. */
  readonly audience: readonly string[];
  readonly issuer: readonly string[];
  readonly actionsClaim: string;
  readonly streamsClaim: string;
  /** By how much clocks may differ, s. */
  readonly leewayS: number;
  /** After how long a JWKS URL is asked again, ms. */
  readonly refreshMs: number;
}

export interface HookRuleConfig {
  readonly kind: 'hook';
  readonly format: 'srs' | 'nginx-rtmp';
  /** URLs to ask or tell, in this order. */
  readonly urls: Readonly<Partial<Record<HookEvent, readonly string[]>>>;
  /** From asking to the whole answer, waiting included. */
  readonly timeoutMs: number;
  /** What no answer means. */
  readonly onFailure: 'refuse' | 'allow';
  readonly concurrency: number;
  readonly queueMax: number;
  /** Signs each body; a text, `file:/path` or `env:NAME`. */
  readonly secret?: string;
  readonly updateMs: number;
  /** For how long an end is told again and again to a hook that does not answer, ms. */
  readonly retryMs: number;
  /** Whether a client that is redirected is asked about before it as well. */
  readonly askBeforeRedirect: boolean;
}

/** One rule, checked. Plain data: it goes from process to process as JSON. */
export type RuleConfig = AddressRuleConfig | TokenRuleConfig | JwtRuleConfig | HookRuleConfig;

/** Everything that a guard is made of. Plain data. */
export interface GuardConfig {
  /** This member's id: relay proofs and hooks name it. */
  readonly member: string;
  readonly publish: readonly RuleConfig[];
  readonly play: readonly RuleConfig[];
  /** Lists by app name; each takes the place of the list for all. */
  readonly apps: Readonly<
    Record<string, { readonly publish?: readonly RuleConfig[]; readonly play?: readonly RuleConfig[] }>
  >;
  /**
   * What stood at the references (`file:/path`, `env:NAME`) when the configuration was read: it counts, so that all processes of
   * a member have the same keys, whenever they start. Absent: they are read when the rules are made.
   */
  readonly secrets?: ReadSecrets;
  readonly refusalsPerAddressPerMinute: number;
  /** As `relayKeysOf` makes them; the first signs, each is accepted; empty: members prove nothing. */
  readonly relayKeys: readonly string[];
}
