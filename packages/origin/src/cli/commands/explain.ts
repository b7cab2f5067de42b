import { DEFAULT_VHOST, displayStreamKey, streamNameProblem } from '@headwater/directory';
import * as v from 'valibot';
import { HeadwaterError } from '../../errors.js';
import { JSON_FLAG, readApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Command } from '../command.js';
import { durationText } from '../duration-text.js';
import { EXIT } from '../io.js';
import { livenessCell } from '../liveness-cell.js';
import { mediaText, OWNER } from '../media-text.js';
import { type Paint, paintFor } from '../paint.js';
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

export const EXPLAIN: Command = {
  name: 'explain',
  operand: 'STREAM',
  summary: 'Show who owns a stream, who plays it here, and what each kind of player would get, and why.',
  flags: [
    { name: 'vhost', value: 'NAME', meaning: 'The vhost, where vhosts are configured.' },
    ...API_FLAGS,
    JSON_FLAG,
  ],
  notes: ['  headwater explain live/s1'],
  async run(given, io) {
    const { value, text } = await readApi(
      pathOf(given.positionals[0] ?? '', given.value('vhost')),
      STREAM_ANSWER,
      given,
      io,
    );
    const paint = paintFor(io.stdout.isTTY === true, io.env);
    io.stdout.write(given.has('json') ? `${text.trimEnd()}\n` : explanation(value, io.now(), paint));
    return EXIT.ok;
  },
};

function pathOf(written: string, vhost: string | undefined): string {
  const slash = written.lastIndexOf('/');
  const name = {
    vhost: vhost ?? DEFAULT_VHOST,
    app: written.slice(0, Math.max(slash, 0)),
    stream: written.slice(slash + 1),
  };
  const problem = streamNameProblem(name);
  if (problem !== null)
    throw new HeadwaterError('STREAM_NAME_INVALID', `${JSON.stringify(written)} names no stream: ${problem}`);
  const path = [...name.app.split('/'), name.stream].map(encodeURIComponent).join('/');
  return `/api/v1/streams/${path}${vhost === undefined ? '' : `?vhost=${encodeURIComponent(vhost)}`}`;
}

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
  const way = through === undefined ? '' : ` through ${through}, since it cannot be reached from here`;
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
