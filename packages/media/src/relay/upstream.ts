import type { Owner, StreamKey } from '@headwater/directory';
import type { Frame } from '../frame.js';

/** Why an upstream ended by itself: a stable code and a sentence. */
export interface UpstreamEnd {
  readonly code: string;
  readonly text: string;
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

/** Opens a connection; events come later, never within the call. */
export type OpenUpstream = (owner: Owner, key: StreamKey, events: UpstreamEvents) => Upstream;
