import type { ComponentChildren } from 'preact';
import type { Rows } from './use-rows.js';

/** The box in which rows scroll. */
export const RowBox = ({
  label,
  rows,
  children,
}: {
  readonly label: string;
  readonly rows: Rows;
  readonly children: ComponentChildren;
}) => (
  <section
    class="scroll rows"
    ref={rows.scroller}
    aria-label={label}
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by the arrow keys.
    tabIndex={0}
    onWheel={rows.onMove}
    onPointerDown={rows.onMove}
    onKeyDown={rows.onKeyDown}
    onFocusIn={rows.onFocusIn}
    onFocusOut={rows.onFocusOut}
  >
    {children}
  </section>
);
