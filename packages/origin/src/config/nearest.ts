/**
 * What somebody who wrote `word` most likely meant: the candidates with the fewest letters to change, all of them where
 * several are equally near; none where nothing is near. Case, `-` and `_` do not count.
 */
export function nearest(word: string, candidates: Iterable<string>): readonly string[] {
  const wanted = normalized(word);
  let best: string[] = [];
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3));
  for (const candidate of candidates) {
    const distance = editDistance(wanted, normalized(candidate));
    if (distance > bestDistance) continue;
    best = distance === bestDistance ? [...best, candidate] : [candidate];
    bestDistance = distance;
  }
  return best;
}

/** ` did you mean A or B?`, or nothing. */
export function didYouMean(names: readonly string[]): string {
  if (names.length === 0) return '';
  const last = names.at(-1);
  return `; did you mean ${names.length === 1 ? last : `${names.slice(0, -1).join(', ')} or ${last}`}?`;
}

/** Longest word compared: what is longer is nobody's slip of the pen. */
const WORD_LENGTH_MAX = 100;

function normalized(word: string): string {
  return word.slice(0, WORD_LENGTH_MAX).toLowerCase().replace(/[-_]/g, '');
}

/** Insertions, deletions, changes and swaps of neighbours that make `b` of `a` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + change,
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
