import * as v from 'valibot';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { describeCluster } from './clusters.js';
import type { Endpoint, Endpoints, ObjectSchema } from './endpoint.js';
import { said, TEXT } from './schemas/parts.js';
import { SRS_CLUSTER, SRS_SUMMARIES, SRS_VERSIONS, SRS_VHOST, SRS_VHOSTS } from './schemas/srs.js';
import type { SrsApi } from './srs.js';
import { keyOf } from './stream-endpoints.js';

export function addSrs(endpoints: Endpoints, source: ApiSource, srs: SrsApi): void {
  const about = { method: 'get', tag: 'SRS' } as const;
  endpoints.add(
    { ...about, path: '/api/v1/versions', id: 'srsVersions', summary: 'The release.', answer: SRS_VERSIONS },
    () => srs.versions(),
  );
  endpoints.add(
    {
      ...about,
      path: '/api/v1/summaries',
      id: 'srsSummaries',
      summary: 'How the process and the machine do.',
      answer: SRS_SUMMARIES,
    },
    () => srs.summaries(),
  );
  endpoints.add(
    {
      ...about,
      path: '/api/v1/vhosts',
      id: 'srsVhosts',
      summary: 'The vhosts with streams on this member.',
      answer: SRS_VHOSTS,
    },
    () => srs.vhosts(),
  );
  endpoints.add(
    {
      ...about,
      path: '/api/v1/vhosts/{id}',
      id: 'srsVhost',
      summary: 'One of them.',
      params: { id: 'Its id or name.' },
      answer: SRS_VHOST,
    },
    ({ param }) => srs.vhost(param('id')),
  );

  const query = v.object({
    vhost: v.optional(TEXT, ''),
    ip: v.optional(TEXT, ''),
    app: v.optional(TEXT, ''),
    stream: v.optional(TEXT, ''),
    coworker: v.optional(said(TEXT, '`host:port` by which the asker reached us.'), ''),
  });
  // SRS origins ask by POST with an empty body, people by GET.
  for (const method of ['get', 'post'] as const) {
    const endpoint: Endpoint<typeof query, ObjectSchema, typeof SRS_CLUSTER> = {
      method,
      path: '/api/v1/clusters',
      id: method === 'get' ? 'srsCluster' : 'srsClusterByPost',
      tag: 'SRS',
      // SRS has no way to send a token. Who asks must know the stream's name, and nothing is listed.
      role: 'open',
      summary: 'Where a stream is, as SRS origins and edges ask their coworkers.',
      query,
      answer: SRS_CLUSTER,
      errors: ['STREAM_NAME_INVALID'],
    };
    endpoints.add(endpoint, ({ context, query: asked }) => {
      const { vhost, app, stream } = asked;
      const found = keyOf(source, vhost, app, stream);
      if ('problem' in found) return apiError(context, 'STREAM_NAME_INVALID', found.problem);
      return describeCluster(source, found.key, asked);
    });
  }
}
