import type { PlayMode } from '@headwater/directory';
import type { ForwardedHeaders } from './arrival/forwarded.js';
import type { PublishPolicy } from './desks/publish/publish-policy.js';
import type { WorkerAddress } from './media-host.js';
import type { ListenAt } from './media-listeners.js';
import type { TlsOptions } from './tls/tls-options.js';

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
