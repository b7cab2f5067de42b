import type { Socket } from 'node:net';
import type {
  Candidate,
  Claim,
  MediaInfo,
  MemberId,
  Owner,
  PlayMode,
  PlayRequest,
  PublisherMove,
  PublishForward,
  PublishTarget,
  Route,
  StreamKey,
  StreamKeys,
} from '@headwater/directory';
import type { ForwardedHeaders } from './arrival/forwarded.js';
import type { PublishPolicy } from './desks/publish/publish-policy.js';
import type { MediaFigures } from './figures/media-tally.js';
import type { TlsOptions } from './tls/tls-options.js';

/** What media needs from the process around it: ownership and routes. `origin` implements it over the mesh. */
export interface MediaHost {
  readonly member: MemberId;
  /** Where this play goes, from memory, at once. */
  route(request: PlayRequest): Route;
  /** The member that a publisher here is asked to go to while this one drains; null where there is none. */
  publishElsewhere(move: PublisherMove): PublishTarget | null;
  /** The origin that a publish here is forwarded to; null where there is none. */
  forwardTarget(forward: PublishForward): Candidate | null;
  /** Standing claims on a stream, best first, this member's own included. */
  owners(key: StreamKey): readonly Owner[];
  /**
   * Called whenever the answer of `owners(key)` may have changed, for each stream in `interest`, which is looked at again
   * each time. Returns how to stop being called.
   */
  onOwnersChanged(listener: (key: StreamKey) => void, interest: StreamKeys): () => void;
  /** A publisher was accepted here, or what is in its stream became known (same `sinceMs`). */
  claim(claim: Claim): void;
  /** The publisher is gone. */
  release(key: StreamKey): void;
  /** Another process runs with this member's identity, so nobody may see what this one claims. */
  isDisputed(): boolean;
  /** Where this member pulls streams from that one; null where it is not known. */
  relayAddress(member: MemberId): RelayAddress | null;
  /**
   * Members through which this one may pull the streams of an owner that it cannot reach itself, best first, a few at most.
   * They are asked only after that has failed.
   */
  detours(owner: MemberId): readonly MemberId[];
  /**
   * Where relays may pull from each other (`relay.tree`): the member of this one's zone through which it is to pull this owner's
   * stream, none of those avoided; null: it pulls from the owner itself. Absent: relays pull from owners. A reload may bring it
   * and take it away; streams that are there keep what they began with.
   */
  readonly relayHead?: ((owner: Owner, avoided: ReadonlySet<MemberId>) => MemberId | null) | undefined;
  /** Whether a live member is known to be at this IP, so that a connection from there may be its pull. */
  isMemberAddress(ip: string): boolean;
  /**
   * The other worker of this member that has the stream's publisher; null where it is here, or nowhere on this member.
   * A change of it is told by `onOwnersChanged`.
   */
  workerOf(key: StreamKey): WorkerAddress | null;
  /**
   * The worker of this member that pulls this stream from other members for all of them, this one perhaps; null or absent:
   * each pulls for itself, as where there is no other.
   */
  pullerOf?(key: StreamKey): WorkerAddress | null;
  /** What counts against the limits here, but is on the other workers of this member; absent: nothing is. */
  elsewhere?(address: string): Elsewhere;
}

/** Connections on the other workers of this member. */
export interface Elsewhere {
  readonly connections: number;
  /** Of the address asked for, as limits count it; pulls of members excepted. */
  readonly ofAddress: number;
}

/** Where another worker of this member is pulled from. */
export interface WorkerAddress {
  /** From 1; the same number for the worker that replaces one that ended. */
  readonly worker: number;
  /** Of its unix socket. */
  readonly path: string;
}

/** A member's RTMP port as another one reaches it. */
export interface RelayAddress {
  /** DNS name or IP, IPv6 without brackets. */
  readonly host: string;
  readonly rtmpPort: number;
  /** It is pulled from by TLS, at this port, and proves who it is by the key with this SHA-256 (hexadecimal). */
  readonly tls?: { readonly port: number; readonly keyHash: string };
}

/** The part of a pino logger that media uses: fields first, then a stable message. */
export interface MediaLog {
  debug(fields: object, msg: string): void;
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
  error(fields: object, msg: string): void;
}

