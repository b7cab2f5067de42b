import type { Cell } from './table.js';

interface Seen {
  readonly liveness: string;
  readonly self?: boolean;
  readonly connected?: boolean;
  readonly draining?: boolean;
}

/** How a member is, in one word with its colour. */
export function livenessCell({ liveness, self = false, connected = true, draining = false }: Seen): Cell {
  if (liveness !== 'alive') return { text: liveness, style: liveness === 'suspect' ? 'yellow' : 'red' };
  if (draining) return { text: 'draining', style: 'yellow' };
  return connected || self
    ? { text: 'alive', style: 'green' }
    : { text: 'alive, by hearsay', style: 'yellow' };
}
