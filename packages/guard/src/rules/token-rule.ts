import { checkNmsSign } from '../tokens/nms-sign.js';
import { Parameters } from '../tokens/parameters.js';
import { checkSignedUrl } from '../tokens/signed-url.js';
import { ALLOW, type Outcome, type Rule, type RuleAsk } from './rule.js';
import type { TokenRuleConfig } from './rule-config.js';

/** `keys`: read already. */
export function tokenRule({ nodeMediaServer, required }: TokenRuleConfig, keys: readonly string[]): Rule {
  return {
    isRequired: required,
    judge({ action, name, scoped, query, client, nowMs }: RuleAsk): Outcome {
      const parameters = new Parameters(query, client.connectQuery);
      const nowS = Math.floor(nowMs / 1000);
      const signed = checkSignedUrl(parameters, { action, name: scoped, ip: client.ip, nowS }, keys);
      const said = signed === 'none' && nodeMediaServer ? checkNmsSign(parameters, name, nowS, keys) : signed;
      if (said === 'valid') return ALLOW;
      return { kind: 'pass', because: said === 'none' ? 'credentials-missing' : said };
    },
  };
}
