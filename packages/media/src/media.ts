import type { Socket } from 'node:net';
import type { StreamKey } from '@headwater/directory';
import type { MediaFigures } from './figures/media-tally.js';
import type { MediaListenerName, MediaPorts } from './media-listeners.js';
import type { MediaSettings } from './media-options.js';
import type { ClientRef, StreamTotal, StreamView } from './media-views.js';

/** The running media plane of one member. */
export interface Media {
  /**
   * Opens the listeners. Rejects with `ListenError`, `CertificateError`, or an error that names the worker's socket; then
   * nothing is left open.
   */
  start(): Promise<void>;
  /** Closes listeners and sessions, releases all claims. Never rejects. */
  stop(): Promise<void>;
  /** A connection that another process accepted on one of this member's ports; nothing was read of it. */
  take(listener: MediaListenerName, socket: Socket): void;
  /**
   * Closes the publisher of a stream whose claim began at `sinceMs`, Unix ms, since another worker of this member has the
   * stream. No effect where there is none here, or a newer one by now.
   */
  endPublisher(key: StreamKey, sinceMs: number, reason: 'already-published' | 'taken-over'): void;
  /** Ports really bound (configured 0 takes a free one). */
  readonly ports: MediaPorts;
  /**
   * Refuses publishers from now on; those who are there stay. `forwards`: those who come are forwarded to another origin
   * instead, and `closePublishers('others')` hands over those who are there.
   */
  refusePublishers(forwards?: boolean): void;
  /** Asks those who can (Enhanced RTMP's reconnect request) to go to another member. They stay until they do, or are closed. */
  askPublishersToReconnect(): void;
  /**
   * Closes publishers and releases their claims, and ends what is passed on to other members. Players stay, and go on from
   * other owners. `others`: those who were asked to reconnect are closed at their next keyframe.
   */
  closePublishers(which: 'all' | 'others'): void;
  /** Takes publishers again; those who were asked to reconnect and are here still stay. */
  acceptPublishers(): void;
  /**
   * Other settings from now on; those named in `liveOptions` count, the rest stays as it was. Who plays or publishes stays.
   * Rejects with `CertificateError`, and then nothing changes.
   */
  configure(settings: MediaSettings): Promise<void>;
  /** How many publishers here were asked to reconnect. */
  publishersAsked(): number;
  /** Takes no new connections by RTMP and RTMPS; those that there are stay. */
  pauseRtmp(): void;
  /** Takes them again, on the same ports. Rejects with `ListenError` where another process has one by now. */
  resumeRtmp(): Promise<void>;
  /** Everybody who plays or publishes here, and other members' pulls, in no order. */
  clients(): Iterable<ClientRef>;
  /** Ends one of them, with words that say that an operator did. False where there is none with this id. */
  kick(id: string): boolean;
  /** The streams published on this member that other members pull from this worker, once for each pull. */
  pulls(): readonly StreamKey[];
  streams(): readonly StreamView[];
  /** `playersMax`: of players, only the first ones. */
  stream(key: StreamKey, playersMax?: number): StreamView | undefined;
  /** The streams here, without a look at any of them. */
  streamKeys(): Iterable<StreamKey>;
  /** Players and other members' pulls of a stream here. */
  playerCount(key: StreamKey): number;
  /** What was done since the start, and is held now. */
  figures(): MediaFigures;
  /** One stream in numbers; null where it is not here. */
  streamTotal(key: StreamKey): StreamTotal | null;
  /** What handlers of connections threw although they never should, since the start; each is in the log. */
  faults(): number;
  /** Connections of all listeners. */
  readonly connections: number;
  /** This member can take no more plays: its connections or its outbound limit are used up. */
  readonly isFull: boolean;
  load(): { readonly players: number; readonly publishers: number; readonly outboundKbps: number };
}
