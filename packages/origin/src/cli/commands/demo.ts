import { HeadwaterError } from '../../errors.js';
import type { Arguments, Command } from '../command.js';
import { EXIT } from '../io.js';
import { paintFor } from '../paint.js';
import { stopRequest } from '../stop-request.js';

const ORIGINS = 3;
/** More than a laptop bears; members beyond this belong on machines of their own. */
const ORIGINS_MAX = 30;
/** Leaves room for the highest port that the demo uses. */
const PORT_OFFSET_MAX = 50_000;

export const DEMO: Command = {
  name: 'demo',
  summary:
    'Start a mesh of origins on this machine, publish a sample to it, and show what to try. Ctrl-C ends it.',
  flags: [
    {
      name: 'origins',
      short: 'n',
      value: 'N',
      meaning: `How many origins, 1 to ${ORIGINS_MAX}; default ${ORIGINS}.`,
    },
    {
      name: 'port-offset',
      value: 'N',
      meaning: 'Added to every port, where the usual ones are taken; default 0.',
    },
  ],
  async run(given, io) {
    const origins = wholeNumber(given, 'origins', 1, ORIGINS_MAX, ORIGINS);
    const portOffset = wholeNumber(given, 'port-offset', 0, PORT_OFFSET_MAX, 0);
    const stop = new AbortController();
    void stopRequest(io).then(() => stop.abort());
    const { runDemo } = await import('../../demo/demo.js');
    await runDemo({
      origins,
      portOffset,
      write: (text) => io.stdout.write(text),
      paint: paintFor(io.stdout.isTTY === true, io.env),
      signal: stop.signal,
    });
    return EXIT.ok;
  },
};

function wholeNumber(given: Arguments, flag: string, min: number, max: number, byDefault: number): number {
  const text = given.value(flag);
  if (text === undefined) return byDefault;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new HeadwaterError(
    'USAGE',
    `--${flag}: found ${JSON.stringify(text)}, expected a whole number from ${min} to ${max}`,
    {
      hint: 'Run headwater demo --help for what it takes.',
    },
  );
}
