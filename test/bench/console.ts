import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { Page } from 'playwright-core';
import { openPage } from '../support/browser.js';
import { MeshProcess } from '../support/mesh-process.js';
import { whole } from '../support/options.js';
import { OriginProcess } from '../support/origin-process.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { cpuTimeMs } from './process-cost.js';

/** As test/support/mesh-process.ts has it. */
const MESH_KEY = 'of test members only, and 32 bytes long';
const FOLLOWERS = 10;
const SCRAPE_EVERY_MS = 5000;

/** The console in a real Chromium, of one member of a large mesh: how soon it shows, what it weighs, and how soon it follows. */
export const consoleBench = bench(
  'the console in Chromium: first paint, bytes, update after a change, a page of many streams, cost of being watched',
  {
    members: whole('members of the mesh', { default: 30, min: 4 }),
    streams: whole('streams that one of them owns', { default: 10_000, min: 100 }),
    seconds: whole('how long the cost of being watched is measured', { default: 20, min: 5 }),
  },
  async (scope, { members, streams, seconds }) => {
    const crowd = await MeshProcess.spawn(scope, 'crowd', { companions: members - 3 });
    await crowd.listening();
    const seeds = [`127.0.0.1:${crowd.port}`];
    const victim = await MeshProcess.spawn(scope, 'victim', { seeds });
    const origin = await OriginProcess.spawn(scope, 'watched', {
      workers: 0,
      mesh: { key: MESH_KEY, seeds },
    });
    await origin.ready();
    crowd.order({
      kind: 'claim',
      keys: Array.from(
        { length: streams },
        (_, index) => `__defaultVhost__/live/s${String(index).padStart(6, '0')}`,
      ),
    });
    let seen = { members: 0, streams: 0 };
    await awaitCondition(
      'all members and streams are there',
      async () => {
        const known = await origin.members();
        seen = {
          members: known.filter(({ liveness }) => liveness === 'alive').length,
          streams: known.reduce((sum, one) => sum + one.streams, 0),
        };
        return seen.members >= members && seen.streams >= streams;
      },
      { progress: () => JSON.stringify(seen), instead: () => seen },
    );

    const { page } = await openPage(scope);
    // The first one starts the browser's processes.
    await page.goto(origin.apiUrl('/healthz'));
    const opened = performance.now();
    await page.goto(origin.apiUrl('/console/'));
    await shown(page, '.node', members);
    const pictureMs = performance.now() - opened;
    const weight = await page.evaluate<{ paintMs: number; bytes: number }>(`({
      paintMs: performance.getEntriesByName('first-contentful-paint')[0].startTime,
      bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter(({ name }) => name.includes('/console')).reduce((sum, each) => sum + each.transferSize, 0),
    })`);
    await page
      .locator('.link')
      .nth(members - 1)
      .waitFor({ state: 'attached' });

    const killed = performance.now();
    await victim.kill();
    await page.locator('.node[data-name="victim"][data-state="dead"]').waitFor();
    const updateMs = performance.now() - killed;

    const asked = performance.now();
    await page.getByRole('link', { name: 'Streams', exact: true }).click();
    await shown(page, 'tbody tr', 50);
    const streamsMs = performance.now() - asked;
    const filtered = performance.now();
    await page.locator('[data-filter]').fill(`live/s${String(streams - 1).padStart(6, '0')}`);
    await shown(page, 'tbody tr', 1);
    const filterMs = performance.now() - filtered;
    await page.close();

    return {
      what: `the console of one member; ${members} members, ${streams} streams`,
      reach: { firstPaintMs: 1000, kilobytes: 150, updateMs: 1000, watchedPercentOfCore: 2 },
      firstPaintMs: Math.round(weight.paintMs),
      wholePictureMs: Math.round(pictureMs),
      kilobytes: Math.round(weight.bytes / 100) / 10,
      updateMs: Math.round(updateMs),
      pageOfStreamsMs: Math.round(streamsMs),
      filteredMs: Math.round(filterMs),
      watchedPercentOfCore: await costOfFollowers(scope, origin, seconds),
    };
  },
);

const shown = (page: Page, selector: string, amount: number): Promise<true> =>
  awaitCondition(`${amount} of ${selector}`, async () => (await page.locator(selector).count()) === amount, {
    everyMs: 10,
  });

/** What `FOLLOWERS` consoles and a scrape each 5 s cost the member, beyond what it takes alone, percent of a core. */
async function costOfFollowers(scope: Scope, origin: OriginProcess, seconds: number): Promise<number> {
  const over = async (): Promise<number> => {
    const [cpu, started] = [cpuTimeMs(origin.pid), performance.now()];
    await sleep(seconds * 1000);
    return ((cpuTimeMs(origin.pid) - cpu) / (performance.now() - started)) * 100;
  };
  const alone = await over();
  const gone = new AbortController();
  scope.defer(() => gone.abort());
  for (let index = 0; index < FOLLOWERS; index += 1) {
    const answer = await fetch(origin.apiUrl('/api/v1/events?scope=mesh&since=all'), { signal: gone.signal });
    answer.body?.pipeTo(new WritableStream()).catch(() => {});
  }
  const timer = setInterval(() => {
    fetch(origin.apiUrl('/metrics')).then(
      (answer) => answer.text(),
      () => {},
    );
  }, SCRAPE_EVERY_MS);
  scope.defer(() => clearInterval(timer));
  const watched = await over();
  return Math.round((watched - alone) * 10) / 10;
}
