import { controlsIn } from '../focus/focus-place.js';

/** Where in a list of rows the focus is to go. */
export interface RowTarget {
  readonly index: number;
  /** Of the control in the row. */
  readonly control: number;
}

/**
 * Where a key leads from a control in a row: up and down to the same control of the row before and after it, a page's rows
 * further, to the first row or to the last one that is there. Null: the key is for somebody else.
 */
export function rowTargetOf(event: KeyboardEvent, count: number, pageRows: number): RowTarget | null {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return null;
  if (!(target instanceof HTMLElement) || target.matches('input, select, textarea')) return null;
  const row = target.closest<HTMLElement>('[data-index]');
  if (row === null || count === 0) return null;
  const at = Number(row.dataset.index);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, PageUp: at - pageRows, PageDown: at + pageRows }[key];
  const index = key === 'Home' ? 0 : key === 'End' ? count - 1 : to;
  if (index === undefined) return null;
  return {
    index: Math.min(Math.max(index, 0), count - 1),
    control: Math.max(0, controlsIn(row).indexOf(target)),
  };
}
