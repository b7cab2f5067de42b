import type { MemberId, StreamKey } from '@headwater/directory';
import type { RtmpClientErrorCode } from '../protocols/rtmp/rtmp-client-error.js';
import type { Frame } from '../wire/frame.js';

/** Why a link ended, or never began. */
export interface LinkEnd {
  readonly code: RtmpClientErrorCode;
  /** For people: the origin's own words where it said something. */
  readonly text: string;
  /** The origin's code for that, where it is one that this program says. */
  readonly reason?: string;
}

export interface LinkEvents {
  /** The origin took the publish: it has claimed the stream. */
  accepted(): void;
  /** It gives no sign of life for too long; `false`: it does again. */
  stalled(isStalled: boolean): void;
  /** Once, last of all; not after `close`. */
  ended(end: LinkEnd): void;
}

/** A publish by this member at an origin. Its events come later than the call that opens it. */
export interface Link {
  /** Does nothing where it has ended. */
  push(frame: Frame): void;
  /** The publish is over: the origin's claim ends. */
  close(): void;
}

/** `replaces`: the origin whose place this one takes, since it had the publish before. */
export type OpenLink = (to: MemberId, key: StreamKey, replaces: MemberId | null, events: LinkEvents) => Link;
