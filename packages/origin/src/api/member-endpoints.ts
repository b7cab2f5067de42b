import type { MemberId } from '@headwater/directory';
import type { Context } from 'hono';
import * as v from 'valibot';
import { LEFT_BECAUSE } from '../drain-progress.js';
import { type AnswerTo, type Ask, QUESTIONS, type QuestionName } from '../questions/questions.js';
import { restartReason } from '../reload/how-applied.js';
import { type ApiErrorCode, apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { memberCalled, unknownMember } from './clients.js';
import type { Endpoints } from './endpoint.js';
import { listMembers } from './members.js';
import {
  type ApiConfig,
  type ApiDrain,
  CONFIG_ANSWER,
  DONE_ANSWER,
  DRAIN_ANSWER,
  MEMBER,
  MEMBERS_ANSWER,
  RELOADED_ANSWER,
} from './schemas/member.js';
import { namesOf } from './streams.js';

const MEMBER_PARAM = { member: 'Its name or id; `self` for the member that is asked.' };
const ERRORS_OF_ACTS = ['MEMBER_UNKNOWN', 'MEMBER_SILENT'] as const;

type Act = Extract<QuestionName, 'drain' | 'cancel-drain' | 'log-level'>;

const RELOAD =
  'What can change while it runs is in force when this answers; who plays or publishes stays. `needsRestart` names what counts from the next start on. A configuration that is wrong changes nothing, and the answer says all that is wrong with it.';

export function addMembers(endpoints: Endpoints, source: ApiSource): void {
  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/members',
      id: 'members',
      tag: 'Mesh',
      summary: 'Who is in the mesh, as this member sees it: itself first, then by name.',
      description: 'Answers have an `ETag`: with `If-None-Match` what did not change is not sent again.',
      answer: MEMBERS_ANSWER,
    },
    () => ({ members: listMembers(source.members(), source.media.workers()) }),
  );

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/members/{member}',
      id: 'member',
      tag: 'Mesh',
      summary: 'One member.',
      params: MEMBER_PARAM,
      answer: MEMBER,
      errors: ['MEMBER_UNKNOWN'],
    },
    ({ context, param }) => {
      const id = memberCalled(source, param('member'));
      const member = listMembers(source.members(), source.media.workers()).find((one) => one.id === id);
      return member ?? apiError(context, 'MEMBER_UNKNOWN', unknownMember(source, param('member')));
    },
  );

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/members/{member}/config',
      id: 'memberConfig',
      tag: 'Mesh',
      summary: 'What a member runs with: each value, and where it came from. Secrets are masked.',
      params: MEMBER_PARAM,
      answer: CONFIG_ANSWER,
      errors: [...ERRORS_OF_ACTS, 'NOT_IMPLEMENTED'],
    },
    async ({ context, param }): Promise<ApiConfig | Response> => {
      const asked = await askMember(context, source, param('member'), 'config', {});
      return asked instanceof Response
        ? asked
        : { member: asked.member, name: asked.name, keys: asked.answer.keys };
    },
  );

  endpoints.add(
    {
      method: 'post',
      path: '/api/v1/members/{member}/drain',
      id: 'drain',
      tag: 'Mesh',
      summary: 'Has a member let others take over, and keeps everybody away from it until that is cancelled.',
      description:
        'It refuses publishers, gives other members’ relays time to move, closes its publishers, whose encoders connect elsewhere, and serves its players meanwhile. Its process goes on.',
      params: MEMBER_PARAM,
      body: QUESTIONS.drain.ask,
      answer: DONE_ANSWER,
      errors: [...ERRORS_OF_ACTS, 'DRAIN_STATE'],
      role: 'operate',
    },
    ({ context, param, body }) =>
      act(context, source, param('member'), 'drain', body, 'DRAIN_STATE', 'drains already'),
  );

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/members/{member}/drain',
      id: 'drainProgress',
      tag: 'Mesh',
      summary: 'How a member’s drain gets on: who is left on it, and why each is.',
      params: MEMBER_PARAM,
      answer: DRAIN_ANSWER,
      errors: ERRORS_OF_ACTS,
    },
    ({ context, param }) => drainProgress(context, source, param('member')),
  );

  endpoints.add(
    {
      method: 'delete',
      path: '/api/v1/members/{member}/drain',
      id: 'cancelDrain',
      tag: 'Mesh',
      summary: 'Has a member that drains take publishers and players as before.',
      params: MEMBER_PARAM,
      answer: DONE_ANSWER,
      errors: [...ERRORS_OF_ACTS, 'DRAIN_STATE'],
      role: 'operate',
    },
    ({ context, param }) =>
      act(context, source, param('member'), 'cancel-drain', {}, 'DRAIN_STATE', 'does not drain, or ends'),
  );

  endpoints.add(
    {
      method: 'put',
      path: '/api/v1/members/{member}/log-level',
      id: 'setLogLevel',
      tag: 'Mesh',
      summary: 'Sets the level of a member’s log, until its process ends.',
      params: MEMBER_PARAM,
      body: QUESTIONS['log-level'].ask,
      answer: DONE_ANSWER,
      errors: ERRORS_OF_ACTS,
      role: 'operate',
    },
    ({ context, param, body }) =>
      act(context, source, param('member'), 'log-level', body, 'MEMBER_SILENT', 'did not'),
  );

  endpoints.add(
    {
      method: 'post',
      path: '/api/v1/members/{member}/reload',
      id: 'reload',
      tag: 'Mesh',
      summary: 'Has a member read its configuration anew: the same file, environment and flags.',
      description: RELOAD,
      params: MEMBER_PARAM,
      body: v.object({}),
      answer: RELOADED_ANSWER,
      errors: [...ERRORS_OF_ACTS, 'CONFIG_INVALID', 'NOT_IMPLEMENTED'],
      role: 'operate',
    },
    ({ context, param }) => reload(context, source, param('member')),
  );

  endpoints.add(
    {
      method: 'post',
      path: '/api/v1/reload',
      id: 'reloadSelf',
      tag: 'Mesh',
      summary: 'Has the member that is asked read its configuration anew.',
      description: RELOAD,
      body: v.object({}),
      answer: RELOADED_ANSWER,
      errors: [...ERRORS_OF_ACTS, 'CONFIG_INVALID', 'NOT_IMPLEMENTED'],
      role: 'operate',
    },
    ({ context }) => reload(context, source, 'self'),
  );
}

