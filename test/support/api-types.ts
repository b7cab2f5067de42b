/** The HTTP API's answers, as far as tests look at them; written from its contract, not imported from the product. */
export interface ApiMember {
  readonly id: string;
  readonly name: string;
  readonly self: boolean;
  readonly role: string;
  readonly liveness: string;
  readonly generation: number;
  readonly version: number;
  readonly streams: number;
  readonly players: number;
  readonly publishers: number;
  readonly connected: boolean;
  readonly full: boolean;
  readonly addresses: readonly unknown[];
  readonly relayAddresses: readonly { readonly host: string; readonly rtmpPort: number }[];
  readonly pulledAt?: string;
  readonly workers?: readonly ApiWorker[];
}

export interface ApiWorker {
  readonly worker: number;
  readonly state: string;
  readonly pid?: number;
  readonly connections: number;
  readonly players: number;
  readonly publishers: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  readonly restarts: number;
  readonly lastEnd?: string;
}

export interface ApiOwner {
  readonly member: string;
  readonly name: string;
  readonly sinceMs: number;
  readonly liveness: string;
  readonly state: 'flowing' | 'silent';
  readonly media: {
    readonly video?: { readonly codec: string; readonly width?: number; readonly height?: number };
    readonly audio?: { readonly codec: string };
  };
}

export interface ApiStream {
  readonly key: string;
  readonly app: string;
  readonly stream: string;
  readonly vhost: string;
  readonly owners: readonly ApiOwner[];
}

export interface ApiPlayer {
  readonly id: string;
  readonly agent: string;
  readonly protocol: string;
  readonly remote: string;
  readonly state: string;
}

export interface ApiStreamDetail {
  readonly unanswered?: readonly number[];
  readonly key: string;
  readonly owners: readonly ApiOwner[];
  readonly here: {
    readonly source: 'publisher' | 'relay' | 'none';
    readonly relayFrom?: unknown;
    readonly relayThrough?: unknown;
    readonly relayThroughName?: string;
    readonly passesOn?: readonly string[];
    readonly players: readonly ApiPlayer[];
  };
  readonly routes: readonly {
    readonly client: string;
    readonly route: string;
    readonly reason: string;
    readonly target?: unknown;
    readonly address?: string;
  }[];
}
