import * as v from 'valibot';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { describeCluster } from './clusters.js';
import type { Endpoint, Endpoints } from './endpoint.js';
import { NUMBER, said, TEXT } from './schemas/parts.js';
import type { SrsAnswer, SrsApi } from './srs.js';
import { keyOf } from './stream-endpoints.js';

const ENVELOPE = v.looseObject({
  code: said(NUMBER, '0, or SRS’s number of an error.'),
  server: TEXT,
  service: TEXT,
  pid: TEXT,
});

export function addSrs(endpoints: Endpoints, source: ApiSource, srs: SrsApi): void {
  const add = (
    path: string,
    id: string,
    summary: string,
    answer: (id: string) => SrsAnswer | Promise<SrsAnswer>,
  ): void =>
    endpoints.add(
      {
        method: 'get',
        path,
        id,
        tag: 'SRS',
        summary,
        answer: ENVELOPE,
        ...(path.includes('{') ? { params: { id: 'Its id or name.' } } : {}),
      },
      async ({ context, param }) => context.json(await answer(param('id'))),
    );
  add('/api/v1/versions', 'srsVersions', 'The release.', () => srs.versions());
  add('/api/v1/summaries', 'srsSummaries', 'How the process and the machine do.', () => srs.summaries());
  add('/api/v1/vhosts', 'srsVhosts', 'The vhosts with streams on this member.', () => srs.vhosts());
  add('/api/v1/vhosts/{id}', 'srsVhost', 'One of them.', (id) => srs.vhosts(id));

  const query = v.object({
    vhost: v.optional(TEXT, ''),
    ip: v.optional(TEXT, ''),
    app: v.optional(TEXT, ''),
    stream: v.optional(TEXT, ''),
    coworker: v.optional(said(TEXT, '`host:port` by which the asker reached us.'), ''),
  });
  // SRS origins ask by POST with an empty body, people by GET.
  for (const method of ['get', 'post'] as const) {
    const endpoint: Endpoint<typeof query> = {
      method,
      path: '/api/v1/clusters',
      id: method === 'get' ? 'srsCluster' : 'srsClusterByPost',
      tag: 'SRS',
      // SRS has no way to send a token. Who asks must know the stream's name, and nothing is listed.
      role: 'open',
      summary: 'Where a stream is, as SRS origins and edges ask their coworkers.',
      query,
      answer: v.looseObject({ code: NUMBER }),
      errors: ['STREAM_NAME_INVALID'],
    };
    endpoints.add(endpoint, ({ context, query: asked }) => {
      const { vhost, app, stream } = asked;
      const found = keyOf(source, vhost, app, stream);
      if ('problem' in found) return apiError(context, 'STREAM_NAME_INVALID', found.problem);
      return context.json(describeCluster(source, found.key, asked));
    });
  }
}
