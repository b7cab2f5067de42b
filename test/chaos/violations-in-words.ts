import { seconds, type Violation } from './event-log.js';

/** Violations of one kind that come within this time are told together: most hit several players at once. */
const TOGETHER_MS = 1500;
const NAMES_MAX = 5;

interface Group {
  readonly first: Violation;
  readonly kind: string;
  readonly who: Set<string>;
  count: number;
}

/** One line for each kind of violation and time, with whom it hit. */
export function violationsInWords(violations: readonly Violation[]): readonly string[] {
  const groups: Group[] = [];
  for (const violation of [...violations].sort((a, b) => a.atMs - b.atMs)) {
    const kind = `${violation.rule} ${violation.what.replaceAll(/\d+(\.\d+)?/g, 'N').replace(/^(video|audio)\b/, 'T')}`;
    const group = groups.find((each) => each.kind === kind && violation.atMs - each.first.atMs < TOGETHER_MS);
    if (group === undefined) groups.push({ first: violation, kind, who: new Set([violation.who]), count: 1 });
    else {
      group.who.add(violation.who);
      group.count += 1;
    }
  }
  return groups.map(({ first: { atMs, rule, what }, who, count }) => {
    const names = [...who].slice(0, NAMES_MAX).join('; ');
    const more = who.size > NAMES_MAX ? `; and ${who.size - NAMES_MAX} more` : '';
    const times = count > who.size ? `, ${count} times` : '';
    return `at ${seconds(atMs)} s, ${rule}: ${what}${times}: ${names}${more}`;
  });
}
