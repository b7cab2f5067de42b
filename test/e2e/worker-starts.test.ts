import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { expect, it } from 'vitest';
import { playHttp } from '../support/flv-client.js';
import { OriginProcess } from '../support/origin-process.js';
import { testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const NEVER_MS = 600_000;

/** Runs in each process of a member before its own program. */
const planted = (code: string) => ({
  environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` },
});

it('a worker that starts is nobody whom an answer misses, nor whom a drain waits for', async () => {
  const scope = testScope();
  const hold = join(scratchFolder(scope, 'hold'), 'hold');
  const origin = await OriginProcess.spawn(
    scope,
    'a',
    { workers: 2, drain: { deadlineMs: NEVER_MS } },
    planted(`
      const { existsSync } = await import('node:fs');
      const held = () => process.argv[1].endsWith('worker-main.js') && existsSync(${JSON.stringify(hold)});
      while (held()) await new Promise((resolve) => setTimeout(resolve, 20));
    `),
  );
  await origin.ready();
  writeFileSync(hold, '');
  scope.defer(() => rmSync(hold, { force: true }));
  const [first] = await origin.workers();
  process.kill(first?.pid ?? 0, 'SIGKILL');
  await awaitCondition('the next one to start', async () => {
    const [next] = await origin.workers();
    return next?.state === 'starting' && next.pid !== undefined;
  });
  const page = await origin.api<{ unanswered?: readonly number[] }>('/api/v1/streams');
  expect(page.unanswered).toBeUndefined();
  expect((await origin.kill('SIGTERM')).code).toBe(0);
  expect(origin.logged('drained')).toMatchObject([{ reason: 'nobody is left' }]);
  expect(existsSync(hold)).toBe(true);
});

it('workers that end before the member listens are set up when they are there', async () => {
  const scope = testScope();
  const count = join(scratchFolder(scope, 'ends'), 'ends');
  // Main opens its ports once two starts have ended, so as a rule before the third; of three it would make an end.
  const origin = await OriginProcess.spawn(
    scope,
    'a',
    { workers: 1 },
    planted(`
      const { appendFileSync, readFileSync } = await import('node:fs');
      const { Server } = await import('node:net');
      if (process.argv[1].endsWith('worker-main.js')) {
        appendFileSync(${JSON.stringify(count)}, '.');
        if (readFileSync(${JSON.stringify(count)}).length <= 2) process.exit(9);
      } else {
        const { listen } = Server.prototype;
        const ends = () => {
          try {
            return readFileSync(${JSON.stringify(count)}).length;
          } catch {
            return 0;
          }
        };
        Server.prototype.listen = function (...given) {
          const look = setInterval(() => {
            if (ends() < 2) return;
            clearInterval(look);
            setTimeout(() => listen.apply(this, given), 50);
          }, 5);
          return this;
        };
      }
    `),
  );
  await origin.ready();
  expect(origin.logged('worker ended')).toHaveLength(2);
});

it('workers are replaced for their memory one by one, and told of with those whom they serve still', async () => {
  const scope = testScope();
  const origin = await OriginProcess.spawn(
    scope,
    'a',
    { workers: 2, limits: { workerMemoryMax: 1 }, drain: { deadlineMs: NEVER_MS } },
    // Starts that take longer than the time between two looks at memory.
    planted(`
      if (process.argv[1].endsWith('worker-main.js')) await new Promise((resolve) => setTimeout(resolve, 2_000));
    `),
  );
  await origin.ready();
  const players = [0, 1].map(() => playHttp(scope, origin.flvUrl('live/s')));
  const each = async (of: 'players' | 'connections' | 'restarts') =>
    (await origin.workers()).map((worker) => worker[of]);
  await awaitCondition('both to be there', async () => (await each('players')).join() === '1,1');
  await awaitCondition('both workers to be replaced', () => origin.logged('worker ready').length >= 4);
  expect([await each('players'), await each('connections')]).toEqual([
    [1, 1],
    [1, 1],
  ]);
  expect(players.map(({ end }) => end)).toEqual([null, null]);
  const steps = origin.logged(/^worker (draining|ready)$/).map(({ msg }) => msg);
  expect(steps.slice(2, 6)).toEqual(['worker draining', 'worker ready', 'worker draining', 'worker ready']);
  expect(origin.logged('member full')).toEqual([]);
});
