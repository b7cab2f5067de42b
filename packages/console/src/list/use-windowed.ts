import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';

/** Rows in the document above and below those in view: for who tabs on, and for fast scrolling. */
const ROWS_AROUND = 12;
/** Of a row that was not measured yet, in letters' heights. */
const ROW_EM = 2.05;

export interface Windowed {
  /** Rows that are to be in the document, with the space before each that stands for rows which are not, px. */
  readonly items: readonly { readonly index: number; readonly gapPx: number }[];
  /** Space behind the last of them, px. */
  readonly restPx: number;
  /** Rows in view; null: none are. */
  readonly inView: { readonly first: number; readonly last: number } | null;
  readonly offsetPx: number;
  readonly isScrolling: boolean;
  /** To be given every row's element as a ref; it has its place in `data-index`. */
  readonly measure: (element: HTMLElement | null) => void;
  readonly scrollTo: (offsetPx: number) => void;
}

/**
 * Which of many rows are in the document: those in view, some around them, and one that is kept although it is not, such as
 * the one that has the focus. Rows are as high as they are. What somebody reads stays where it is while rows come above it;
 * at the very top new rows are shown.
 */
export function useWindowed({
  scroller,
  count,
  idOf,
  kept,
  headPx,
  startPx,
}: {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly count: number;
  /** The same function as long as the rows are the same: else all their places are made up anew. */
  readonly idOf: (index: number) => string;
  /** Index of a row that stays; -1: none. */
  readonly kept: number;
  /** Height of what is above the rows in the scrolled box. */
  readonly headPx: number;
  /** Where to begin. */
  readonly startPx: number;
}): Windowed {
  const [, redraw] = useReducer<number, undefined>((drawn) => drawn + 1, 0);
  const held = useRef<Virtualizer<HTMLElement, HTMLElement> | null>(null);
  const rowPx = ROW_EM * emPx();
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: idOf,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    overscan: ROWS_AROUND,
    scrollMargin: headPx,
    initialOffset: startPx,
    anchorTo: (held.current?.scrollOffset ?? 0) > headPx ? ('end' as const) : ('start' as const),
    rangeExtractor: (range: Parameters<typeof defaultRangeExtractor>[0]) => {
      const shown = defaultRangeExtractor(range);
      return kept < 0 || kept >= count || shown.includes(kept)
        ? shown
        : [...shown, kept].sort((a, b) => a - b);
    },
    onChange: () => redraw(undefined),
  };
  held.current ??= new Virtualizer<HTMLElement, HTMLElement>(options);
  const virtualizer = held.current;
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());

  const items = virtualizer.getVirtualItems();
  const endPx = headPx + virtualizer.getTotalSize();
  const { range } = virtualizer;
  return {
    items: items.map(({ index, start }, at) => ({ index, gapPx: gap(items[at - 1]?.end ?? headPx, start) })),
    restPx: gap(items.at(-1)?.end ?? endPx, endPx),
    inView: range === null || count === 0 ? null : { first: range.startIndex, last: range.endIndex },
    offsetPx: virtualizer.scrollOffset ?? 0,
    isScrolling: virtualizer.isScrolling,
    measure: virtualizer.measureElement,
    scrollTo: (offsetPx) => virtualizer.scrollToOffset(offsetPx),
  };
}

const gap = (from: VirtualItem['end'], to: VirtualItem['start']): number => Math.max(0, to - from);

const emPx = (): number => Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
