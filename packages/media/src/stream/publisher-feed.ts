import type { MediaInfo } from '@headwater/directory';
import type { Frame } from '../wire/frame.js';

/** What a publisher hears of its stream. */
export interface PublisherEvents {
  /** More is known of what is in it. */
  media?(media: MediaInfo): void;
  /** Whether its media flows; told once it is known, and at each change. */
  flow?(isFlowing: boolean): void;
  /** Its past is here, and it is a source from now on. Only of one that began with a replay. */
  replayed?(): void;
}

/** A publisher's way into its stream. */
export interface PublisherFeed {
  /** What is in it, as far as it told; the stream may be fed by another source meanwhile. */
  readonly media: MediaInfo;
  /** What it sent lately, from a frame that players can start at, with the headers of now before it; empty where none came. */
  past(): readonly Frame[];
  push(frame: Frame): void;
  /**
   * It has ended; what is pushed after that is left out. May be called twice. `onGone` is called when the publisher is no
   * longer there, and before another source is sought: players that are sent elsewhere then need none.
   */
  end(onGone?: () => void): void;
}
