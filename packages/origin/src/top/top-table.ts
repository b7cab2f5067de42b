import type { Paint, Style } from '../cli/paint.js';
import { printable, textWidth } from '../cli/text-width.js';
import { fitText } from './fit-text.js';

/** One column of a view. */
export interface TopColumn<R> {
  readonly title: string;
  /** A number is shown to the right. */
  readonly align?: 'left' | 'right';
  /** Those with the greatest go first where there is no room for all; 0: stays, and is cut. */
  readonly rank: number;
  text(row: R): string;
  style?(row: R): Style | undefined;
  /** What rows are sorted by, numbers from the greatest on; absent: the text. */
  order?(row: R): number;
}

const GAP = 1;
/** A column that is cut has at least so many columns of the terminal. */
const NARROWEST = 18;

/** Rows in the order of one column. Equal ones keep their order. */
export function sortRows<R>(
  rows: readonly R[],
  column: TopColumn<R> | undefined,
  isReversed: boolean,
): readonly R[] {
  if (column === undefined) return rows;
  const { order } = column;
  const compare =
    order === undefined
      ? (a: R, b: R) => compareText(column.text(a), column.text(b))
      : (a: R, b: R) => order(b) - order(a);
  return [...rows].sort(isReversed ? (a, b) => compare(b, a) : compare);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * A head and rows, each exactly `width` columns wide: columns that there is no room for are left out, those of rank 0 cut.
 * Widths come from all rows, so that nothing moves while one scrolls. `sorted`: the column whose title is marked.
 */
export function renderRows<R>(
  columns: readonly TopColumn<R>[],
  rows: readonly R[],
  shown: readonly R[],
  width: number,
  paint: Paint,
  sorted: { readonly column: TopColumn<R> | undefined; readonly isReversed: boolean },
): readonly string[] {
  const wanted = columns.map((column) => ({
    column,
    width: Math.max(
      textWidth(column.title) + 1,
      ...rows.map((row) => textWidth(printable(column.text(row)))),
    ),
  }));
  const fitted = fitColumns(wanted, width);
  const title = ({ column, width: columnWidth }: Fitted<R>): string => {
    const mark = column === sorted.column ? (sorted.isReversed ? '▴' : '▾') : '';
    return fitText(`${column.title}${mark}`, columnWidth, column.align);
  };
  const head = paint.bold(fitText(fitted.map(title).join(' '.repeat(GAP)), width));
  const lines = shown.map((row) => {
    const cells = fitted.map(({ column, width: columnWidth }) => {
      const text = fitText(column.text(row), columnWidth, column.align);
      const style = column.style?.(row);
      return style === undefined ? text : paint[style](text);
    });
    const used = fitted.reduce((sum, one) => sum + one.width + GAP, -GAP);
    return cells.join(' '.repeat(GAP)) + ' '.repeat(Math.max(0, width - used));
  });
  return [head, ...lines];
}

interface Fitted<R> {
  readonly column: TopColumn<R>;
  readonly width: number;
}

function fitColumns<R>(wanted: readonly Fitted<R>[], width: number): readonly Fitted<R>[] {
  let kept = wanted;
  const least = ({ column, width: own }: Fitted<R>): number =>
    column.rank === 0 ? Math.min(own, NARROWEST) : own;
  const sum = (all: readonly Fitted<R>[], of: (one: Fitted<R>) => number): number =>
    all.reduce((total, one) => total + of(one) + GAP, -GAP);
  while (kept.length > 1 && sum(kept, least) > width) {
    const last = kept.reduce((one, other) => (other.column.rank >= one.column.rank ? other : one));
    kept = kept.filter((one) => one !== last);
  }
  let over = sum(kept, (one) => one.width) - width;
  // The widest that may be cut gives first.
  const cut = new Map(kept.map((one) => [one, one.width]));
  while (over > 0) {
    const [widest] = kept
      .filter((one) => one.column.rank === 0)
      .sort((a, b) => (cut.get(b) ?? 0) - (cut.get(a) ?? 0));
    const now = widest === undefined ? 0 : (cut.get(widest) ?? 0);
    if (widest === undefined || now <= 1) break;
    cut.set(widest, now - 1);
    over -= 1;
  }
  return kept.map((one) => ({ column: one.column, width: cut.get(one) ?? one.width }));
}
