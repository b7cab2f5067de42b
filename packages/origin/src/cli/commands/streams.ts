import { displayStreamKey } from '@headwater/directory';
import * as v from 'valibot';
import { HeadwaterError } from '../../errors.js';
import { JSON_FLAG, readApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Arguments, Command, Flag } from '../command.js';
import { durationText } from '../duration-text.js';
import { type CliIo, EXIT } from '../io.js';
import { mediaText, OWNER } from '../media-text.js';
import { paintFor } from '../paint.js';
import { type Cell, renderTable } from '../table.js';

const STREAMS_ANSWER = v.object({
  streams: v.array(v.object({ key: v.string(), owners: v.array(OWNER), players: v.number() })),
  /** Older members answer all at once. */
  next: v.optional(v.string()),
});

/** Streams asked for at once: the most that the API gives. */
const PAGE = 1000;

/** What the API is asked as it was given here. */
const FILTERS: readonly Flag[] = [
  { name: 'app', value: 'APP', meaning: 'Only streams of this app.' },
  { name: 'owner', value: 'MEMBER', meaning: 'Only streams that this member owns, by its name or id.' },
  { name: 'prefix', value: 'TEXT', meaning: 'Only streams whose APP/STREAM begins with this.' },
  {
    name: 'state',
    value: 'STATE',
    meaning: 'Only streams that are flowing, silent, or unowned (waited for on the asked member).',
  },
];

type Listed = v.InferOutput<typeof STREAMS_ANSWER>;
type ListedOwner = v.InferOutput<typeof OWNER>;

export const STREAMS: Command = {
  name: 'streams',
  summary: 'Show every stream in the mesh with its owners, the first one being where players are sent.',
  flags: [
    { name: 'limit', value: 'N', meaning: 'Show no more than so many; default: all.' },
    ...FILTERS,
    ...API_FLAGS,
    JSON_FLAG,
  ],
  async run(given, io) {
    const { streams, raw } = await readPages(given, io);
    if (given.has('json')) {
      io.stdout.write(`${JSON.stringify({ streams: raw })}\n`);
      return EXIT.ok;
    }
    if (streams.length === 0) {
      io.stdout.write(
        FILTERS.some(({ name }) => given.has(name))
          ? 'No such stream.\n'
          : 'Nobody publishes anything. Try: ffmpeg -re -i FILE -c copy -f flv rtmp://HOST/live/s1\n',
      );
      return EXIT.ok;
    }
    const now = io.now();
    const rows = streams.map(({ key, owners, players }): Cell[] => {
      const [best] = owners;
      return [
        { text: displayStreamKey(key), style: 'bold' },
        ownersCell(owners),
        best === undefined ? '-' : durationText(now - best.sinceMs),
        best === undefined ? '-' : mediaText(best.media),
        String(players),
      ];
    });
    const columns = [
      'STREAM',
      'OWNERS',
      { title: 'FOR', align: 'right' },
      'MEDIA',
      { title: 'PLAYERS HERE', align: 'right' },
    ] as const;
    io.stdout.write(renderTable(columns, rows, paintFor(io.stdout.isTTY === true, io.env)));
    return EXIT.ok;
  },
};

interface Listing {
  readonly streams: Listed['streams'];
  /** The same, as they came. */
  readonly raw: readonly unknown[];
}

/** Page after page, until there is no more or enough. */
async function readPages(given: Arguments, io: CliIo): Promise<Listing> {
  const max = limitOf(given);
  const streams: Listed['streams'] = [];
  const raw: unknown[] = [];
  for (let cursor: string | undefined, isLast = false; !isLast; ) {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE, max - streams.length)) });
    for (const { name } of FILTERS) {
      const value = given.value(name);
      if (value !== undefined) query.set(name, value);
    }
    if (cursor !== undefined) query.set('cursor', cursor);
    const { value, text } = await readApi(`/api/v1/streams?${query}`, STREAMS_ANSWER, given, io);
    const came = JSON.parse(text) as { readonly streams: readonly unknown[] };
    raw.push(...came.streams.slice(0, max - raw.length));
    streams.push(...value.streams.slice(0, max - streams.length));
    cursor = value.next;
    isLast = cursor === undefined || value.streams.length === 0 || streams.length >= max;
  }
  return { streams, raw };
}

function limitOf(given: Arguments): number {
  const text = given.value('limit');
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new HeadwaterError(
    'USAGE',
    `--limit: found ${JSON.stringify(text)}, expected a whole number from 1 on`,
  );
}

/** Owners in order, those that are silent marked; yellow where nobody can play it now. */
function ownersCell(owners: readonly ListedOwner[]): Cell {
  if (owners.length === 0) return { text: 'nobody', style: 'yellow' };
  const text = owners.map(({ name, state }) => (state === 'silent' ? `${name} (silent)` : name)).join(', ');
  return owners[0]?.state === 'silent' ? { text, style: 'yellow' } : text;
}
