import { addressFor, hostPort, type StreamKey } from '@headwater/directory';
import type * as v from 'valibot';
import type { ApiSource } from './api-source.js';
import { hostOf } from './host-of.js';
import type { SRS_CLUSTER } from './schemas/srs.js';

/** Query of `/api/v1/clusters`, as SRS 3 to 6 origins and edges ask their coworkers (by POST, the body empty). */
export interface ClusterQuery {
  readonly ip: string;
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
  /** `host:port` by which the asker reached us. */
  readonly coworker: string;
}

/**
 * Where a stream is, in SRS's words (SRS 6.0.157): `origin` is null where nobody has it. Unlike SRS we know it of
 * the whole mesh, so one member as the only coworker is enough for a cluster of SRS origins.
 */
export function describeCluster(
  source: ApiSource,
  key: StreamKey,
  query: ClusterQuery,
): v.InferInput<typeof SRS_CLUSTER> {
  const owner = source.directory.owners(key)[0];
  const { vhost, app, stream } = query;
  return {
    code: 0,
    data: {
      query: { ip: query.ip, vhost, app, stream },
      origin: owner === undefined ? null : originOf(source, owner.profile, query),
    },
  };
}

function originOf(
  source: ApiSource,
  profile: Parameters<typeof addressFor>[1],
  query: ClusterQuery,
): { ip: string; port: number; vhost: string; api: string; routers: string[] } {
  const address = addressFor(source.directory.profile, profile, hostOf(query.coworker));
  const api = profile.apiAddress ?? hostPort(address.host, SRS_API_PORT);
  return { ip: address.host, port: address.rtmpPort, vhost: query.vhost, api, routers: [api] };
}

const SRS_API_PORT = 1985;
