import type { PlayProtocol, StreamName } from '@headwater/directory';

export type Action = 'publish' | 'play';

/** Who asks, as its connection tells it. Everything but `id` and `ip` is the client's own word. */
export interface ClientAbout {
  /** Unique on this member; hooks are told it. */
  readonly id: string;
  readonly protocol: PlayProtocol;
  /** IPv4 as such, IPv6 without brackets. */
  readonly ip: string;
  /** `address:port`, for the log. */
  readonly remote: string;
  readonly agent: string;
  /** RTMP: of its connect, the user and the password taken out; else empty. */
  readonly tcUrl?: string;
  readonly pageUrl?: string;
  readonly swfUrl?: string;
  /** RTMP: the parameters of its connect; without `?`. */
  readonly connectQuery?: string;
  /** User and password of the tcUrl. */
  readonly user?: string;
  readonly password?: string;
  /** HTTP: the `Authorization` header. */
  readonly authorization?: string;
}

/** One question: may this client do that? */
export interface Ask {
  readonly action: Action;
  readonly name: StreamName;
  /** The parameters of the publish or play, as they came, without `?`. */
  readonly query: string;
  /** False where another member will serve the client, and ask its own hooks. */
  readonly asksHooks: boolean;
}

/** An ask together with who asks it. */
export interface ClientAsk extends Ask {
  readonly client: ClientAbout;
}
