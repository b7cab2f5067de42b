import { refusal } from '../verdict.js';
import { AddressList } from './address-list.js';
import { ALLOW, type Outcome, PASS, type Rule, type RuleAsk } from './rule.js';
import type { AddressRuleConfig } from './rule-config.js';

const DENIED: Outcome = { kind: 'deny', refusal: refusal('address-denied') };
const NOT_AMONG: Outcome = { kind: 'pass', because: 'address-not-allowed' };

export function addressRule({ kind, addresses, required }: AddressRuleConfig): Rule {
  const list = new AddressList(addresses);
  return {
    isRequired: required,
    judge({ client }: RuleAsk) {
      const isAmong = list.has(client.ip);
      if (kind === 'allow') return isAmong ? ALLOW : NOT_AMONG;
      return isAmong ? DENIED : PASS;
    },
  };
}
