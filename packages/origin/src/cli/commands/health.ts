import { API_FLAGS, askApi } from '../ask-api.js';
import type { Command } from '../command.js';
import { EXIT } from '../io.js';
import { printable } from '../text-width.js';

/** Runs each few seconds in every container: imports nothing that is not needed to ask one question. */
export const HEALTH: Command = {
  name: 'health',
  summary: 'Exit with 0 where a member is ready (joined and synced), else with 1: for health checks.',
  flags: [...API_FLAGS],
  async run(given, io) {
    const { status, body } = await askApi('/readyz', given, io);
    const readiness = readinessOf(body);
    if (status === 200 && readiness?.ready === true) {
      io.stdout.write('ready\n');
      return EXIT.ok;
    }
    const reason = readiness?.reason ?? `it answers with status ${status}`;
    io.stdout.write(`not ready: ${printable(reason)}\n`);
    return EXIT.failed;
  },
};

/** Null where it is no answer of `/readyz`. */
function readinessOf(body: unknown): { readonly ready: boolean; readonly reason: string | null } | null {
  if (typeof body !== 'object' || body === null || !('ready' in body) || typeof body.ready !== 'boolean')
    return null;
  const { ready, ...more } = body;
  return { ready, reason: reasonIn(more) };
}

/** What lasts comes first: who drains may wait for a seed as well. */
function reasonIn(answer: object): string | null {
  if ('disputed' in answer && answer.disputed === true) return 'another process runs with its identity';
  if ('draining' in answer && answer.draining === true) return 'it drains';
  return 'waitingFor' in answer && typeof answer.waitingFor === 'string' ? answer.waitingFor : null;
}
