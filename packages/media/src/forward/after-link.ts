import type { PublishEnd, PublishRefusal } from '../desks/publish/publish-session.js';
import { isPublishRefusal, REFUSALS } from '../desks/publish/refusals.js';
import type { LinkEnd } from './link.js';

/** What an origin's end of a link means for a publisher that no origin has taken yet. */
export interface Refused {
  readonly code: PublishRefusal;
  readonly text: string;
  /** Every origin would say so: no other one is tried. */
  readonly isFinal: boolean;
}

/** What concerns the stream rather than this origin. */
const FINAL_REFUSALS: ReadonlySet<PublishRefusal> = new Set(['owned-elsewhere', 'contended']);
const FINAL_ENDS: ReadonlySet<string> = new Set(['taken-over', 'owned-elsewhere', 'kicked', 'idle']);

/** Before an origin has taken it. */
export function refusalAfter({ code, text, reason }: LinkEnd): Refused {
  if (code !== 'refused') return { code: 'no-origin', text: REFUSALS['no-origin'], isFinal: false };
  if (!isPublishRefusal(reason))
    return { code: 'origin-refused', text: `${REFUSALS['origin-refused']}: ${text}`, isFinal: false };
  return { code: reason, text, isFinal: FINAL_REFUSALS.has(reason) };
}

/** After an origin had taken it: why the publisher is closed, or null where it goes on at another origin. */
export function endAfter({ code, reason }: LinkEnd): PublishEnd | null {
  const isFinal = code === 'refused' && reason !== undefined && FINAL_ENDS.has(reason);
  return isFinal ? (reason as PublishEnd) : null;
}
