import * as v from 'valibot';
import { actByApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Command } from '../command.js';
import { EXIT } from '../io.js';

const RELOADED = v.object({
  name: v.string(),
  applied: v.array(v.string()),
  needsRestart: v.array(v.string()),
  restartReasons: v.optional(v.record(v.string(), v.string()), {}),
});

export const RELOAD: Command = {
  name: 'reload',
  operand: 'MEMBER',
  isOperandOptional: true,
  summary: 'Have a member read its configuration again; players and publishers stay.',
  flags: API_FLAGS,
  notes: [
    '  headwater reload           the member that is asked; SIGHUP to its process does the same',
    '  headwater reload origin-b  another one, by its name or id',
  ],
  async run(given, io) {
    const path = `/api/v1/members/${encodeURIComponent(given.positionals[0] ?? 'self')}/reload`;
    const { name, applied, needsRestart, restartReasons } = await actByApi(
      'POST',
      path,
      {},
      RELOADED,
      given,
      io,
    );
    const changed = applied.length === 0 ? 'nothing changed' : `in force: ${applied.join(', ')}`;
    io.stdout.write(`${name} read its configuration; ${changed}.\n`);
    for (const key of needsRestart) {
      const reason = restartReasons[key];
      io.stdout.write(`Only after a restart: ${key}${reason === undefined ? '' : ` (${reason})`}.\n`);
    }
    return EXIT.ok;
  },
};
