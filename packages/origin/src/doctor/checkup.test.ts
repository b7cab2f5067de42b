import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { resolveConfig } from '../config/resolve-config.js';
import { checkUp } from './checkup.js';

let listening: Server;
let seed: string;
beforeEach(async () => {
  listening = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  seed = `127.0.0.1:${(listening.address() as { port: number }).port}`;
});
afterEach(() => {
  listening.close();
});

/** What a member finds that is connected with nobody, and whose only seed takes connections. */
async function alone(isOwnSeed: boolean) {
  const resolution = resolveConfig({
    env: {},
    set: ['mesh.host=127.0.0.1', `mesh.seeds=${seed}`],
    hostName: 'a',
  });
  if (!resolution.ok) throw new Error(resolution.problems.map(({ text }) => text).join());
  const { seedsForeign, seedsUnreached } = await checkUp({
    config: resolution.config,
    others: () => [],
    isOwnSeed: () => isOwnSeed,
    status: () => ({ disputed: false }),
    workers: () => [],
  });
  return { seedsForeign, seedsUnreached };
}

it('takes a seed that answers, and is no member, for a stranger', async () => {
  expect(await alone(false)).toEqual({ seedsForeign: [seed], seedsUnreached: [] });
});

it('does not take itself among its seeds for a stranger', async () => {
  expect(await alone(true)).toEqual({ seedsForeign: [], seedsUnreached: [] });
});
