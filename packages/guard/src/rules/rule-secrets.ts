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
function secretReferences(rules: readonly RuleConfig[]): readonly string[] {
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

type Ruled = Pick<GuardConfig, 'publish' | 'play' | 'apps'>;

/** Every list of rules, by the key that it has in a configuration. */
function ruleLists({
  publish,
  play,
  apps,
}: Ruled): readonly (readonly [key: string, rules: readonly RuleConfig[]])[] {
  const ofApps = Object.entries(apps).flatMap(([app, of]) => [
    [`apps.${app}.publish.auth`, of.publish ?? []] as const,
    [`apps.${app}.play.auth`, of.play ?? []] as const,
  ]);
  return [['publish.auth', publish], ['play.auth', play], ...ofApps];
}

/** What stands at all of them now. Those that cannot be read are left out: who makes the rules says so. */
export function readRuleSecrets(config: Ruled, sources: SecretSources = SYSTEM_SECRETS): ReadSecrets {
  const read: Record<string, string> = {};
  for (const reference of ruleLists(config).flatMap(([, rules]) => secretReferences(rules))) {
    try {
      read[reference] = readSecret(reference, sources);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
    }
  }
  return read;
}

/** The lists of rules, such as `publish.auth`, with a key or secret that is another one now, though they name it as before. */
export function listsWithOtherSecrets(
  config: Ruled,
  before: ReadSecrets,
  after: ReadSecrets,
): readonly string[] {
  const isOther = (name: string): boolean => before[name] !== undefined && before[name] !== after[name];
  return ruleLists(config).flatMap(([key, rules]) => (secretReferences(rules).some(isOther) ? [key] : []));
}
