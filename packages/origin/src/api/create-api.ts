import { type StreamKey, streamKey, streamNameProblem } from '@headwater/directory';
import { Hono } from 'hono';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { describeCluster } from './clusters.js';
import { hostOf } from './host-of.js';
import { listMembers } from './members.js';
import { pageStreams } from './stream-page.js';
import { readStreamQuery } from './stream-query.js';
import { describeStream } from './streams.js';
import { Turns } from './turns.js';

export type { ApiSource } from './api-source.js';

/** Hears of errors that are bugs of ours; the client is told only that there was one. */
export type BugReporter = (error: Error, path: string) => void;

/** The HTTP API, apart from any listener, so that it is tested without a port. */
export function createApi(source: ApiSource, onBug: BugReporter): Hono {
  const api = new Hono();
  const turns = new Turns();

  for (const path of ['/', '/api/v1']) api.get(path, (context) => context.text(INDEX));
  api.get('/healthz', (context) => context.json({ status: 'ok', faults: source.media.told().faults }));
  api.get('/readyz', (context) => {
    const { joined, synced, disputed, waitingFor: ofMesh } = source.status();
    const draining = source.isDraining();
    const { waitingFor: ofMedia } = source.media;
    const listening = ofMedia === null;
    const ready = joined && synced && !disputed && !draining && listening;
    const waitingFor = ofMesh ?? ofMedia;
    return context.json(
      {
        ready,
        joined,
        synced,
        draining,
        disputed,
        listening,
        ...(waitingFor === null ? {} : { waitingFor }),
      },
      ready ? 200 : 503,
    );
  });

  api.get('/api/v1/members', (context) =>
    context.json({ members: listMembers(source.members(), source.media.workers()) }),
  );
  api.get('/api/v1/streams', async (context) => {
    const query = readStreamQuery(context.req.query());
    if (typeof query === 'string') return apiError(context, 'QUERY_INVALID', query);
    return context.json(await pageStreams(source, query, turns));
  });

  // The app may hold slashes, so the path is taken whole and split at its last one.
  api.get('/api/v1/streams/*', async (context) => {
    const path = decodePath(context.req.path.slice('/api/v1/streams/'.length));
    const slash = path?.lastIndexOf('/') ?? -1;
    if (path === null || slash < 1) {
      return apiError(
        context,
        'STREAM_NAME_INVALID',
        'the path names no stream: it is /api/v1/streams/APP/STREAM',
      );
    }
    const found = keyOf(source, context.req.query('vhost'), path.slice(0, slash), path.slice(slash + 1));
    if ('problem' in found) return apiError(context, 'STREAM_NAME_INVALID', found.problem);
    return context.json(await describeStream(source, found.key, hostOf(context.req.header('host'))));
  });

  // SRS origins ask by POST with an empty body, people by GET.
  api.on(['GET', 'POST'], '/api/v1/clusters', (context) => {
    const { vhost = '', ip = '', app = '', stream = '', coworker = '' } = context.req.query();
    const found = keyOf(source, vhost, app, stream);
    if ('problem' in found) return apiError(context, 'STREAM_NAME_INVALID', found.problem);
    return context.json(describeCluster(source, found.key, { ip, vhost, app, stream, coworker }));
  });

  api.notFound((context) =>
    apiError(context, 'NOT_FOUND', `there is nothing at ${context.req.method} ${context.req.path}`),
  );
  api.onError((error, context) => {
    onBug(error, context.req.path);
    return apiError(context, 'INTERNAL', 'the request failed by a fault of this member, whose log says more');
  });
  return api;
}

const INDEX = `headwater API

GET /api/v1/members                  who is in the mesh
GET /api/v1/streams                  every stream and its owners, page by page: ?limit=100 (at most 1000), then cursor={next}
                                     filters: app, owner (name or id), prefix (of app/stream), state (flowing, silent, unowned)
GET /api/v1/streams/{app}/{stream}   one stream: owners in order, players, and the route each kind of client gets
GET /api/v1/clusters                 the same for SRS (vhost, app, stream, coworker), also by POST
GET /healthz                         alive
GET /readyz                          joined, synced, listening, not draining and not disputed: 200, else 503 and why
`;

function keyOf(
  source: ApiSource,
  vhost: string | undefined,
  app: string,
  stream: string,
): { key: StreamKey } | { problem: string } {
  const name = { vhost: source.resolveVhost(vhost), app, stream };
  const problem = streamNameProblem(name);
  return problem === null ? { key: streamKey(name) } : { problem };
}

function decodePath(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
