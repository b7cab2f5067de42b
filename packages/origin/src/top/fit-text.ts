import { printable, textWidth } from '../cli/text-width.js';

/** A text in so many columns of a terminal at most; what was cut off is told by `…`. Nothing in it is obeyed. */
export function cutText(text: string, columns: number): string {
  const shown = printable(text);
  if (textWidth(shown) <= columns) return shown;
  if (columns <= 0) return '';
  let [cut, width] = ['', 0];
  for (const character of shown) {
    const next = width + textWidth(character);
    if (next > columns - 1) break;
    cut += character;
    width = next;
  }
  return `${cut}…`;
}

/** The same in exactly so many columns. */
export function fitText(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutText(text, columns);
  const blanks = ' '.repeat(Math.max(0, columns - textWidth(cut)));
  return align === 'left' ? cut + blanks : blanks + cut;
}
