import * as v from 'valibot';
import { actByApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Command } from '../command.js';
import { EXIT } from '../io.js';

const DONE = v.object({ name: v.string() });

export const DRAIN: Command = {
  name: 'drain',
  operand: 'MEMBER',
  isOperandOptional: true,
  summary: 'Have a member let others take over, and keep everybody away from it until that is cancelled.',
  flags: [{ name: 'cancel', meaning: 'Have it take publishers and players again.' }, ...API_FLAGS],
  notes: [
    '  headwater drain           the member that is asked',
    '  headwater drain origin-b  another one, by its name or id',
    '  HEADWATER_API_TOKEN       is sent where it is set',
  ],
  async run(given, io) {
    const path = `/api/v1/members/${encodeURIComponent(given.positionals[0] ?? 'self')}/drain`;
    if (given.has('cancel')) {
      const { name } = await actByApi('DELETE', path, undefined, DONE, given, io);
      io.stdout.write(`${name} takes publishers and players again.\n`);
    } else {
      const { name } = await actByApi('POST', path, {}, DONE, given, io);
      io.stdout.write(`${name} is draining. To take it back: headwater drain ${name} --cancel\n`);
    }
    return EXIT.ok;
  },
};
