import * as v from 'valibot';
import { JSON_FLAG, readApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Command } from '../command.js';
import { EXIT } from '../io.js';
import { paintFor } from '../paint.js';
import { type Cell, renderTable } from '../table.js';

const ANSWER = v.object({
  findings: v.array(v.object({ weight: v.string(), code: v.string(), name: v.string(), text: v.string() })),
  members: v.array(v.string()),
});

const STYLES = { critical: 'red', warning: 'yellow' } as const;

export const DOCTOR: Command = {
  name: 'doctor',
  summary: 'Look at all members of the mesh, and name what is wrong, in order of weight.',
  flags: [...API_FLAGS, JSON_FLAG],
  notes: ['The exit status is 1 where something critical was found.'],
  async run(given, io) {
    const { value, text } = await readApi('/api/v1/doctor', ANSWER, given, io);
    const { findings, members } = value;
    const paint = paintFor(io.stdout.isTTY === true, io.env);
    const rows = findings.map(({ weight, code, name, text: what }): Cell[] => [
      weight === 'critical' || weight === 'warning' ? { text: weight, style: STYLES[weight] } : weight,
      name,
      code,
      what,
    ]);
    if (given.has('json')) io.stdout.write(`${text.trimEnd()}\n`);
    else {
      io.stdout.write(`Looked at ${members.join(', ')}.\n`);
      io.stdout.write(
        rows.length === 0
          ? 'Nothing is wrong.\n'
          : `\n${renderTable(['WEIGHT', 'MEMBER', 'CODE', 'WHAT'], rows, paint)}`,
      );
    }
    return findings.some(({ weight }) => weight === 'critical') ? EXIT.failed : EXIT.ok;
  },
};
