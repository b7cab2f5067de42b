import type { ComponentChildren } from 'preact';
import { now } from '../state/now.js';
import { age } from './format.js';

/** In place of what would be shown: it is loading, there is none, or it failed. */
export function Notice({
  kind,
  children,
}: {
  readonly kind: 'loading' | 'empty' | 'error';
  readonly children: ComponentChildren;
}) {
  return (
    <p class="notice" data-kind={kind} role={kind === 'error' ? 'alert' : 'status'}>
      {children}
    </p>
  );
}

/** Why there is no newer answer, and how old the one is that is on show. `heardMs`: 0: there is none. */
export function Problem({ problem, heardMs }: { readonly problem: string | null; readonly heardMs: number }) {
  if (problem === null) return null;
  return (
    <Notice kind="error">
      {problem}
      {heardMs > 0 && ` What is shown was heard ${age(now.value - heardMs)} ago.`}
    </Notice>
  );
}

/** A state as one word with its colour. */
export const Badge = ({ state }: { readonly state: string }) => (
  <span class="badge" data-state={state}>
    {state}
  </span>
);

/** Members that did not answer: what they have is not shown. */
export function Missing({
  missing,
}: {
  readonly missing: readonly { readonly name: string; readonly reason: string }[] | undefined;
}) {
  if (missing === undefined || missing.length === 0) return null;
  const named = missing.slice(0, 6).map(({ name, reason }) => `${name} (${reason})`);
  return (
    <p class="notice" data-kind="partial" role="status">
      No answer from {named.join(', ')}
      {missing.length > named.length && ` and ${missing.length - named.length} more`}: what they have is not
      shown.
    </p>
  );
}
