export type { Action, Ask, ClientAbout } from './ask.js';
export { createGuard, type Guard, GuardConfigError, type GuardedClient, OPEN_GUARD } from './guard.js';
export type { GuardLog } from './guard-log.js';
export { relayKeysOf } from './relay-proof.js';
export { readRules } from './rules/read-rules.js';
export type { GuardConfig, RuleConfig } from './rules/rule-config.js';
export { scopedName } from './tokens/scoped-name.js';
export { type SignedScope, signedQuery } from './tokens/signed-url.js';
export { type Grant, REFUSAL_REASONS, type Refusal, type RefusalReason, type Verdict } from './verdict.js';
