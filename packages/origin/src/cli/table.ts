import { createPaint, type Paint, type Style } from './paint.js';
import { printable, textWidth } from './text-width.js';

/** A column's title; numbers read best to the right. */
export type Column = string | { readonly title: string; readonly align: 'left' | 'right' };

/** A cell is text, or text with a style. Control characters in it are made visible. */
export type Cell = string | { readonly text: string; readonly style: Style };

/**
 * A table with aligned columns, a head line, and no lines between: each line ends in `\n`, none in blanks. Rows may be
 * shorter than the head.
 */
export function renderTable(
  head: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint = createPaint(false),
): string {
  const columns = head.map((column) =>
    typeof column === 'string' ? { title: column, align: LEFT } : column,
  );
  const grid = rows.map((row) => columns.map((_, index) => shown(row[index] ?? '')));
  const widths = columns.map(({ title }, index) =>
    Math.max(textWidth(title), ...grid.map((row) => textWidth(row[index]?.text ?? ''))),
  );
  const line = (cells: readonly { readonly text: string; readonly painted: string }[]) =>
    `${cells.map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align ?? LEFT)).join(GAP)}`;
  const titles = columns.map(({ title }) => ({ text: title, painted: paint.bold(title) }));
  const body = grid.map((row) =>
    row.map(({ text, style }) => ({ text, painted: style === undefined ? text : paint[style](text) })),
  );
  return [titles, ...body].map((cells) => `${line(cells).trimEnd()}\n`).join('');
}

const GAP = '  ';
const LEFT = 'left' as const;

function shown(cell: Cell): { readonly text: string; readonly style?: Style } {
  return typeof cell === 'string'
    ? { text: printable(cell) }
    : { text: printable(cell.text), style: cell.style };
}

function pad(cell: { text: string; painted: string }, width: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(width - textWidth(cell.text));
  return align === 'left' ? cell.painted + blanks : blanks + cell.painted;
}
