import type { StreamKey } from '@headwater/directory';
import type { Frame } from '../wire/frame.js';
import type { PulledOwner } from './relay-owner.js';

/** Codes of an `UpstreamEnd` that say that nobody answered there, so that another way to the same owner may help. */
export const UNREACHED: ReadonlySet<string> = new Set(['unreachable', 'deadline']);

/** Why an upstream ended by itself: a stable code and a sentence. */
export interface UpstreamEnd {
  readonly code: string;
  readonly text: string;
  /** Its owner's publisher stopped, as publishers do. */
  readonly isOrdinary: boolean;
  /** Another worker of this member told so, of what it pulls or publishes; absent: it was found out here. */
  readonly isTold?: boolean;
}

export interface UpstreamEvents {
  /** The owner answered the play: frames come now. At most once. */
  started(): void;
  frame(frame: Frame): void;
  /** Once, last of all; not after `close`. */
  ended(end: UpstreamEnd): void;
}

/** One pull of one stream: from an owner, from the member through which that one is pulled, or from another worker. */
export interface Upstream {
  /** Nothing is called afterwards. */
  close(): void;
}

/**
 * Opens a pull from the owner, from its `through` or from its `worker`; events come later, never within the call.
 * `replayMs`: how much of the stream's past to ask for; 0 asks for what players get, from the newest start on.
 */
export type OpenUpstream = (
  owner: PulledOwner,
  key: StreamKey,
  replayMs: number,
  events: UpstreamEvents,
) => Upstream;
