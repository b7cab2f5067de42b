import { DEFAULT_VHOST, type Owner, parseStreamKey, type StreamKey } from '@headwater/directory';
import * as v from 'valibot';
import { FIGURES_MAX } from '../questions/questions.js';
import { queryNumber, queryWord, said, TEXT } from './schemas/parts.js';
import { SRS_PAGE, type SrsPage } from './schemas/srs.js';

/** Streams in one answer where the asker does not say how many, and at most. */
export const PAGE_DEFAULT = 100;
export const PAGE_MAX = 1000;

const STATES = ['flowing', 'silent', 'unowned'] as const;

/** What `GET /api/v1/streams` is asked for. */
export interface StreamQuery {
  /** The last stream of the page before; null: from the first on. */
  readonly after: StreamKey | null;
  readonly limit: number;
  readonly app?: string;
  /** Name or id of a member: streams of which it is an owner. */
  readonly owner?: string;
  /** Of the stream as people write it: `app/stream`, with the vhost before where that is not the default one. */
  readonly prefix?: string;
  /** `flowing`: an owner's media comes. `silent`: it has owners, and nobody's does. `unowned`: it is only waited for here. */
  readonly state?: (typeof STATES)[number];
  /** `mesh`: with how each stream of the page does on all members. */
  readonly figures?: 'mesh';
  /** Asked for in SRS's shape, which has pages of another kind. */
  readonly srs?: SrsPage;
}

export const STREAM_QUERY = v.pipe(
  v.object({
    cursor: v.optional(
      v.pipe(
        v.string(),
        v.check(
          (cursor) => cursor === '' || readCursor(cursor) !== undefined,
          'cursor is none: take it from `next` of the page before',
        ),
        v.description('`next` of the page before; none: from the first stream on.'),
      ),
      '',
    ),
    limit: v.optional(
      said(queryNumber('limit', 1, PAGE_MAX), `At most ${PAGE_MAX}; by default ${PAGE_DEFAULT}.`),
      String(PAGE_DEFAULT),
    ),
    app: v.exactOptional(said(TEXT, 'Only streams of this app.')),
    owner: v.exactOptional(said(TEXT, 'Only streams that this member owns, by its name or id.')),
    prefix: v.exactOptional(said(TEXT, 'Only streams whose `app/stream` begins with this.')),
    state: v.exactOptional(
      said(
        queryWord('state', STATES),
        '`flowing`: an owner’s media comes. `silent`: it has owners, and nobody’s does. `unowned`: it is only waited for here.',
      ),
    ),
    figures: v.exactOptional(
      said(
        queryWord('figures', ['mesh']),
        `\`mesh\`: each stream has its \`figures\`; every member is asked, so a page has at most ${FIGURES_MAX}.`,
      ),
    ),
    ...SRS_PAGE,
  }),
  v.check(
    ({ figures, limit }) => figures === undefined || limit <= FIGURES_MAX,
    `limit is at most ${FIGURES_MAX} with figures`,
  ),
  v.transform(
    ({ cursor, format, start, count, ...rest }): StreamQuery => ({
      ...rest,
      after: readCursor(cursor) ?? null,
      ...(format !== undefined && { srs: { start, count } }),
    }),
  ),
);

/** Where the next page goes on: after this stream, whether or not it is still there by then. */
export const cursorOf = (key: StreamKey): string => Buffer.from(key).toString('base64url');

function readCursor(cursor: string): StreamKey | undefined {
  const key = Buffer.from(cursor, 'base64url').toString();
  return parseStreamKey(key) === null ? undefined : key;
}

export function matchesOwners({ owner, state }: StreamQuery, owners: readonly Owner[]): boolean {
  if (
    owner !== undefined &&
    !owners.some(({ member, profile }) => member === owner || profile.name === owner)
  )
    return false;
  return state === undefined || state === stateOf(owners);
}

function stateOf(owners: readonly Owner[]): NonNullable<StreamQuery['state']> {
  // Those that flow come first.
  const [best] = owners;
  if (best === undefined) return 'unowned';
  return best.claim.silent === true ? 'silent' : 'flowing';
}

/**
 * The first key from `key` on that may match by its name: `key` itself where it does, another one to go on from where it
 * does not, null where none can follow.
 */
export function seekName(query: StreamQuery, key: StreamKey): StreamKey | null {
  const byPrefix = query.prefix === undefined ? key : seekPrefix(query.prefix, key);
  if (byPrefix !== key || query.app === undefined) return byPrefix;
  return seekApp(query.app, key);
}

function seekPrefix(prefix: string, key: StreamKey): StreamKey | null {
  const starts = [prefix, `${DEFAULT_VHOST}/${prefix}`].sort();
  if (starts.some((start) => key.startsWith(start))) return key;
  return starts.find((start) => start > key) ?? null;
}

/** Each vhost has the app's streams in one stretch, among those of apps that begin with its name and a slash. */
function seekApp(app: string, key: StreamKey): StreamKey {
  const slash = key.indexOf('/');
  // Where the walk begins there may be no vhost yet.
  if (slash < 0) return `${key}/`;
  const stretch = `${key.slice(0, slash)}/${app}/`;
  if (key < stretch) return stretch;
  if (!key.startsWith(stretch)) return `${key.slice(0, slash)}${AFTER_SLASH}`;
  return key.lastIndexOf('/') === stretch.length - 1 ? key : `${key}\u0000`;
}

/** Comes right after `/`, so after all keys of a vhost. */
const AFTER_SLASH = '0';
