import { type Context, Hono } from 'hono';
import { etag } from 'hono/etag';
import { getPath } from 'hono/utils/url';
import * as v from 'valibot';
import { addConsole } from '../web/console-files.js';
import { requireRole } from './access.js';
import { allowOrigins } from './allow-origins.js';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { addClients } from './client-endpoints.js';
import { docsPage } from './docs-page.js';
import { Endpoints } from './endpoint.js';
import { addEvents } from './event-endpoints.js';
import { addExplain } from './explain-endpoints.js';
import { addLinks } from './link-endpoints.js';
import { addMembers } from './member-endpoints.js';
import { openApiDocument } from './openapi.js';
import { FLAG, NUMBER, said, TEXT } from './schemas/parts.js';
import { SrsApi } from './srs.js';
import { addSrs } from './srs-endpoints.js';
import { addStreams } from './stream-endpoints.js';

export { EventLog } from '../events/event-log.js';
export type { ApiSource } from './api-source.js';

/** Hears of errors that are bugs of ours; the client is told only that there was one. */
export type BugReporter = (error: Error, path: string) => void;

/** The HTTP API, apart from any listener, so that it is tested without a port. */
export function createApi(source: ApiSource, onBug: BugReporter): Hono {
  const api = new Hono({ getPath: pathOf });
  const { access } = source;
  const endpoints = new Endpoints(api, access);
  const srs = new SrsApi(source);
  api.use('*', allowOrigins(access));
  // Where metrics have no port of their own.
  api.use('/metrics', requireRole('read', access));
  for (const path of ['/', '/api/v1']) api.get(path, (context) => context.text(INDEX));
  // What is polled comes anew only where it changed.
  for (const path of ['/api/v1/members', '/api/v1/streams', '/api/v1/openapi.json']) api.use(path, etag());
  addHealth(endpoints, source);
  addChecksByOptions(api, source);
  addMembers(endpoints, source);
  addLinks(endpoints, source);
  addStreams(endpoints, source, srs);
  addExplain(endpoints, source);
  addClients(endpoints, source, srs);
  addEvents(endpoints, source);
  addSrs(endpoints, source, srs);
  addDocs(endpoints);

  addConsole(api);

  api.notFound((context) =>
    apiError(context, 'NOT_FOUND', `there is nothing at ${context.req.method} ${context.req.path}`),
  );
  api.onError((error, context) => {
    onBug(error, context.req.path);
    return apiError(context, 'INTERNAL', 'the request failed by a fault of this member, whose log says more');
  });
  return api;
}

/** SRS's tools, and SRS's own documents, write `/api/v1/streams/`: a slash at the end of a path of the API says nothing. */
function pathOf(request: Request): string {
  const path = getPath(request);
  return path.startsWith('/api/') && path.endsWith('/') ? path.slice(0, -1) : path;
}

const INDEX = `headwater API: all of it is described at /api/docs, and for machines at /api/v1/openapi.json

GET /api/v1/members                  who is in the mesh
GET /api/v1/members/{member}/config  what a member runs with, and where each value came from
GET /api/v1/streams                  every stream and its owners, page by page: ?limit=100 (at most 1000), then cursor={next}
                                     filters: app, owner (name or id), prefix (of app/stream), state (flowing, silent, unowned)
GET /api/v1/streams/{app}/{stream}   one stream: owners in order, players on all members, and the route each kind of client gets
GET /api/v1/explain/{app}/{stream}   what would happen to a play, and why: ?client=ffmpeg|srs-edge|flv|browser, from (a member), address
GET /api/v1/trace/{app}/{stream}     what happened to a stream on all members
GET /api/v1/trace-id/{id}           what happened to one play, publish or relay on all members
GET /api/v1/links                    whom each member hears, and which members it pulls streams from
GET /api/v1/clients                  who plays and publishes, on all members
GET /api/v1/events                   what happens, as server-sent events
GET /api/v1/clusters                 the same for SRS (vhost, app, stream, coworker), also by POST
GET /console                         all of it to look at
GET /healthz                         alive
GET /readyz                          joined, synced, listening, not draining and not disputed: 200, else 503 and why
`;

function addHealth(endpoints: Endpoints, source: ApiSource): void {
  endpoints.add(
    {
      method: 'get',
      path: '/healthz',
      id: 'health',
      tag: 'Health',
      role: 'open',
      summary: 'Whether the process is well.',
      answer: v.object({
        status: v.literal('ok'),
        faults: said(
          NUMBER,
          'What handlers of connections threw although they never should, since the start.',
        ),
      }),
    },
    () => health(source),
  );
  endpoints.add(
    {
      method: 'get',
      path: '/readyz',
      id: 'ready',
      tag: 'Health',
      role: 'open',
      summary: 'Whether players and publishers may be sent here: 200, else 503 and why.',
      answer: v.object({
        ready: FLAG,
        joined: FLAG,
        synced: FLAG,
        draining: FLAG,
        disputed: FLAG,
        listening: FLAG,
        waitingFor: v.exactOptional(said(TEXT, 'Why not, as a sentence.')),
      }),
      alsoStatus: 503,
    },
    ({ context }) => readiness(context, source),
  );
}

/**
 * HAProxy checks by OPTIONS where `option httpchk` names no method, and at `/` where it names no path either. Whoever asks so
 * wants to know whether to send clients here; the answer to what pages ask before (`api.cors`) comes before this.
 */
function addChecksByOptions(api: Hono, source: ApiSource): void {
  for (const path of ['/', '/readyz']) api.options(path, (context) => readiness(context, source));
  api.options('/healthz', (context) => context.json(health(source)));
}

const health = (source: ApiSource) => ({ status: 'ok' as const, faults: source.media.told().faults });

function readiness(context: Context, source: ApiSource): Response {
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
}

/** To be added last: the document has what was added before it, and itself. */
function addDocs(endpoints: Endpoints): void {
  let made: { readonly document: ReturnType<typeof openApiDocument>; readonly page: string } | null = null;
  const make = (): NonNullable<typeof made> => {
    const document = made?.document ?? openApiDocument(endpoints.all);
    made ??= { document, page: docsPage(document) };
    return made;
  };
  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/openapi.json',
      id: 'openapi',
      tag: 'About',
      role: 'open',
      summary: 'This API, described by OpenAPI 3.1.',
      answer: v.record(v.string(), v.unknown()),
    },
    ({ context }) => context.json(make().document),
  );
  endpoints.add(
    {
      method: 'get',
      path: '/api/docs',
      id: 'docs',
      tag: 'About',
      role: 'open',
      summary: 'The same as a page for people.',
      answer: v.string(),
      mediaType: 'text/html',
    },
    ({ context }) =>
      context.html(make().page, 200, {
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      }),
  );
}
