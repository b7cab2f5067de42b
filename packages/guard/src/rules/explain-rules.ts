import type { Action } from '../ask.js';
import { AddressList } from './address-list.js';
import type { GuardConfig, RuleConfig } from './rule-config.js';

/** What the rules say of a client of which nothing but its address is known. */
export interface RulesExplained {
  /**
   * `open`: there are no rules. `allowed`, `refused`: whatever else it brings. `depends`: on a token that it brings, on what
   * a hook says, or on an address that is not known.
   */
  readonly decision: 'open' | 'allowed' | 'refused' | 'depends';
  /** Where the rules stand in the configuration, such as `apps.live.play.auth`. */
  readonly place: string;
  /** A sentence for each rule that would be looked at, in order, and one for the end of the list. Holds no keys. */
  readonly sentences: readonly string[];
}

/** Why a rule is the last that counts, or that the next one does. */
type Step = { readonly text: string } & (
  | { readonly next: 'stop'; readonly decision: 'allowed' | 'refused' }
  /** It decides for some: for the others the next rule does. */
  | {
      readonly next: 'go-on';
      readonly isOpen: boolean;
      /** `holds`: it had to, and did. `objects`: it would refuse, where no later rule allows. */
      readonly says: 'holds' | 'objects' | 'nothing';
    }
  /** It decides for everybody, and how is not known here. */
  | { readonly next: 'unknown' }
);

/** Goes through the rules as a guard does, without a token, and without asking anybody. `ip`: absent: not known. */
export function explainRules(
  config: Pick<GuardConfig, 'publish' | 'play' | 'apps'>,
  { action, app, ip }: { readonly action: Action; readonly app: string; readonly ip?: string },
): RulesExplained {
  const { place, rules } = rulesOf(config, action, app);
  if (rules.length === 0)
    return { decision: 'open', place, sentences: [`There are no rules for ${action}: everybody may.`] };
  const sentences: string[] = [];
  let isOpen = false;
  let isHeld = false;
  for (const [index, rule] of rules.entries()) {
    const step = explainRule(rule, action, ip);
    sentences.push(`Rule ${index + 1} of ${place} (${nameOf(rule)}) ${step.text}.`);
    if (step.next === 'unknown') return { decision: 'depends', place, sentences };
    if (step.next === 'stop') return { decision: isOpen ? 'depends' : step.decision, place, sentences };
    isOpen ||= step.isOpen;
    if (step.says !== 'nothing') isHeld = step.says === 'holds';
  }
  sentences.push(
    isHeld
      ? 'At the end of the list it is allowed, since a rule that has to hold did.'
      : 'Who was allowed by none of them is refused.',
  );
  return { decision: isOpen ? 'depends' : isHeld ? 'allowed' : 'refused', place, sentences };
}

/** As the guard picks them: those of the app, else of its part before the first slash, else those for all. */
function rulesOf(config: Pick<GuardConfig, 'publish' | 'play' | 'apps'>, action: Action, app: string) {
  const root = app.split('/', 1)[0] ?? '';
  for (const name of [app, root]) {
    const rules = Object.hasOwn(config.apps, name) ? config.apps[name]?.[action] : undefined;
    if (rules !== undefined) return { place: `apps.${name}.${action}.auth`, rules };
  }
  return { place: `${action}.auth`, rules: config[action] };
}

const nameOf = (rule: RuleConfig): string =>
  'required' in rule && rule.required ? `${rule.kind}, required` : rule.kind;

function explainRule(rule: RuleConfig, action: Action, ip: string | undefined): Step {
  switch (rule.kind) {
    case 'allow': {
      const list = listed(rule.addresses);
      const goesOn = rule.required ? 'the next rule decides' : 'it is allowed';
      if (ip === undefined)
        return {
          next: 'go-on',
          isOpen: true,
          says: rule.required ? 'holds' : 'objects',
          text: `is for ${list}: from there ${goesOn}`,
        };
      const isAmong = new AddressList(rule.addresses).has(ip);
      if (isAmong && rule.required)
        return { next: 'go-on', isOpen: false, says: 'holds', text: `holds: ${ip} is one of ${list}` };
      if (isAmong) return { next: 'stop', decision: 'allowed', text: `allows it: ${ip} is one of ${list}` };
      return rule.required
        ? { next: 'stop', decision: 'refused', text: `refuses it: ${ip} is none of ${list}` }
        : {
            next: 'go-on',
            isOpen: false,
            says: 'objects',
            text: `does not concern it: ${ip} is none of ${list}`,
          };
    }
    case 'deny': {
      const list = listed(rule.addresses);
      if (ip === undefined)
        return { next: 'go-on', isOpen: true, says: 'nothing', text: `refuses those from ${list}` };
      return new AddressList(rule.addresses).has(ip)
        ? { next: 'stop', decision: 'refused', text: `refuses it: ${ip} is one of ${list}` }
        : {
            next: 'go-on',
            isOpen: false,
            says: 'nothing',
            text: `does not concern it: ${ip} is none of ${list}`,
          };
    }
    case 'token':
      return credential(rule, `a token signed by ${count(rule.keys.length, 'key')} of this member`);
    case 'jwt':
      return credential(
        rule,
        `a JWT signed by ${rule.jwks === undefined ? count(rule.keys.length, 'key') : 'a key of its JWKS'}`,
      );
    case 'hook': {
      const urls = rule.urls[action]?.length ?? 0;
      const connect = rule.urls.connect?.length ?? 0;
      if (urls + connect === 0)
        return { next: 'go-on', isOpen: false, says: 'nothing', text: `is asked nothing about ${action}` };
      const failing = rule.onFailure === 'allow' ? 'allowed' : 'refused';
      return {
        next: 'unknown',
        text: `decides: ${count(Math.max(urls, connect), 'URL')} asked, ${rule.timeoutMs} ms at most; where no answer comes it is ${failing}`,
      };
    }
  }
}

function credential(rule: { readonly required: boolean }, what: string): Step {
  return rule.required
    ? {
        next: 'go-on',
        isOpen: true,
        says: 'holds',
        text: `refuses whoever comes without ${what}; who has one goes on`,
      }
    : { next: 'go-on', isOpen: true, says: 'objects', text: `allows whoever comes with ${what}` };
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Addresses that are shown of one rule. */
const SHOWN_MAX = 5;

function listed(addresses: readonly string[]): string {
  const more = addresses.length - SHOWN_MAX;
  return `${addresses.slice(0, SHOWN_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
