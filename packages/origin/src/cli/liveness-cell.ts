import type { Cell } from './table.js';

interface Seen {
  readonly liveness: string;
  readonly self?: boolean;
  readonly connected?: boolean;
  readonly draining?: boolean;
  readonly full?: boolean;
  /** Whom by it is reached where it is `unreachable`. */
  readonly through?: string | readonly string[] | undefined;
}

/** How a member is, in one word with its colour. */
export function livenessCell(seen: Seen): Cell {
  const { liveness, self = false, connected = true, draining = false, full = false, through = [] } = seen;
  if (liveness === 'unreachable') {
    const by = [through].flat().join(', ');
    return { text: by === '' ? liveness : `${liveness}, through ${by}`, style: 'yellow' };
  }
  if (liveness !== 'alive') return { text: liveness, style: liveness === 'suspect' ? 'yellow' : 'red' };
  if (draining) return { text: 'draining', style: 'yellow' };
  if (full) return { text: 'full', style: 'yellow' };
  return connected || self
    ? { text: 'alive', style: 'green' }
    : { text: 'alive, by hearsay', style: 'yellow' };
}
