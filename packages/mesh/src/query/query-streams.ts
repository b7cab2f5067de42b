import type { MemberId } from '@headwater/directory';

/** Why a question got no reply. `not-supported`: the member is of a release that answers no questions. */
export type StreamFailure = 'not-connected' | 'not-supported' | 'connection-lost' | 'deadline' | 'too-large';

/** A question that got no reply. */
export class QueryStreamError extends Error {
  readonly reason: StreamFailure;
  constructor(reason: StreamFailure) {
    super(reason);
    this.name = 'QueryStreamError';
    this.reason = reason;
  }
}

/** Bytes to answer with, and what to call once they are handed over, or never will be. */
export interface ReplyBytes {
  readonly bytes: Uint8Array;
  readonly done: () => void;
}

/** Makes the reply to another member's question. */
export type QuestionListener = (from: MemberId, question: Uint8Array) => Promise<ReplyBytes>;

/** Questions between members as the network carries them: each on a stream of its own, bytes one way and back. */
export interface QueryStreams {
  /**
   * Rejects with `QueryStreamError` where no reply of at most `replyBytesMax` came before the signal aborts. Never waits
   * longer.
   */
  ask(
    member: MemberId,
    question: Uint8Array,
    replyBytesMax: number,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  /** Takes questions from now on: until then this member is one that answers none. `listener` must not reject. */
  serve(listener: QuestionListener, offence: (from: MemberId, reason: string) => void): Promise<void>;
}
