import type { EndlessList } from './endless-list.js';

/** Which rows are in view, and what becomes of those that follow. */
export function ListFoot<A, R>({
  label,
  list,
  inView,
  count,
  isWhole,
}: {
  readonly label: string;
  readonly list: EndlessList<A, R>;
  readonly inView: { readonly first: number; readonly last: number } | null;
  readonly count: number;
  readonly isWhole: boolean;
}) {
  const about = `${count.toLocaleString('en')}${isWhole ? '' : ' or more'}`;
  return (
    <div class="row list-foot quiet">
      <span>
        {inView !== null &&
          `${(inView.first + 1).toLocaleString('en')}–${(inView.last + 1).toLocaleString('en')} of ${about}`}
      </span>
      {list.isReadingMore.value && <span>Reading more …</span>}
      {!isWhole && list.problem.value !== null && (
        <button type="button" onClick={() => list.tryAgain()}>
          Try again
        </button>
      )}
      <span class="hidden" role="status">
        {about} {label.toLowerCase()}
      </span>
    </div>
  );
}
