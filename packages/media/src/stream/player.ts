import type { PlayProtocol } from '@headwater/directory';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { PlayerQueue } from './player-queue.js';

/** Why a player that was being served is disconnected. */
export type PlayerEnd = 'stuck' | 'stopping' | 'tracks-changed';

/** What a player wants of a stream at the moment; data comes with either track. */
export type TrackWants = 'all' | 'audio' | 'video' | 'nothing';

/** The wire forms that players take: RTMP chunks, FLV tags, or one WebSocket message of FLV tags. */
export type WireFormat = 'rtmp' | 'flv' | 'ws-flv';

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
  /** Whole messages or tags in `format` go out through it, from `begin` on. */
  readonly queue: PlayerQueue;
  /** Read at each delivery, so it may change at any time; absent: all. */
  readonly wants?: TrackWants;
  /** RTMP: the message stream that media goes out on; absent: 1. */
  readonly messageStreamId?: number;
  /**
   * Called once, right before the first bytes of media. RTMP has its answers here, HTTP its 200 and the FLV header; from
   * then on HTTP cannot redirect. FLV players hear which tracks to announce; for RTMP they may be a guess.
   */
  begin(tracks: Tracks): void;
  /** Disconnects. Whoever owns the connection then tells the desk, as on any other close. */
  end(reason: PlayerEnd): void;
  /** Something threw while this player was served: tells of it, and ends its connection alone. */
  fault(error: unknown): void;
}
