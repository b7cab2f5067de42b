import { clockOffset, onOneLine, type Told } from '../trace/stream-trace.js';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { memberCalled } from './clients.js';
import type { Endpoints } from './endpoint.js';
import { EXPLAIN_QUERY, EXPLAINED, TRACE, TRACE_QUERY } from './schemas/explain.js';
import { keyOfPath, STREAM_PARAMS } from './stream-endpoints.js';
import { namesOf } from './streams.js';

export function addExplain(endpoints: Endpoints, source: ApiSource): void {
  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/explain/{app}/{stream}',
      pattern: '/api/v1/explain/*',
      id: 'explain',
      tag: 'Streams',
      summary: 'What would happen to a play of this stream, on any member, and why: in sentences.',
      description:
        'Who owns it in which order and by which rule, what the rules for plays say of a client without a token, whether there is room, and where the play would go. Nothing is begun, and no hook is asked.',
      params: STREAM_PARAMS,
      query: EXPLAIN_QUERY,
      answer: EXPLAINED,
      errors: ['STREAM_NAME_INVALID', 'MEMBER_UNKNOWN', 'MEMBER_SILENT'],
    },
    async ({ context, query }) => {
      const { vhost, client, address, from } = query;
      const found = keyOfPath(context, source, '/api/v1/explain/', vhost);
      if ('problem' in found) return apiError(context, 'STREAM_NAME_INVALID', found.problem);
      const member = memberCalled(source, from ?? 'self');
      if (member === undefined) return apiError(context, 'MEMBER_UNKNOWN', `no member is called ${from}`);
      const { key } = found;
      const given = await source.mesh.ask(member, 'explain', {
        key,
        client,
        ...(address !== undefined && { address }),
      });
      if ('reason' in given)
        return apiError(
          context,
          'MEMBER_SILENT',
          `${namesOf(source)(member)} gave no answer: ${given.reason}`,
        );
      return { key, member, name: namesOf(source)(member), client, ...given.answer };
    },
  );

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/trace/{app}/{stream}',
      pattern: '/api/v1/trace/*',
      id: 'trace',
      tag: 'Streams',
      summary: 'What happened to a stream on all members, on one time line.',
      description:
        'Each member keeps its last 1,000 events, and tells the newest 200 of the stream. Clocks are put in line by the time that the question took.',
      params: STREAM_PARAMS,
      query: TRACE_QUERY,
      answer: TRACE,
      errors: ['STREAM_NAME_INVALID'],
    },
    async ({ context, query }) => {
      const found = keyOfPath(context, source, '/api/v1/trace/', query.vhost);
      if ('problem' in found) return apiError(context, 'STREAM_NAME_INVALID', found.problem);
      return traceStream(source, found.key, query.since ?? 0);
    },
  );
}

async function traceStream(source: ApiSource, key: string, sinceMs: number) {
  const names = namesOf(source);
  const asked = [...source.directory.members()].filter(
    ({ liveness }) => liveness !== 'dead' && liveness !== 'left',
  );
  const results = await Promise.all(
    asked.map(async ({ id }) => {
      const askedMs = Date.now();
      const given = await source.mesh.ask(id, 'stream-events', { key });
      return { given, askedMs, answeredMs: Date.now() };
    }),
  );
  const told = results.flatMap(({ given, askedMs, answeredMs }) => {
    if ('reason' in given) return [];
    const { member, answer } = given;
    const { nowMs, events } = answer;
    return [{ member, name: names(member), askedMs, answeredMs, nowMs, events } satisfies Told<unknown>];
  });
  const events = onOneLine(told).filter(({ atMs }) => atMs > sinceMs);
  return {
    key,
    events: events.map(({ number: _, event, ...about }) => ({ ...event, ...about })),
    clocks: told.map((one) => ({ member: one.member, name: one.name, ...clockOffset(one) })),
    missing: results.flatMap(({ given }) =>
      'reason' in given ? [{ member: given.member, name: names(given.member), reason: given.reason }] : [],
    ),
  };
}
