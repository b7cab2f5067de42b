import { type StreamKey, streamKey, streamNameProblem } from '@headwater/directory';
import type { Context } from 'hono';
import * as v from 'valibot';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { isVhost, memberCalled, unknownMember } from './clients.js';
import type { Endpoints } from './endpoint.js';
import { hostOf } from './host-of.js';
import { MISSING, said, TEXT } from './schemas/parts.js';
import { SRS_FORMAT, SRS_STREAM, SRS_STREAMS } from './schemas/srs.js';
import { STREAM_DETAIL, STREAM_PAGE } from './schemas/stream.js';
import type { SrsApi } from './srs.js';
import { withFigures } from './stream-figures.js';
import { pageStreams } from './stream-page.js';
import { STREAM_QUERY } from './stream-query.js';
import { describeStream, namesOf } from './streams.js';
import { Turns } from './turns.js';

export const STREAM_PARAMS = {
  app: 'Its app; slashes in it may be written as they are.',
  stream: 'Its name. A slash in it does not occur.',
};
const VHOST = v.object({ vhost: v.exactOptional(said(TEXT, 'The vhost, where vhosts are configured.')) });
/** The app may hold slashes, so the path is taken whole and split at its last one. */
const PATTERN = '/api/v1/streams/*';
const PREFIX = '/api/v1/streams/';

export function addStreams(endpoints: Endpoints, source: ApiSource, srs: SrsApi): void {
  const turns = new Turns();

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/streams',
      id: 'streams',
      tag: 'Streams',
      summary:
        'Every stream that somebody owns, or that somebody plays or waits for on this member, page by page.',
      description:
        'With `format=srs` what SRS answers there, of this member alone. Answers have an `ETag`: with `If-None-Match` what did not change is not sent again.',
      query: STREAM_QUERY,
      answer: v.union([STREAM_PAGE, SRS_STREAMS]),
    },
    async ({ query }) => {
      if (query.srs !== undefined) return srs.streams(query.srs);
      const page = await pageStreams(source, query, turns);
      return query.figures === undefined ? page : withFigures(source, page);
    },
  );

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/streams/{app}/{stream}',
      pattern: PATTERN,
      id: 'stream',
      tag: 'Streams',
      summary:
        'One stream: owners in order, how it does on every member, and the route of each kind of client.',
      description:
        'Also of a stream that nobody publishes. Every member is asked; who does not answer within 0.8 s is named in `missing`. With `format=srs` SRS’s tools find a stream of this member by its id: `/api/v1/streams/{id}`.',
      params: STREAM_PARAMS,
      query: v.object({ ...VHOST.entries, ...SRS_FORMAT }),
      answer: v.union([STREAM_DETAIL, SRS_STREAM]),
      errors: ['STREAM_NAME_INVALID'],
    },
    async ({ context, query }) => {
      const id = context.req.path.slice(PREFIX.length);
      if (query.format === 'srs' && !id.includes('/')) return srs.stream(id);
      const found = keyOfPath(context, source, PREFIX, query.vhost);
      return 'problem' in found
        ? apiError(context, 'STREAM_NAME_INVALID', found.problem)
        : describeStream(source, found.key, hostOf(context.req.header('host')));
    },
  );

  endpoints.add(
    {
      method: 'delete',
      path: '/api/v1/streams/{app}/{stream}',
      pattern: PATTERN,
      id: 'endPublish',
      tag: 'Streams',
      summary: 'Ends the publishers of a stream, on whichever members they are.',
      description: 'Their encoders are told that an operator did. Most connect again by themselves.',
      params: STREAM_PARAMS,
      query: v.object({
        ...VHOST.entries,
        member: v.exactOptional(said(TEXT, 'Only the one on this member, by name or id.')),
      }),
      answer: v.object({
        ended: said(
          v.array(v.object({ member: TEXT, name: TEXT })),
          'Members whose publisher of it was ended.',
        ),
        missing: MISSING,
      }),
      errors: ['STREAM_NAME_INVALID', 'MEMBER_UNKNOWN', 'PUBLISH_UNKNOWN'],
      role: 'operate',
    },
    async ({ context, query }) => {
      const found = keyOfPath(context, source, PREFIX, query.vhost);
      if ('problem' in found) return apiError(context, 'STREAM_NAME_INVALID', found.problem);
      const { member: called } = query;
      const member = called === undefined ? undefined : memberCalled(source, called);
      if (called !== undefined && member === undefined)
        return apiError(context, 'MEMBER_UNKNOWN', unknownMember(source, called));
      const { key } = found;
      const owners = source.directory.owners(key).map((owner) => owner.member);
      // This member knows of its own publisher before anybody else does.
      const asked = member === undefined ? [...new Set([...owners, source.directory.self])] : [member];
      const results = await Promise.all(asked.map((one) => source.mesh.ask(one, 'end-publish', { key })));
      const names = namesOf(source);
      const ended = results.flatMap((one) =>
        'answer' in one && one.answer.done ? [{ member: one.member, name: names(one.member) }] : [],
      );
      const missing = results.flatMap((one) =>
        'reason' in one ? [{ member: one.member, name: names(one.member), reason: one.reason }] : [],
      );
      return ended.length === 0 && missing.length === 0
        ? apiError(context, 'PUBLISH_UNKNOWN', 'nobody publishes this stream there')
        : { ended, missing };
    },
  );
}

export function keyOfPath(
  context: Context,
  source: ApiSource,
  prefix: string,
  vhost: string | undefined,
): { key: StreamKey } | { problem: string } {
  const path = decodePath(context.req.path.slice(prefix.length));
  const slash = path?.lastIndexOf('/') ?? -1;
  if (path === null || slash < 1) return { problem: `the path names no stream: it is ${prefix}APP/STREAM` };
  const first = path.slice(0, path.indexOf('/'));
  // As `headwater streams` and logs write those of a vhost, and answers every key.
  if (vhost === undefined && first.length < slash && isVhost(source, first))
    return keyOf(source, first, path.slice(first.length + 1, slash), path.slice(slash + 1));
  return keyOf(source, vhost, path.slice(0, slash), path.slice(slash + 1));
}

export function keyOf(
  source: Pick<ApiSource, 'resolveVhost'>,
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
