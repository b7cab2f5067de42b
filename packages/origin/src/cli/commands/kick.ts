import * as v from 'valibot';
import { actByApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Command } from '../command.js';
import { EXIT } from '../io.js';

export const KICK: Command = {
  name: 'kick',
  operand: 'CLIENT',
  summary: 'End a client, by its id, on whichever member it is. It may come again.',
  flags: [...API_FLAGS],
  notes: ['  headwater clients         shows the ids', '  HEADWATER_API_TOKEN       is sent where it is set'],
  async run(given, io) {
    const id = given.positionals[0] ?? '';
    const path = `/api/v1/clients/${encodeURIComponent(id)}`;
    const { name } = await actByApi('DELETE', path, undefined, v.object({ name: v.string() }), given, io);
    io.stdout.write(`Ended on ${name}.\n`);
    return EXIT.ok;
  },
};
