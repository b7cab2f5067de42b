/** `raw`: a server that sends to whoever connects. */
export type LoadProtocol = 'rtmp' | 'http-flv' | 'ws-flv' | 'raw';

/** What the load generator is to do. */
export interface LoadOrder {
  readonly protocol: LoadProtocol;
  readonly port: number;
  /** By TLS, without a look at the certificate. */
  readonly tls?: boolean;
  readonly app: string;
  /** Name of the stream; `*` in it is each one's number. */
  readonly stream: string;
  readonly players: number;
  /** Number of the first one; 0 where absent. */
  readonly from?: number;
  /** Whether each read is to be reported. */
  readonly tellsReads?: boolean;
  /** Bit rate that each publisher's sample is filled up to; absent: as it is. */
  readonly kbps?: number;
}

/** What its players saw since the last reset. */
export interface LoadReport {
  readonly closed: number;
  /** The longest time in which any one of them got nothing. */
  readonly longestSilenceMs: number;
  /** All of theirs together. */
  readonly bytes: number;
  /** When each read was, by the machine's monotonic clock, ms; empty where not asked for. */
  readonly readsMs: readonly number[];
  /** Publishers only: media that each of them sent in the last seconds, without framing, by how many seconds. */
  readonly bytesOfLast?: Readonly<Record<number, number>>;
}
