import type { MediaAddress, PlayProtocol, StreamKey } from '@headwater/directory';
import type { Frame } from '../../wire/frame.js';

/** Why a publisher is refused, before anything was said to it. */
export type PublishRefusal =
  | 'already-published'
  | 'owned-elsewhere'
  | 'contended'
  | 'not-an-origin'
  | 'identity-disputed'
  | 'publish-rate'
  | 'stopping';

/** Why an accepted publisher is closed by us. */
export type PublishEnd =
  | 'idle'
  | 'stopping'
  | 'reconnecting'
  | 'owned-elsewhere'
  | 'taken-over'
  | 'already-published'
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

export type PublishAnswer =
  | { readonly accepted: true; readonly feed: PublishFeed }
  | { readonly accepted: false; readonly code: PublishRefusal; readonly text: string };
