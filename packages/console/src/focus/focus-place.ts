/** Where the focus is, with what is needed to find the next best place once that is gone. */
export interface FocusPlace {
  readonly element: HTMLElement;
  /** From the element's parent up to the page's root. */
  readonly around: readonly HTMLElement[];
  readonly row: RowPlace | null;
}

/** One control of a row in a list. */
interface RowPlace {
  readonly list: HTMLElement;
  /** Of the row in the list, as `data-index` says it. */
  readonly index: number;
  /** Of the control in the row. */
  readonly control: number;
}

const ROW = '[data-index]';
const FOCUSABLE = 'a[href], button:enabled, input:enabled, select:enabled, summary, [tabindex="0"]';

/** What of this part of the page can have the focus, in order. */
export const controlsIn = (part: Element): readonly HTMLElement[] => [
  ...part.querySelectorAll<HTMLElement>(FOCUSABLE),
];

export function placeOf(element: HTMLElement): FocusPlace {
  const around: HTMLElement[] = [];
  for (let one = element.parentElement; one !== null; one = one.parentElement) around.push(one);
  return { element, around, row: rowOf(element) };
}

function rowOf(element: HTMLElement): RowPlace | null {
  const row = element.closest<HTMLElement>(ROW);
  const list = row?.parentElement;
  if (row === null || list === null || list === undefined) return null;
  return { list, index: Number(row.dataset.index), control: controlsIn(row).indexOf(element) };
}

/**
 * Puts the focus where it was, or else as near as possible: to the same control of the row that is in that place now, to
 * the part of the page around it, to the page's heading.
 */
export function focusNear(place: FocusPlace): void {
  nearest(place)?.focus({ preventScroll: true });
}

function nearest({ element, around, row }: FocusPlace): HTMLElement | null {
  if (element.isConnected && !element.matches(':disabled')) return element;
  const instead = row?.list.isConnected === true ? inRow(row) : undefined;
  if (instead !== undefined) return instead;
  const part = around.find((one) => one.isConnected && one.matches('[tabindex], section, main'));
  if (part === undefined || part.localName === 'main') return document.querySelector<HTMLElement>('h1');
  if (part.getAttribute('tabindex') === null) part.tabIndex = -1;
  return part;
}

/** The row in its place, or the nearest one in the document. */
function inRow({ list, index, control }: RowPlace): HTMLElement | undefined {
  const [nearest] = [...list.querySelectorAll<HTMLElement>(`:scope > ${ROW}`)].toSorted(
    (a, b) => Math.abs(Number(a.dataset.index) - index) - Math.abs(Number(b.dataset.index) - index),
  );
  const controls = nearest === undefined ? [] : controlsIn(nearest);
  return controls[control] ?? controls[0];
}
