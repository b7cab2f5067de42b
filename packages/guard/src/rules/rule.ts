import type { ClientAsk } from '../ask.js';
import type { HookClient } from '../hook/hook-client.js';
import type { Grant, Refusal, RefusalReason } from '../verdict.js';

/** What a rule says of one ask. `pass`: it is not this rule's to decide; `because`: what it would refuse it for. */
export type Outcome =
  | { readonly kind: 'allow'; readonly grant?: Grant }
  | { readonly kind: 'deny'; readonly refusal: Refusal }
  | { readonly kind: 'pass'; readonly because?: RefusalReason; readonly onAllowed?: () => Grant };

/** An ask as rules judge it. */
export interface RuleAsk extends ClientAsk {
  /** As `scopedName` writes it. */
  readonly scoped: string;
  /** Unix time, ms. */
  readonly nowMs: number;
  /** What hooks were told of this client. */
  readonly hooks: HookClient;
}

/** One rule of a list. Answers at once where it can. Never rejects. */
export interface Rule {
  /** It has to hold, and the next one as well. */
  readonly isRequired: boolean;
  judge(ask: RuleAsk): Outcome | Promise<Outcome>;
  /** Lets go of what it holds; ends that are still to be told are the hooks' desk's. */
  close?(): void;
}

export const ALLOW: Outcome = { kind: 'allow' };
export const PASS: Outcome = { kind: 'pass' };
