import * as v from 'valibot';
import { API_FLAG, askApi } from '../api-client.js';
import type { Command } from '../command.js';
import { EXIT } from '../io.js';
import { printable } from '../text-width.js';

const READINESS = v.object({ ready: v.boolean(), waitingFor: v.optional(v.string()) });

export const HEALTH: Command = {
  name: 'health',
  summary: 'Exit with 0 where a member is ready (joined and synced), else with 1: for health checks.',
  flags: [API_FLAG],
  async run(given, io) {
    const { status, body } = await askApi('/readyz', given, io);
    const answer = v.safeParse(READINESS, body);
    if (status === 200 && answer.success && answer.output.ready) {
      io.stdout.write('ready\n');
      return EXIT.ok;
    }
    const reason = answer.success ? (answer.output.waitingFor ?? 'it does not say why') : `status ${status}`;
    io.stdout.write(`not ready: ${printable(reason)}\n`);
    return EXIT.failed;
  },
};
