import type { OriginEvent } from '@headwater/origin/api-types';

export type {
  ApiClient,
  ApiConfig,
  ApiExplained,
  ApiFigures,
  ApiLinks,
  ApiMember,
  ApiOwner,
  ApiStreamDetail,
  ApiStreamPage,
} from '@headwater/origin/api-types';

/** An event as the API sends it. */
export type ApiEvent = OriginEvent & {
  /** Its place in what the member sends; the client's own id is in `id`, where it is about one. */
  readonly place: string;
  readonly at: string;
  readonly atMs: number;
  /** Name of the member that saw it. */
  readonly seenBy?: string;
};

/** What is sent between events. */
export interface ApiPulse {
  readonly disputed: boolean;
  readonly members: readonly {
    readonly member: string;
    readonly liveness: string;
    readonly streams: number;
    readonly players: number;
    readonly publishers: number;
    readonly outboundKbps: number;
    readonly rttMs?: number;
  }[];
}
