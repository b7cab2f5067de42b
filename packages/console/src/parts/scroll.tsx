import type { ComponentChildren } from 'preact';

/** What may be wider than the page: it scrolls by itself, by the keyboard too. */
export const Scroll = ({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by the arrow keys.
  <section class="scroll" aria-label={`Table: ${label}`} tabIndex={0}>
    {children}
  </section>
);
