import { ALLOWED, type Grant, PLAIN_GRANT, type RefusalReason, refusal, type Verdict } from '../verdict.js';
import type { Outcome, Rule, RuleAsk } from './rule.js';

/** How far a list has been gone through. */
interface Way {
  /** Why it is refused where no rule allows it: what the last rule said that knew the client's token, or its address. */
  because: RefusalReason | null;
  /** A rule that had to hold did: where those after it have nothing to say, the end of the list allows. */
  hasHeld: boolean;
  /** Hooks that hear of the end of what others allow. */
  readonly onAllowed: (() => Grant)[];
}

/**
 * Goes through a list of rules in order: the first that allows or denies is the last. A rule that has to hold
 * (`required`) is passed where it holds, and refuses where it does not; those after it decide, or where it is the last
 * one, it does. Where nobody allows, it is refused. At once, unless a rule takes its time.
 */
export function judgeRules(rules: readonly Rule[], ask: RuleAsk): Verdict | Promise<Verdict> {
  const way: Way = { because: null, hasHeld: false, onAllowed: [] };
  return goOn(rules, 0, ask, way);
}

function goOn(rules: readonly Rule[], start: number, ask: RuleAsk, way: Way): Verdict | Promise<Verdict> {
  for (let index = start; index < rules.length; index += 1) {
    const rule = rules[index];
    if (rule === undefined) break;
    const outcome = rule.judge(ask);
    if (outcome instanceof Promise)
      return outcome.then((said) => take(rule, said, way) ?? goOn(rules, index + 1, ask, way));
    const verdict = take(rule, outcome, way);
    if (verdict !== null) return verdict;
  }
  return way.hasHeld && way.because === null ? allow(way) : refusal(way.because ?? 'no-rule-allows');
}

/** Null: the next rule's turn. */
function take(rule: Rule, outcome: Outcome, way: Way): Verdict | null {
  switch (outcome.kind) {
    case 'deny':
      return outcome.refusal;
    case 'allow':
      if (!rule.isRequired) return allow(way, outcome.grant);
      way.hasHeld = true;
      way.because = null;
      return null;
    case 'pass':
      if (outcome.onAllowed !== undefined) way.onAllowed.push(outcome.onAllowed);
      // A token that came and is wrong says more than one that did not come.
      if (outcome.because !== undefined && weightOf(outcome.because) >= weightOf(way.because))
        way.because = outcome.because;
      return rule.isRequired && outcome.because !== undefined ? refusal(outcome.because) : null;
  }
}

function weightOf(reason: RefusalReason | null): number {
  if (reason === null) return 0;
  if (reason === 'address-not-allowed') return 1;
  return reason === 'credentials-missing' ? 2 : 3;
}

function allow(way: Way, own?: Grant): Verdict {
  const grants = [...(own === undefined ? [] : [own]), ...way.onAllowed.map((make) => make())];
  const [first] = grants;
  if (first === undefined) return ALLOWED;
  return { allowed: true, grant: grants.length === 1 ? first : together(grants) };
}

function together(grants: readonly Grant[]): Grant {
  const named = grants.find(({ name }) => name !== undefined) ?? PLAIN_GRANT;
  return {
    ...(named.name === undefined ? {} : { name: named.name }),
    keepsHere: grants.some(({ keepsHere }) => keepsHere),
    ended: () => {
      for (const grant of grants) grant.ended();
    },
    onRevoked: (listener) => {
      let isRevoked = false;
      const once = (text: string): void => {
        if (!isRevoked) listener(text);
        isRevoked = true;
      };
      for (const grant of grants) grant.onRevoked(once);
    },
  };
}
