import { relative } from 'node:path';
import type { MutantResult } from '@stryker-mutator/api/core';

export interface Verdict {
  /** `file:line:column  name of the change  what stands there instead`, for each change that no test noticed. */
  readonly survivors: readonly string[];
  readonly noticed: number;
  /** Marked in the code, with the reason, as changing nothing that counts (`// Stryker disable`). */
  readonly equivalent: number;
  /** Noticed of those that count, percent; 100 where none counts. */
  readonly score: number;
}

/** Longest replacement that is shown, characters. */
const REPLACEMENT_MAX = 100;

/** What a mutation run says of the tests. A test run that never ends has noticed the change, too. */
export function judge(results: readonly MutantResult[]): Verdict {
  const survived = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  const noticed = results.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const equivalent = results.filter(({ status }) => status === 'Ignored').length;
  const total = noticed + survived.length;
  return {
    survivors: survived.map(lineOf).sort((a, b) => a.localeCompare(b, 'en', { numeric: true })),
    noticed,
    equivalent,
    score: total === 0 ? 100 : (100 * noticed) / total,
  };
}

function lineOf({ fileName, location, mutatorName, replacement, status }: MutantResult): string {
  const { line, column } = location.start;
  const text = (replacement ?? '').replace(/\s+/g, ' ');
  const shown = text.length > REPLACEMENT_MAX ? `${text.slice(0, REPLACEMENT_MAX)}...` : text;
  const why = status === 'NoCoverage' ? '  (no test reaches it)' : '';
  return `${relative(process.cwd(), fileName)}:${line}:${column}  ${mutatorName}  ${shown}${why}`;
}
