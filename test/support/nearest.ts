/** How many letters must be put in, taken out, changed or swapped with the next to make one word of the other. */
function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let index = 1; index <= one.length; index += 1) {
    const [above = [], row] = [rows[index - 1], [index]];
    for (let at = 1; at <= other.length; at += 1) {
      const changed = (above[at - 1] ?? 0) + (one[index - 1] === other[at - 1] ? 0 : 1);
      const isSwapped = one[index - 1] === other[at - 2] && one[index - 2] === other[at - 1];
      const swapped = isSwapped ? (rows[index - 2]?.[at - 2] ?? 0) + 1 : changed;
      row.push(Math.min(changed, swapped, (above[at] ?? 0) + 1, (row[at - 1] ?? 0) + 1));
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}

/** The word that was probably meant; null where none is like it. */
export function nearest(written: string, words: readonly string[]): string | null {
  const [best] = words
    .map((word) => ({ word, distance: distance(written, word) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(1, Math.floor(written.length / 3)) ? best.word : null;
}
