import * as v from 'valibot';
import { HeadwaterError } from '../../errors.js';
import { MISSING, missingText } from '../api-answers.js';
import { JSON_FLAG, readApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Arguments, Command } from '../command.js';
import { type CliIo, EXIT } from '../io.js';
import { streamPath } from '../stream-path.js';
import { printable } from '../text-width.js';

const EVENT = v.looseObject({
  id: v.string(),
  by: v.string(),
  byName: v.string(),
  atMs: v.number(),
  kind: v.string(),
});

const ANSWER = v.object({
  events: v.array(EVENT),
  clocks: v.array(v.object({ name: v.string(), aheadMs: v.number(), withinMs: v.number() })),
  missing: MISSING,
});

type Answer = v.InferOutput<typeof ANSWER>;
type Event = v.InferOutput<typeof EVENT>;

/** How often is asked for more, ms. */
const FOLLOW_EVERY_MS = 500;
/** Members learn of some things a moment later than others: so far back it is looked again, ms. */
const LOOK_BACK_MS = 10_000;
/** A clock that is off by more is told of, ms. */
const CLOCK_TOLD_MS = 100;

/** Words that are told first, or not at all. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  'id',
  'by',
  'byName',
  'member',
  'atMs',
  'ownAtMs',
  'kind',
  'key',
]);

export const TRACE: Command = {
  name: 'trace',
  operand: 'STREAM',
  isOperandOptional: true,
  summary: 'Show what happened to a stream, or to one play or publish, on all members, on one time line.',
  flags: [
    {
      name: 'id',
      value: 'ID',
      meaning: 'Of one play, publish or relay, as in clients, events and logs, in place of a stream.',
    },
    { name: 'follow', meaning: 'Go on, until stopped.' },
    { name: 'vhost', value: 'NAME', meaning: 'The vhost, where vhosts are configured.' },
    ...API_FLAGS,
    JSON_FLAG,
  ],
  notes: [
    '  headwater trace live/s1 --follow',
    '  headwater trace --id 0b0f9d4e-5b0a-4a53-8d0e-0f6d9a1c2b3d',
    '',
    "Times are those of the asked member's clock. Each member keeps its last 1,000 events, of all streams together.",
  ],
  async run(given, io) {
    if ((given.value('id') === undefined) === (given.positionals.length === 0))
      throw new HeadwaterError('USAGE', 'trace takes a stream, or --id');
    const [called] = given.positionals;
    if (called !== undefined && ID_FORM.test(called))
      throw new HeadwaterError('USAGE', `${JSON.stringify(called)} names no stream`, {
        hint: `A stream is APP/STREAM, such as live/s1. What happened to one play, publish or relay: headwater trace --id ${called}`,
      });
    const first = await ask(given, io, 0);
    if (given.has('json') && !given.has('follow')) {
      io.stdout.write(`${first.text.trimEnd()}\n`);
      return EXIT.ok;
    }
    const shown = new Map<string, number>();
    show(first.value, shown, given, io);
    for (const { name, reason } of first.value.missing) io.stderr.write(missingText(name, reason));
    for (const { name, aheadMs, withinMs } of first.value.clocks)
      if (Math.abs(aheadMs) - withinMs > CLOCK_TOLD_MS)
        io.stderr.write(
          `the clock of ${name} is ${aheadMs > 0 ? 'ahead' : 'behind'} by ${Math.abs(aheadMs)} ms\n`,
        );
    if (first.value.events.length === 0 && !given.has('follow')) io.stdout.write(NOTHING);
    while (given.has('follow')) {
      await new Promise((resolve) => setTimeout(resolve, FOLLOW_EVERY_MS));
      const newest = Math.max(0, ...shown.values());
      show((await ask(given, io, Math.max(0, newest - LOOK_BACK_MS))).value, shown, given, io);
    }
    return EXIT.ok;
  },
};

/** What ids look like; streams have a slash. */
const ID_FORM = /^[\w-]{8,64}$/;
const NOTHING = 'No member remembers anything of it.\n';

function ask(given: Arguments, io: CliIo, sinceMs: number) {
  const id = given.value('id');
  // All of it each time: what is shown already is left out.
  if (id !== undefined) return readApi(`/api/v1/trace-id/${encodeURIComponent(id)}`, ANSWER, given, io);
  const query = sinceMs === 0 ? [] : [['since', String(Math.floor(sinceMs))] as const];
  const path = streamPath('trace', given.positionals[0] ?? '', given.value('vhost'), query);
  return readApi(path, ANSWER, given, io);
}

/** Shows what was not shown yet. */
function show({ events }: Answer, shown: Map<string, number>, given: Arguments, io: CliIo): void {
  const newest = Math.max(0, ...shown.values());
  if (!given.has('id'))
    for (const [id, atMs] of shown) if (atMs < newest - 2 * LOOK_BACK_MS) shown.delete(id);
  for (const event of events) {
    const id = `${event.by} ${event.id}`;
    if (shown.has(id)) continue;
    shown.set(id, event.atMs);
    io.stdout.write(`${given.has('json') ? JSON.stringify(event) : lineOf(event)}\n`);
  }
}

function lineOf(event: Event): string {
  const words = Object.entries(event)
    .filter(([name]) => !NOT_SHOWN.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const date = new Date(event.atMs);
  const at = Number.isNaN(date.getTime()) ? String(event.atMs) : date.toISOString();
  return printable([at, event.byName.padEnd(12), event.kind, ...words].join(' '));
}
