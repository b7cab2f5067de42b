import { HeadwaterError } from '../../errors.js';
import { renderTop } from '../../top/render-top.js';
import { readFirst } from '../../top/top-reader.js';
import { TopSession } from '../../top/top-session.js';
import { TOP_START, TOP_VIEWS, type TopState, type TopView } from '../../top/top-state.js';
import { readApi } from '../api-client.js';
import { API_FLAGS, apiBase, apiToken } from '../ask-api.js';
import type { Arguments, Command } from '../command.js';
import { type CliIo, EXIT } from '../io.js';
import { paintFor } from '../paint.js';

/** What a terminal had for decades; where none tells its own. */
const COLUMNS = 80;
const ROWS = 24;
const SECONDS_MAX = 60;

export const TOP: Command = {
  name: 'top',
  summary: 'Watch members, streams and clients of the whole mesh in the terminal.',
  flags: [
    { name: 'view', value: 'VIEW', meaning: `Begin with ${TOP_VIEWS.join(', ')}; default: members.` },
    { name: 'every', value: 'S', meaning: `Read so often, 0.2 to ${SECONDS_MAX} seconds; default: 1.` },
    {
      name: 'once',
      meaning: 'Print one picture and end. Its size: COLUMNS and LINES, else the terminal, else 80x24.',
    },
    ...API_FLAGS,
  ],
  notes: [
    'Keys: 1 to 4 or Tab for the view, s for the column to sort by, r the other way round, / to find,',
    'j k PgUp PgDn to scroll, Space to hold, ? for all of them, q to quit.',
  ],
  async run(given, io) {
    const state: TopState = { ...TOP_START, view: viewOf(given) };
    const everyMs = everyOf(given);
    const paint = paintFor(io.stdout.isTTY === true, io.env);
    const read: Parameters<typeof readFirst>[0] = async (path, schema) =>
      (await readApi(path, schema, given, io)).value;
    const terminal = given.has('once') ? null : io.terminal();
    if (terminal === null && !given.has('once'))
      throw new HeadwaterError('USAGE', 'top needs a terminal to draw on and to take keys from', {
        hint: 'headwater top --once prints one picture anywhere.',
      });
    const reading = await readFirst(read, state, io.now);
    if (terminal === null) {
      const { lines } = renderTop(reading, state, sizeOf(io), io.now(), paint);
      io.stdout.write(lines.map((line) => `${line.trimEnd()}\n`).join(''));
      return EXIT.ok;
    }
    const base = apiBase(given, io);
    const token = apiToken(given, io);
    terminal.open();
    const session = new TopSession(
      {
        terminal,
        read,
        follow: (path, onLine, signal) => io.follow(new URL(path, base), onLine, token, signal),
        everyMs,
        now: io.now,
        paint,
      },
      reading,
      state,
    );
    const stopListening = io.onStopRequest(() => session.end());
    try {
      await session.run();
    } finally {
      stopListening();
      terminal.close();
    }
    return EXIT.ok;
  },
};

function viewOf(given: Arguments): TopView {
  const text = given.value('view') ?? 'members';
  const view = TOP_VIEWS.find((one) => one === text);
  if (view !== undefined) return view;
  throw new HeadwaterError(
    'USAGE',
    `--view: found ${JSON.stringify(text)}, expected ${TOP_VIEWS.slice(0, -1).join(', ')} or ${TOP_VIEWS.at(-1)}`,
  );
}

function everyOf(given: Arguments): number {
  const text = given.value('every') ?? '1';
  const seconds = /^\d{1,2}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0.2 && seconds <= SECONDS_MAX) return seconds * 1000;
  throw new HeadwaterError(
    'USAGE',
    `--every: found ${JSON.stringify(text)}, expected 0.2 to ${SECONDS_MAX} seconds`,
  );
}

function sizeOf({ stdout, env }: CliIo) {
  const told = (text: string | undefined): number | undefined =>
    /^[1-9]\d{0,3}$/.test(text ?? '') ? Number(text) : undefined;
  return {
    columns: told(env.COLUMNS) ?? stdout.columns ?? COLUMNS,
    rows: told(env.LINES) ?? stdout.rows ?? ROWS,
  };
}
