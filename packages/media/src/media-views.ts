import type { MediaInfo, MemberId, PlayProtocol, StreamKey } from '@headwater/directory';

/** One player, as the API shows it. */
export interface PlayerView {
  readonly id: string;
  readonly protocol: PlayProtocol;
  /** `address:port` of the client, IPv6 in brackets. */
  readonly remote: string;
  /** What it tells of itself: flashVer or User-Agent. */
  readonly agent: string;
  readonly sinceMs: number;
  readonly state: 'playing' | 'waiting';
  readonly bytesOut: number;
  /** What waits for it here. */
  readonly queueBytes: number;
  readonly framesDropped: number;
}

/** One publisher, as the API shows it. */
export interface PublisherView {
  readonly id: string;
  readonly key: StreamKey;
  readonly protocol: PlayProtocol;
  readonly remote: string;
  readonly agent: string;
  readonly sinceMs: number;
  readonly isFlowing: boolean;
  /** Name of the origin that it is forwarded to; absent: it is published here, or no origin has it. */
  readonly forwardedTo?: string;
  /** What came of it. */
  readonly bytesIn: number;
}

/** One connection's play or publish, or another member's pull, as the API lists them. */
export interface ClientView {
  readonly id: string;
  readonly kind: 'play' | 'relay' | 'publish';
  readonly key: StreamKey;
  readonly protocol: PlayProtocol;
  /** `address:port`, IPv6 in brackets. */
  readonly remote: string;
  readonly agent: string;
  readonly sinceMs: number;
  readonly state: 'playing' | 'waiting' | 'publishing' | 'silent';
  /** Sent to it; of a publisher received from it. */
  readonly bytes: number;
  readonly queueBytes: number;
  readonly framesDropped: number;
  /** Of a publisher: name of the origin that it is forwarded to; absent: none. */
  readonly forwardedTo?: string;
}

/** A client, and how to have a closer look at it. */
export interface ClientRef {
  readonly id: string;
  readonly kind: ClientView['kind'];
  readonly key: StreamKey;
  readonly protocol: ClientView['protocol'];
  readonly remote: string;
  view(): ClientView;
}

/** One stream on this member, as the API shows it. */
export interface StreamView {
  readonly key: StreamKey;
  readonly source: 'publisher' | 'relay' | 'none';
  /** `address:port` and agent of the publisher; absent unless `source` is `publisher`. */
  readonly publisher?: {
    readonly remote: string;
    readonly agent: string;
    readonly protocol: PlayProtocol;
  };
  /** Whom the relay pulls from; absent unless `source` is `relay`. */
  readonly relayFrom?: MemberId;
  /** The member through which it does; absent where it reaches the owner itself. */
  readonly relayThrough?: MemberId;
  /** The worker of this member that it pulls from, whose number it is; absent where it pulls from another member. */
  readonly relayWorker?: number;
  /** The other workers of this member that pull it from this one; absent where there are none. */
  readonly pulledByWorkers?: readonly number[];
  /** Owners whose media is passed on to other members, which pull it through this one; absent where there are none. */
  readonly passesOn?: readonly MemberId[];
  readonly media: MediaInfo;
  readonly bytesIn: number;
  /** Kilobits per second from its source, over the last second. */
  readonly kbpsIn: number;
  /** Pictures per second, and from one key frame to the next, ms: as they came lately; absent: not known. */
  readonly frameRate?: number;
  readonly keyframeMs?: number;
  readonly players: readonly PlayerView[];
}

/** One stream in numbers, since it is in this process. */
export interface StreamTotal {
  readonly key: StreamKey;
  /** Players and other members' pulls. */
  readonly players: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}
