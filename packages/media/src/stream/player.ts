import type { MediaInfo, PlayProtocol } from '@headwater/directory';
import type { WireFormat } from './packet-batch.js';

/** Why a player that was being served is disconnected. */
export type PlayerEnd = 'stuck' | 'stopping';

/** Which tracks a player takes at the moment; data goes with either. */
export type TrackWants = 'all' | 'audio' | 'video' | 'nothing';

/** What a stream needs of a player of any protocol. None of the methods throws; all do nothing once the player is gone. */
export interface Player {
  /** Unique on this member. */
  readonly id: string;
  readonly protocol: PlayProtocol;
  readonly format: WireFormat;
  /** `address:port` of the client. */
  readonly remote: string;
  /** flashVer or User-Agent, cut to a sane length; empty where it tells none. */
  readonly agent: string;
  readonly sinceMs: number;
  /** Read at each delivery; absent: all. Who wants video again gets it from a keyframe on. */
  readonly wants?: TrackWants;
  /** RTMP's message stream that media is addressed to; absent: the first, which the shared wire buffers are built for. */
  readonly messageStreamId?: number;
  /** All bytes given to the socket since the start. */
  readonly bytesOut: number;
  /** Bytes of those that the kernel has not taken yet. */
  readonly queuedBytes: number;
  /**
   * Called once, right before the first bytes of media, when it is known what is in the stream. RTMP has its answers
   * here, HTTP its 200 and the FLV header; from then on HTTP cannot redirect.
   */
  begin(media: MediaInfo): void;
  /** Sends shared bytes: whole messages or tags in `format`. Must not change or keep them beyond sending. */
  write(bytes: Buffer): void;
  /** Disconnects. Whoever owns the connection then tells the desk, as on any other close. */
  end(reason: PlayerEnd): void;
}
