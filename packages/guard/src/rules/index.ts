/** What the configuration needs of rules, without what runs them. */
export { explainRules } from './explain-rules.js';
export type { RuleProblem } from './field-reader.js';
export { readRules } from './read-rules.js';
export type { RuleConfig } from './rule-config.js';
export { readSecret, SecretError, type SecretSources } from './secret.js';
