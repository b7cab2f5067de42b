import { displayStreamKey } from '@headwater/directory';
import * as v from 'valibot';
import { JSON_FLAG, readApi } from '../api-client.js';
import { API_FLAGS, askApi } from '../ask-api.js';
import type { Command } from '../command.js';
import { durationText } from '../duration-text.js';
import { EXIT } from '../io.js';
import { livenessCell } from '../liveness-cell.js';
import { mediaText, OWNER } from '../media-text.js';
import { type Paint, paintFor } from '../paint.js';
import { streamPath } from '../stream-path.js';
import { type Cell, renderTable } from '../table.js';

const STREAM_ANSWER = v.object({
  key: v.string(),
  owners: v.array(OWNER),
  /** All of them, of whom `here.players` may be the first ones. */
  players: v.optional(v.number()),
  here: v.object({
    source: v.string(),
    relayFrom: v.optional(v.string()),
    relayThrough: v.optional(v.string()),
    relayThroughName: v.optional(v.string()),
    players: v.array(
      v.object({
        protocol: v.string(),
        remote: v.string(),
        agent: v.string(),
        sinceMs: v.number(),
        state: v.string(),
      }),
    ),
  }),
  routes: v.array(
    v.object({
      client: v.string(),
      route: v.string(),
      why: v.string(),
      target: v.optional(v.string()),
      address: v.optional(v.string()),
      through: v.optional(v.string()),
    }),
  ),
});

type StreamAnswer = v.InferOutput<typeof STREAM_ANSWER>;

const PLAY_ANSWER = v.object({
  key: v.string(),
  name: v.string(),
  client: v.string(),
  steps: v.array(v.object({ about: v.string(), text: v.string() })),
});

type PlayAnswer = v.InferOutput<typeof PLAY_ANSWER>;

const PLAY_FLAGS = ['from', 'client', 'address'] as const;

function playSentences(answer: PlayAnswer, paint: Paint): string {
  const about = `, played by ${answer.client} from ${answer.name}`;
  return `${paint.bold(displayStreamKey(answer.key))}${about}\n\n${sentencesOf(answer)}`;
}

/** What members are called must not steer a terminal. */
const sentencesOf = ({ steps }: PlayAnswer): string =>
  steps.map(({ about, text }) => `${`${about}:`.padEnd(10)}${text.replace(/\p{Cc}/gu, '\ufffd')}\n`).join('');

export const EXPLAIN: Command = {
  name: 'explain',
  operand: 'STREAM',
  summary:
    'Say what would happen to a play of a stream, and why; show its owners, its players here, and every route.',
  flags: [
    {
      name: 'from',
      value: 'MEMBER',
      meaning: 'What this member would do, by name or id; default: the asked one.',
    },
    {
      name: 'client',
      value: 'KIND',
      meaning: 'Who plays: ffmpeg (any RTMP player; the default), srs-edge, flv or browser.',
    },
    { name: 'address', value: 'IP', meaning: 'Where the player is, for rules that ask for it.' },
    { name: 'vhost', value: 'NAME', meaning: 'The vhost, where vhosts are configured.' },
    ...API_FLAGS,
    JSON_FLAG,
  ],
  notes: [
    '  headwater explain live/s1',
    '  headwater explain live/s1 --from origin-c --client browser --address 203.0.113.9',
  ],
  async run(given, io) {
    const paint = paintFor(io.stdout.isTTY === true, io.env);
    const stream = given.positionals[0] ?? '';
    // About one play, where the asker says anything of it: that is all it wants to hear.
    const asked = PLAY_FLAGS.filter((name) => given.value(name) !== undefined);
    if (asked.length > 0) {
      const query = asked.map((name) => [name, given.value(name) ?? ''] as const);
      const path = streamPath('explain', stream, given.value('vhost'), query);
      const { value, text } = await readApi(path, PLAY_ANSWER, given, io);
      io.stdout.write(given.has('json') ? `${text.trimEnd()}\n` : playSentences(value, paint));
      return EXIT.ok;
    }
    const path = streamPath('streams', stream, given.value('vhost'));
    const { value, text } = await readApi(path, STREAM_ANSWER, given, io);
    if (given.has('json')) {
      io.stdout.write(`${text.trimEnd()}\n`);
      return EXIT.ok;
    }
    io.stdout.write(explanation(value, io.now(), paint));
    // Members of an earlier release have no sentences.
    const { body } = await askApi(streamPath('explain', stream, given.value('vhost')), given, io);
    const play = v.safeParse(PLAY_ANSWER, body);
    if (play.success) io.stdout.write(`\n${sentencesOf(play.output)}`);
    return EXIT.ok;
  },
};

function explanation(
  { key, owners, players, here, routes }: StreamAnswer,
  now: number,
  paint: Paint,
): string {
  const ownerRows = owners.map((owner, index): Cell[] => [
    String(index + 1),
    owner.name,
    livenessCell(owner),
    owner.state === 'silent' ? { text: owner.state, style: 'yellow' } : owner.state,
    durationText(now - owner.sinceMs),
    mediaText(owner.media),
  ]);
  const routeRows = routes.map((route): Cell[] => [
    route.client,
    {
      text: route.route,
      style: route.route === 'refuse' ? 'red' : route.route === 'wait' ? 'yellow' : 'green',
    },
    destinationOf(route),
    route.why,
  ]);
  const playerRows = here.players.map((player): Cell[] => [
    player.remote,
    player.protocol,
    player.state === 'playing' ? player.state : { text: player.state, style: 'yellow' },
    durationText(now - player.sinceMs),
    player.agent,
  ]);
  const relayFrom = owners.find(({ member }) => member === here.relayFrom)?.name ?? here.relayFrom;
  const through = here.relayThroughName ?? here.relayThrough;
  const way = through === undefined ? '' : ` through ${through}`;
  const source = relayFrom === undefined ? SOURCES[here.source] : `relayed from ${relayFrom}${way}`;
  return [
    `${paint.bold(displayStreamKey(key))}\n`,
    owners.length === 0
      ? `\nNobody publishes it. Players wait for it.\n`
      : `\n${renderTable(['#', 'OWNER', 'STATE', 'FLOW', 'FOR', 'MEDIA'], ownerRows, paint)}`,
    owners.some(({ state }) => state === 'silent') ? SILENT_MEANS : '',
    `\n${renderTable(['PLAYER', 'ROUTE', 'TO', 'WHY'], routeRows, paint)}`,
    `\nOn this member: ${source ?? here.source}, ${playersText(players ?? 0, here.players.length)}.\n`,
    here.players.length === 0
      ? ''
      : renderTable(['FROM', 'PROTOCOL', 'STATE', 'FOR', 'AGENT'], playerRows, paint),
  ].join('');
}

function destinationOf({ target, address, through }: StreamAnswer['routes'][number]): string {
  const where = [target, address].filter((part) => part !== undefined).join(' at ') || '-';
  return through === undefined ? where : `${where}, through ${through}`;
}

const SILENT_MEANS =
  'Silent: its publisher is connected, but no media comes from it now. Plays go to owners that flow, where there are any.\n';

/** Older members list all of them. */
const playersText = (all: number, shown: number): string =>
  all > shown ? `${all} players, of whom the first ${shown} are shown` : `${shown} players`;

const SOURCES: Readonly<Record<string, string>> = {
  publisher: 'published here',
  relay: 'relayed',
  none: 'no media',
};
