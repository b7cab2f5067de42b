import type { MemberId, Owner, StreamKey } from '@headwater/directory';
import type { LiveStream } from '../stream/live-stream.js';

/** One stream to pull from its owners into the members' own copy of it. */
export interface RelayOrder {
  readonly key: StreamKey;
  /** The pull is its source from the first answered play on, over all owners that go on from one another exactly. */
  readonly stream: LiveStream;
  /** Whom to pull from, best first, never this member; at least one at the start. */
  readonly owners: readonly Owner[];
  /**
   * Nothing flows any more and there is no owner left to try. Called at most once after each `update` that gave
   * owners; the desk then stops the pull, or updates it when an owner comes.
   */
  onStarved(): void;
}

/**
 * One running pull. It stays with the owner it reads from while media flows, also when the order of owners changes or
 * that owner leaves the list with its connection alive; it goes to the next owner when the connection breaks, is
 * refused or stalls, and round the list again every `relay.retryMs` while there are owners.
 */
export interface RelayHandle {
  /** Whom media comes from right now; null between owners. */
  readonly from: MemberId | null;
  /** The owners as they are now, best first, this member left out; may be empty. */
  update(owners: readonly Owner[]): void;
  /** Ends the pull and detaches it from the stream. Nothing is called back afterwards. */
  stop(): void;
}

export interface RelayPuller {
  start(order: RelayOrder): RelayHandle;
}
