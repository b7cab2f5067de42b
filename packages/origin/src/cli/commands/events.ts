import * as v from 'valibot';
import { HeadwaterError } from '../../errors.js';
import { refusalOf } from '../api-client.js';
import { API_FLAGS, apiBase, apiToken, reasonOf } from '../ask-api.js';
import type { Command } from '../command.js';
import type { CliIo } from '../io.js';
import { printable } from '../text-width.js';

const EVENT = v.looseObject({ kind: v.string() });

/** Words that are told first or not at all. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['id', 'at', 'atMs', 'kind']);

export const EVENTS: Command = {
  name: 'events',
  summary:
    'Show what happens in the mesh and in the media of the asked member, as it happens, until stopped.',
  flags: [
    { name: 'all', meaning: 'Begin with the oldest event that is kept.' },
    { name: 'kinds', value: 'KINDS', meaning: 'Only these, such as member,stream-claimed.' },
    { name: 'stream', value: 'STREAM', meaning: 'Only of this stream.' },
    ...API_FLAGS,
    { name: 'json', meaning: 'Print each event as the API sends it, one a line.' },
  ],
  async run(given, io) {
    const query = new URLSearchParams(given.has('all') ? { since: 'all' } : {});
    for (const name of ['kinds', 'stream']) {
      const value = given.value(name);
      if (value !== undefined) query.set(name, value);
    }
    const base = apiBase(given, io);
    const answer = await follow(
      new URL(`/api/v1/events?${query}`, base),
      given.has('json'),
      io,
      apiToken(given, io),
    );
    throw answer.status === 200
      ? new HeadwaterError('API_UNREACHABLE', `${base.origin} sends no more events`)
      : refusalOf(answer, base);
  },
};

async function follow(url: URL, asJson: boolean, io: CliIo, token: string | undefined) {
  try {
    return await io.follow(
      url,
      (line) => {
        if (!line.startsWith('data: ')) return;
        const text = line.slice('data: '.length);
        io.stdout.write(`${asJson ? text : lineOf(text)}\n`);
      },
      token,
    );
  } catch (cause) {
    throw new HeadwaterError('API_UNREACHABLE', `no API answers at ${url.origin}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function lineOf(text: string): string {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), EVENT), text);
  if (!parsed.success) return printable(text);
  const { kind, at } = parsed.output;
  const words = Object.entries(parsed.output)
    .filter(([name]) => !NOT_SHOWN.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  // What clients and members are called must not steer a terminal.
  return printable([typeof at === 'string' ? at : '', kind, ...words].join(' ')).trim();
}
