import type { MediaAddress, PlayProtocol, StreamKey } from '@headwater/directory';
import type { Frame } from '../../wire/frame.js';
import type { ForwardMark } from './forward-mark.js';

/** Why a publisher is refused, before anything was said to it. */
export type PublishRefusal =
  | 'already-published'
  | 'owned-elsewhere'
  | 'contended'
  | 'not-an-origin'
  | 'identity-disputed'
  | 'publish-rate'
  /** It was to be forwarded, and no origin takes it. */
  | 'no-origin'
  | 'origin-refused'
  | 'stopping';

/** Why an accepted publisher is closed by us. */
export type PublishEnd =
  | 'idle'
  | 'stopping'
  | 'reconnecting'
  | 'owned-elsewhere'
  | 'taken-over'
  | 'already-published'
  /** It was forwarded, and no origin has it any more. */
  | 'no-origin'
  | 'kicked';

/** A publisher that goes to another server when it is asked to. */
export interface Reconnecting {
  /** Host name or IP by which it reached us; absent where unknown. */
  readonly reachedBy?: string;
  readonly isSecure: boolean;
  /** Asks it. `sweep`: a connection with several publishers is asked once in each. */
  ask(address: MediaAddress, sweep: number): void;
}

/** One publisher of any protocol, as the publish desk deals with it. */
export interface PublishSession {
  readonly id: string;
  readonly key: StreamKey;
  readonly protocol: PlayProtocol;
  readonly remote: string;
  readonly agent: string;
  /** Absent: it would not understand. */
  readonly reconnecting?: Reconnecting;
  /** Another member forwards it: rules have been judged there. Absent: a client's own. */
  readonly forward?: ForwardMark;
  /** The answer to one that was accepted `later`: null where it is accepted. Once at most, and not after `end`. */
  answered(refusal: PublishRefused | null): void;
  /** Closes the connection. The desk has ended the publish by then. */
  end(reason: PublishEnd): void;
  /** Something threw while this publisher was dealt with: tells of it, and ends its connection alone. */
  fault(error: unknown): void;
}

/** Where an accepted publisher puts its frames. */
export interface PublishFeed {
  push(frame: Frame): void;
  /** The publisher stopped or its connection ended: releases the claim at once. May be called twice. */
  end(): void;
}

export interface PublishRefused {
  readonly code: PublishRefusal;
  /** For people. */
  readonly text: string;
}

export type PublishAnswer =
  | { readonly accepted: true; readonly feed: PublishFeed }
  /** An origin is asked: `PublishSession.answered` tells. What is sent until then is taken. */
  | { readonly accepted: 'later'; readonly feed: PublishFeed }
  | ({ readonly accepted: false } & PublishRefused);
