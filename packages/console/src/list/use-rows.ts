import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { controlsIn } from '../focus/focus-place.js';
import { useKept } from '../state/use-kept.js';
import { type RowTarget, rowTargetOf } from './row-keys.js';
import { useWindowed, type Windowed } from './use-windowed.js';

export interface Rows extends Windowed {
  readonly scroller: RefObject<HTMLElement | null>;
  /** Somebody is about to scroll. */
  readonly onMove: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocusIn: (event: FocusEvent) => void;
  readonly onFocusOut: (event: FocusEvent) => void;
}

/**
 * Rows of a list in a box of their own that scrolls: the keyboard goes from row to row, the row with the focus stays in the
 * document wherever it is, and who goes back finds the box scrolled as they left it. Each row has its place in `data-index`.
 */
export function useRows({
  count,
  idOf,
  query = '',
  headPx = 0,
  onSee,
}: {
  readonly count: number;
  readonly idOf: (index: number) => string;
  /** What the rows are: of others the box is not scrolled to where it was. */
  readonly query?: string;
  readonly headPx?: number;
  /** Told after each drawing which rows are in view. */
  readonly onSee?: (first: number, last: number) => void;
}): Rows {
  const scroller = useRef<HTMLElement>(null);
  const kept = useKept('scrolled', { query, px: 0 });
  const startPx = kept.peek().query === query ? kept.peek().px : 0;
  // Where somebody comes back to, as long as the rows up to there are not all read; 0: they are, or they went elsewhere.
  const returnPx = useRef(startPx);
  const focused = useSignal<string | null>(null);
  const goal = useRef<RowTarget | null>(null);
  const stays = focused.value === null ? -1 : indexOfId(count, idOf, focused.value);
  const windowed = useWindowed({ scroller, count, idOf, kept: stays, headPx, startPx });
  const { inView, isScrolling, offsetPx } = windowed;
  useLayoutEffect(() => {
    if (inView !== null) onSee?.(inView.first, inView.last);
  });
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null || count === 0) return;
    if (returnPx.current > 0) {
      if (box.scrollHeight < returnPx.current + box.clientHeight) return;
      if (Math.abs(offsetPx - returnPx.current) > 1) windowed.scrollTo(returnPx.current);
      returnPx.current = 0;
    } else if (!isScrolling) kept.value = { query, px: Math.round(offsetPx) };
  }, [isScrolling, offsetPx, count]);
  const onMove = (): void => {
    returnPx.current = 0;
  };
  useLayoutEffect(() => {
    if (goal.current !== null && takeFocus(scroller.current, goal.current)) goal.current = null;
  });
  return {
    ...windowed,
    scroller,
    onMove,
    scrollTo: (offsetPx) => {
      onMove();
      windowed.scrollTo(offsetPx);
    },
    onKeyDown: (event) => {
      onMove();
      const rowsInView = inView === null ? 1 : Math.max(1, inView.last - inView.first - 1);
      const to = rowTargetOf(event, count, rowsInView);
      if (to === null) return;
      event.preventDefault();
      if (takeFocus(scroller.current, to)) return;
      // It is drawn as the one with the focus, and takes that then.
      goal.current = to;
      focused.value = idOf(to.index);
    },
    onFocusIn: ({ target }) => {
      const row = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-index]') : null;
      goal.current = null;
      focused.value = row === null ? null : idOf(Number(row.dataset.index));
    },
    onFocusOut: ({ relatedTarget }) => {
      // Where a dialog takes it, it comes back.
      const isBack = relatedTarget instanceof HTMLElement && relatedTarget.closest('dialog') !== null;
      if (goal.current === null && !isBack && document.querySelector('dialog[open]') === null)
        focused.value = null;
    },
  };
}

/** False: the row is not in the document. */
function takeFocus(box: HTMLElement | null, { index, control }: RowTarget): boolean {
  const row = box?.querySelector<HTMLElement>(`[data-index="${index}"]`);
  if (row === null || row === undefined) return false;
  const controls = controlsIn(row);
  (controls[control] ?? controls[0])?.focus();
  return true;
}

function indexOfId(count: number, idOf: (index: number) => string, id: string): number {
  for (let index = 0; index < count; index += 1) if (idOf(index) === id) return index;
  return -1;
}
