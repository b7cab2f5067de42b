import type { Owner, StreamKey } from '@headwater/directory';
import type { Frame } from '../wire/frame.js';

/** Why an upstream ended by itself: a stable code and a sentence. */
export interface UpstreamEnd {
  readonly code: string;
  readonly text: string;
  /** Its owner's publisher stopped, as publishers do. */
  readonly isOrdinary: boolean;
}

export interface UpstreamEvents {
  /** The owner answered the play: frames come now. At most once. */
  started(): void;
  frame(frame: Frame): void;
  /** Once, last of all; not after `close`. */
  ended(end: UpstreamEnd): void;
}

/** One connection to one owner, pulling one stream. */
export interface Upstream {
  /** Nothing is called afterwards. */
  close(): void;
}

/**
 * Opens a connection; events come later, never within the call. `replayMs`: how much of the stream's past to ask for;
 * 0 asks for what players get, from the newest start on.
 */
export type OpenUpstream = (
  owner: Owner,
  key: StreamKey,
  replayMs: number,
  events: UpstreamEvents,
) => Upstream;
