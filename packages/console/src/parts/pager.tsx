import type { Signal } from '@preact/signals';

/** The cursors of the pages up to the one on show; the first has none. */
export type Cursors = Signal<readonly string[]>;

/** To the next page of what the server gives page by page, and back. */
export function Pager({
  cursors,
  next,
  label,
}: {
  readonly cursors: Cursors;
  readonly next: string | undefined;
  readonly label: string;
}) {
  const page = cursors.value.length + 1;
  return (
    <nav class="row pager" aria-label={label}>
      <button
        type="button"
        disabled={page === 1}
        onClick={() => {
          cursors.value = cursors.value.slice(0, -1);
        }}
      >
        ← Back
      </button>
      <span aria-current="page">page {page}</span>
      <button
        type="button"
        disabled={next === undefined}
        onClick={() => {
          if (next !== undefined) cursors.value = [...cursors.value, next];
        }}
      >
        Next →
      </button>
    </nav>
  );
}