/** Every number that bounds media; see conf/origin.yml for meaning, unit, default and cost. */
export interface MediaOptions {
  readonly memberName: string;
  /** This worker as its siblings pull from it; absent where the member has one worker. */
  readonly worker?: WorkerAddress;
  /** `handed`: no port is opened; another process accepts, and hands connections over by `Media.take`. Absent: `opened`. */
  readonly ports?: 'opened' | 'handed';
  readonly rtmp: ListenAt;
  readonly http: ListenAt;
  /** The same over TLS; absent: off. */
  readonly rtmps?: ListenAt;
  readonly https?: ListenAt;
  /** What TLS is done with; absent: nothing, so that nothing listens for it. */
  readonly tls?: TlsOptions;
  /** Addresses and networks (`10.0.0.0/8`) of proxies whose word about clients counts; absent: none. */
  readonly trustedProxies?: readonly string[];
  /** Which headers those write; absent: `x-forwarded`. */
  readonly proxyHeaders?: ForwardedHeaders;
  /** Names that count as a vhost of their own; all others mean `__defaultVhost__`. */
  readonly vhosts: readonly string[];
  /** Names by which people reach this member: a page of one of these is its own. Absent: loopback and IP addresses alone. */
  readonly ownHosts?: readonly string[];
  /** False on an edge: publishers are forwarded, or refused. */
  readonly acceptsPublishers: boolean;
  /** How publishers are forwarded to origins; absent: they are not. */
  readonly forward?: {
    /** False: publishers that come are not; those that are go on. Absent: true. */
    readonly enabled?: boolean;
    /** How much of each forwarded publish is kept for the next origin, ms. */
    readonly keepMs: number;
    /** Most bytes of that, and half of what may wait for an origin. */
    readonly keepBytesMax: number;
    /** How long an origin may give no sign of life. */
    readonly stallMs: number;
    /** How long a publisher is kept while no origin has it. */
    readonly lostMs: number;
  };
  readonly play: {
    readonly mode: PlayMode;
    /** How long a player waits for a stream that nobody publishes. */
    readonly waitMs: number;
    /** By how many bytes a player's queue may grow before frames are dropped up to the next keyframe. */
    readonly queueBytesMax: number;
    /** How much longer media may wait in it than at best before the same is done; absent: 10,000. */
    readonly queueMs?: number;
    /** How long a player may take nothing at all before it is disconnected. */
    readonly stuckMs: number;
    /** Most bytes of the GOP cache of one stream; a longer GOP is not cached. */
    readonly gopCacheBytesMax: number;
    /** How long packets are gathered for one write to each player; 0: not at all; absent: 30. */
    readonly mergeMs?: number;
    /** Origins whose pages may play by HTTP-FLV; `*`: all; absent: all. */
    readonly cors?: readonly string[];
  };
  readonly publish: {
    /** A publisher that sends no media for this long is closed. */
    readonly idleMs: number;
    /** Who may publish a stream that is published already; absent: `backup`. The same on every member. */
    readonly policy?: PublishPolicy;
    /** Origins whose pages may publish, beside those that come from here; `*`: all; absent: none. */
    readonly origins?: readonly string[];
  };
  readonly relay: {
    /** How long a pull goes on after its last player left. */
    readonly lingerMs: number;
    /** No media for this long means the owner is stuck: go on from the next. */
    readonly stallMs: number;
    /** Deadline for connect, handshake and the answer to play, together. */
    readonly connectMs: number;
    /** Wait before the next try after all owners failed. */
    readonly retryMs: number;
    /** How far a copy of the same encode may lag behind what was played, to be waited for; absent: 1,000. */
    readonly lagMs?: number;
    /** How much of a stream an owner keeps for relays that lost another owner, and a relay to find its place in it. */
    readonly replayMs: number;
    /** Most bytes of that, for each stream. */
    readonly replayBytesMax: number;
  };
  readonly limits: {
    readonly connectionsMax: number;
    readonly connectionsPerAddressMax: number;
    /** Outbound kbit/s from which on this member takes no more plays that others have room for; 0 or absent: no limit. */
    readonly outboundKbpsMax?: number;
    /** How often one address may publish; absent: 6,000. */
    readonly publishesPerAddressPerMinute?: number;
    /** Deadline from connect to an accepted publish or play. */
    readonly handshakeMs: number;
    /** Largest RTMP message or FLV tag, bytes. */
    readonly messageBytesMax: number;
    /** Most chunk streams that one connection may use. */
    readonly chunkStreamsMax: number;
  };
  /** Overrides by app name. */
  readonly apps: Readonly<
    Record<
      string,
      {
        readonly play?: { readonly mode?: PlayMode; readonly mergeMs?: number };
        readonly publish?: { readonly policy?: PublishPolicy };
      }
    >
  >;
}

/** What `Media.configure` takes. */
export type MediaSettings = Pick<
  MediaOptions,
  | 'play'
  | 'publish'
  | 'relay'
  | 'forward'
  | 'limits'
  | 'apps'
  | 'vhosts'
  | 'ownHosts'
  | 'trustedProxies'
  | 'proxyHeaders'
> & {
  readonly certificates: TlsOptions['certificates'];
};

/** One player, as the API shows it. */
export interface PlayerView {
  readonly id: string;
  readonly protocol: 'rtmp' | 'http-flv' | 'ws-flv';
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
  readonly protocol: 'rtmp' | 'http-flv' | 'ws-flv';
  readonly remote: string;
  readonly agent: string;
  readonly sinceMs: number;
  readonly isFlowing: boolean;
  /** Name of the origin that it is forwarded to; absent: it is published here, or no origin has it. */
  readonly forwardedTo?: string;
  /** What came of it, where it is not published here. */
  readonly bytesIn?: number;
}

/** One connection's play or publish, or another member's pull, as the API lists them. */
export interface ClientView {
  readonly id: string;
  readonly kind: 'play' | 'relay' | 'publish';
  readonly key: StreamKey;
  readonly protocol: 'rtmp' | 'http-flv' | 'ws-flv';
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
    readonly protocol: 'rtmp' | 'http-flv' | 'ws-flv';
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

/** The listeners of media; each may be off. */
export type MediaListenerName = 'rtmp' | 'rtmps' | 'http' | 'https';

/** Where a listener listens. */
export interface ListenAt {
  readonly host: string;
  /** 0 takes a free one; null: it does not listen. */
  readonly port: number | null;
}

/** A listener that could not be opened; `origin` adds the config key to change. */
export class ListenError extends Error {
  readonly what: MediaListenerName;
  readonly host: string;
  readonly port: number;
  readonly systemCode: string;

  constructor(what: MediaListenerName, host: string, port: number, systemCode: string) {
    super(`cannot listen on ${host}:${port} for ${what}: ${systemCode}`);
    this.name = 'ListenError';
    this.what = what;
    this.host = host;
    this.port = port;
    this.systemCode = systemCode;
  }
}

/** Ports really bound; 0 for a listener that is off. */
export type MediaPorts = Readonly<Record<MediaListenerName, number>>;

/** The running media plane of one member. */
export interface Media {
  /** Opens the listeners. Rejects with `ListenError`, `CertificateError`, or an error that names the worker's socket; then nothing is left open. */
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
