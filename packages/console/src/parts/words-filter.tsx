import type { Signal } from '@preact/signals';

/** Shows only what has these words. */
export const WordsFilter = ({ words }: { readonly words: Signal<string> }) => (
  <label>
    with the words
    <input
      type="search"
      data-filter
      value={words.value}
      onInput={(event) => (words.value = event.currentTarget.value)}
    />
  </label>
);
