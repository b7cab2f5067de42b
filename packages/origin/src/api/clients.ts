import {
  claimsStand,
  DEFAULT_VHOST,
  type MemberId,
  parseStreamKey,
  type StreamKey,
} from '@headwater/directory';
import type * as v from 'valibot';
import type { ClientFilter } from '../plane/media-plane.js';
import type { AnswerOf, Missing } from '../questions/mesh-wide.js';
import type { ApiSource } from './api-source.js';
import type { ApiClient, CLIENT_PAGE, CLIENT_QUERY } from './schemas/client.js';
import { namesOf } from './streams.js';

type Query = v.InferOutput<typeof CLIENT_QUERY>;
type Page = v.InferOutput<typeof CLIENT_PAGE>;

/** The id of a member that is there, by its name or id; undefined where there is none, or several have the name. */
export function memberCalled(
  { directory }: Pick<ApiSource, 'directory'>,
  called: string,
): MemberId | undefined {
  if (called === 'self') return directory.self;
  const all = [...directory.members()];
  const byId = all.find(({ id }) => id === called);
  if (byId !== undefined) return byId.id;
  const [only, ...others] = all.filter(
    ({ profile, liveness }) => profile?.name === called && claimsStand(liveness),
  );
  return others.length === 0 ? only?.id : undefined;
}

/** Why `memberCalled` found none: nobody was ever called so, or who was is not there. */
export function unknownMember(
  { directory }: Pick<ApiSource, 'directory'>,
  called: string | undefined,
): string {
  const all = [...directory.members()].filter(({ profile }) => profile?.name === called);
  const there = all.filter(({ liveness }) => claimsStand(liveness));
  if (there.length > 1) return `${there.length} members are called ${called}: say which by its id`;
  const [gone] = all;
  if (gone === undefined) return `no member is called ${called}`;
  return `${called} is not there: it ${gone.liveness === 'left' ? 'has left' : 'is taken for dead'}`;
}

/** The default one, or one of `vhosts`. */
export const isVhost = ({ resolveVhost }: Pick<ApiSource, 'resolveVhost'>, name: string): boolean =>
  name === DEFAULT_VHOST || (name !== '' && resolveVhost(name) === name);

/** `app/stream` or `vhost/app/stream` as a key; undefined where it is neither. */
export function streamCalled(
  { resolveVhost }: Pick<ApiSource, 'resolveVhost'>,
  called: string,
): StreamKey | undefined {
  const first = called.slice(0, called.indexOf('/'));
  const hasVhost = isVhost({ resolveVhost }, first);
  const key = hasVhost && called.split('/').length > 2 ? called : `${resolveVhost(undefined)}/${called}`;
  return parseStreamKey(key) === null ? undefined : key;
}

/** Clients of all members, or of one, in the order of their ids: one page. Null: no such member; `stream`: none is called so. */
export async function pageClients(source: ApiSource, query: Query): Promise<Page | 'member' | 'stream'> {
  const { cursor, limit, member: called, stream, ...rest } = query;
  const key = stream === undefined ? undefined : streamCalled(source, stream);
  if (stream !== undefined && key === undefined) return 'stream';
  const filter: ClientFilter = { ...rest, ...(key === undefined ? {} : { key }) };
  const ask = { ...filter, after: cursor, max: limit + 1 };
  const names = namesOf(source);
  const member = called === undefined ? undefined : memberCalled(source, called);
  if (called !== undefined && member === undefined) return 'member';
  const { answers, missing } =
    member === undefined
      ? await source.mesh.askAll('clients', ask)
      : asLists(await source.mesh.ask(member, 'clients', ask));
  const all: ApiClient[] = answers.flatMap(({ member: id, answer }) =>
    answer.clients.map((client) => ({ ...client, member: id, name: names(id) })),
  );
  all.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const last = all[limit - 1];
  return {
    clients: all.slice(0, limit),
    ...(all.length > limit && last !== undefined && { next: last.id }),
    missing: [
      ...missing.map((each) => ({ ...each, name: names(each.member) })),
      ...answers
        .filter(({ answer }) => answer.unanswered !== undefined)
        .map(({ member: id }) => ({ member: id, name: names(id), reason: 'workers' })),
    ],
  };
}

function asLists(one: AnswerOf<'clients'> | Missing): {
  readonly answers: readonly AnswerOf<'clients'>[];
  readonly missing: readonly Missing[];
} {
  return 'reason' in one ? { answers: [], missing: [one] } : { answers: [one], missing: [] };
}
