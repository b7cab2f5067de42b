import type { EndlessList } from './endless-list.js';

/** Which rows are in view, and what becomes of those that follow. */
export function ListFoot<A, R>({
  label,
  list,
  inView,
  count,
  total,
  isWhole,
}: {
  readonly label: string;
  readonly list: EndlessList<A, R>;
  readonly inView: { readonly first: number; readonly last: number } | null;
  /** Rows read so far. */
  readonly count: number;
  /** Of all, where the server says it. */
  readonly total: number | undefined;
  readonly isWhole: boolean;
}) {
  const words = (amount: number): string => amount.toLocaleString('en');
  const isTotal = isWhole || (total !== undefined && total > count);
  const about = isTotal ? words(isWhole ? count : (total ?? count)) : `${words(count)} or more`;
  return (
    <div class="row list-foot quiet">
      <span>{inView !== null && `${words(inView.first + 1)}–${words(inView.last + 1)} of ${about}`}</span>
      {list.isReadingMore.value && <span>Reading more …</span>}
      {!isWhole && list.problem.value !== null && (
        <button type="button" onClick={() => list.tryAgain()}>
          Try again
        </button>
      )}
      <span class="hidden" role="status">
        {label}: {about}
      </span>
    </div>
  );
}
