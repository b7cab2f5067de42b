import type { GuardConfig, RuleConfig } from './rule-config.js';
import {
  isReference,
  type ReadSecrets,
  readSecret,
  SecretError,
  type SecretSources,
  SYSTEM_SECRETS,
} from './secret.js';

/** Every `file:/path` and `env:NAME` that these rules name in the place of a secret, a key or a JWKS. */
export function secretReferences(rules: readonly RuleConfig[]): readonly string[] {
  return rules.flatMap(textsOf).filter(isReference);
}

function textsOf(rule: RuleConfig): readonly string[] {
  switch (rule.kind) {
    case 'token':
      return rule.keys;
    case 'jwt':
      return rule.jwks === undefined ? rule.keys : [...rule.keys, rule.jwks];
    case 'hook':
      return rule.secret === undefined ? [] : [rule.secret];
    default:
      return [];
  }
}

/** What stands at all of them now. Those that cannot be read are left out: who makes the rules says so. */
export function readRuleSecrets(
  { publish, play, apps }: Pick<GuardConfig, 'publish' | 'play' | 'apps'>,
  sources: SecretSources = SYSTEM_SECRETS,
): ReadSecrets {
  const lists = [publish, play, ...Object.values(apps).flatMap((app) => [app.publish ?? [], app.play ?? []])];
  const read: Record<string, string> = {};
  for (const reference of lists.flatMap(secretReferences)) {
    try {
      read[reference] = readSecret(reference, sources);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
    }
  }
  return read;
}
