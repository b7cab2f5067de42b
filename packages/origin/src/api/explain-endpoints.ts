import { claimsStand } from '@headwater/directory';
import { diagnose } from '../doctor/diagnose.js';
import type { Ask, QuestionName } from '../questions/questions.js';
import { nextSought, type Sought, TRACE_ID_FORM } from '../trace/id-trace.js';
import { clockOffset, onOneLine } from '../trace/stream-trace.js';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { memberCalled, unknownMember } from './clients.js';
import type { Endpoints } from './endpoint.js';
import { DIAGNOSIS, EXPLAIN_QUERY, EXPLAINED, ID_TRACE, TRACE, TRACE_QUERY } from './schemas/explain.js';
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
      if (member === undefined) return apiError(context, 'MEMBER_UNKNOWN', unknownMember(source, from));
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

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/trace-id/{id}',
      id: 'traceId',
      tag: 'Streams',
      summary: 'What happened to one play, publish or relay on all members, on one time line.',
      description:
        'By the `id` that clients and events have. A play that was redirected, and a pull, has the id of what it comes from as `via`; a play that a relay serves is followed to the owner, and a publish to whoever pulls it. Each member keeps its last 1,000 events.',
      params: { id: 'Of a client, as in the list of clients and in events, or of a relay.' },
      answer: ID_TRACE,
      errors: ['QUERY_INVALID'],
    },
    ({ context, param }) => {
      const id = param('id');
      if (!TRACE_ID_FORM.test(id))
        return apiError(context, 'QUERY_INVALID', 'an id is 8 to 64 letters, digits, hyphens or underscores');
      return traceId(source, id);
    },
  );

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/doctor',
      id: 'doctor',
      tag: 'Mesh',
      summary: 'What is wrong with the members of the mesh, in order of weight.',
      description:
        'Every member looks at its seeds, its clock, its files and disk, whom it reaches for a pull, and what of its configuration should be alike everywhere. Takes two seconds at most.',
      answer: DIAGNOSIS,
    },
    () => examine(source),
  );
}

/** A question to each member that counts as there, one by one, so that each answer has a time of its own. */
async function askEach<Q extends QuestionName>(source: ApiSource, name: Q, ask: Ask<Q>) {
  const names = namesOf(source);
  const asked = [...source.directory.members()].filter(
    ({ liveness }) => liveness !== 'dead' && liveness !== 'left',
  );
  const results = await Promise.all(
    asked.map(async ({ id }) => {
      const askedMs = Date.now();
      const given = await source.mesh.ask(id, name, ask);
      return { given, askedMs, answeredMs: Date.now() };
    }),
  );
  return {
    answered: results.flatMap(({ given, ...times }) =>
      'reason' in given
        ? []
        : [{ member: given.member, name: names(given.member), answer: given.answer, ...times }],
    ),
    missing: results.flatMap(({ given }) =>
      'reason' in given ? [{ member: given.member, name: names(given.member), reason: given.reason }] : [],
    ),
  };
}

/** Each round finds what the one before has named; a play comes from one member to the next, and then to the owner. */
const ROUNDS_MAX = 6;

async function traceId(source: ApiSource, id: string) {
  let sought: Sought = { ids: [id], claims: [] };
  for (let round = 1; ; round += 1) {
    const given = await askEach(source, 'id-events', {
      ids: [...sought.ids],
      claims: [...sought.claims],
    });
    const told = given.answered.flatMap(({ member, name, answer }) =>
      answer.events.map(({ event }) => ({ member, name, event })),
    );
    const next = round < ROUNDS_MAX ? nextSought(told, sought) : null;
    if (next === null) return { id, ids: [...sought.ids], ...onTimeLine(source, given, 0) };
    sought = next;
  }
}

async function traceStream(source: ApiSource, key: string, sinceMs: number) {
  return { key, ...onTimeLine(source, await askEach(source, 'stream-events', { key }), sinceMs) };
}

type Given = Awaited<ReturnType<typeof askEach<'stream-events' | 'id-events'>>>;

/** By the clock of this member. */
function onTimeLine(source: ApiSource, { answered, missing }: Given, sinceMs: number) {
  const told = answered.map(({ answer, ...one }) => {
    const { nowMs } = answer;
    // This member's own clock is the one that the others are put in line with.
    const own = one.member === source.directory.self ? { askedMs: nowMs, answeredMs: nowMs } : {};
    return { ...one, ...answer, ...own };
  });
  const events = onOneLine(told).filter(({ atMs }) => atMs > sinceMs);
  return {
    events: events.map(({ number: _, event, ...about }) => ({
      ...event,
      // The event has an id of its own.
      ...subjectOf(event),
      ...about,
    })),
    clocks: told.map((one) => ({ member: one.member, name: one.name, ...clockOffset(one) })),
    missing,
  };
}

function subjectOf(event: Readonly<Record<string, unknown>>): { readonly subject?: string } {
  const subject = event.id ?? event.relay;
  return typeof subject === 'string' ? { subject } : {};
}

/** Names of members that are taken for dead. One that came back under another id, as without its disk, is there. */
function deadOf(source: ApiSource): string[] {
  const members = source.members().map(({ liveness, profile }) => ({ liveness, name: profile?.name }));
  const there = new Set(members.flatMap(({ liveness, name }) => (claimsStand(liveness) ? [name] : [])));
  const dead = members.flatMap(({ liveness, name }) =>
    liveness === 'dead' && name !== undefined && !there.has(name) ? [name] : [],
  );
  return [...new Set(dead)].sort();
}

async function examine(source: ApiSource) {
  const { answered, missing } = await askEach(source, 'checkup', {});
  const all = answered.map(({ answer: checkup, ...one }) => ({
    ...one,
    checkup,
    clock: clockOffset({ ...one, nowMs: checkup.nowMs, askedMs: one.answeredMs }),
  }));
  return {
    findings: [...diagnose(all, missing, namesOf(source), deadOf(source))],
    members: all.map(({ name }) => name).sort(),
  };
}