/** A member of another release has keys that are not known here. */
const UNKNOWN_REASON = 'that member says so';

async function reload(
  context: Context,
  source: ApiSource,
  called: string,
): Promise<v.InferInput<typeof RELOADED_ANSWER> | Response> {
  const member = memberCalled(source, called);
  if (member === undefined) return apiError(context, 'MEMBER_UNKNOWN', unknownMember(source, called));
  const name = namesOf(source)(member);
  const result = await source.mesh.ask(member, 'reload', {});
  if ('reason' in result) return noAnswer(context, name, result.reason);
  const { done, applied = [], needsRestart = [], problems = [] } = result.answer;
  if (done) {
    const reasons = needsRestart.map((key) => [key, restartReason(key) ?? UNKNOWN_REASON] as const);
    return { member, name, done, applied, needsRestart, restartReasons: Object.fromEntries(reasons) };
  }
  return problems.length === 0
    ? apiError(context, 'NOT_IMPLEMENTED', `${name} cannot read its configuration anew`)
    : apiError(context, 'CONFIG_INVALID', `${name} keeps the configuration it has: ${problems.join('; ')}`);
}

function noAnswer(context: Context, name: string, reason: string): Response {
  return reason === 'not-supported' || reason === 'unknown-question'
    ? apiError(context, 'NOT_IMPLEMENTED', `${name} is of a release that cannot do this`)
    : apiError(context, 'MEMBER_SILENT', `${name} did not answer: ${reason}`);
}

async function drainProgress(
  context: Context,
  source: ApiSource,
  called: string,
): Promise<ApiDrain | Response> {
  const asked = await askMember(context, source, called, 'drain-progress', {});
  if (asked instanceof Response) return asked;
  const { member, name, answer } = asked;
  const stillHere = answer.stillHere.map((left) => ({ ...left, text: textOf(left.because) }));
  return { member, name, ...answer, stillHere };
}

/** A member of another release may have reasons of its own. */
const textOf = (because: string): string =>
  Object.hasOwn(LEFT_BECAUSE, because) ? LEFT_BECAUSE[because as keyof typeof LEFT_BECAUSE] : because;

/** Asks one member to do something. `otherwise` and `because`: what is said where it answers that it did not. */
async function act<Q extends Act>(
  context: Context,
  source: ApiSource,
  called: string,
  question: Q,
  ask: Ask<Q>,
  otherwise: ApiErrorCode,
  because: string,
): Promise<v.InferInput<typeof DONE_ANSWER> | Response> {
  const asked = await askMember(context, source, called, question, ask);
  if (asked instanceof Response) return asked;
  const { member, name } = asked;
  const { done } = asked.answer as { readonly done: boolean };
  return done ? { member, name, done } : apiError(context, otherwise, `${name} ${because}`);
}

/** One member's answer, or the error for who wanted it. */
async function askMember<Q extends QuestionName>(
  context: Context,
  source: ApiSource,
  called: string,
  question: Q,
  ask: Ask<Q>,
): Promise<{ readonly member: MemberId; readonly name: string; readonly answer: AnswerTo<Q> } | Response> {
  const member = memberCalled(source, called);
  if (member === undefined) return apiError(context, 'MEMBER_UNKNOWN', unknownMember(source, called));
  const name = namesOf(source)(member);
  const result = await source.mesh.ask(member, question, ask);
  if ('reason' in result) return noAnswer(context, name, result.reason);
  return { member, name, answer: result.answer };
}
