import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { Page } from 'playwright-core';
import { openPage } from '../support/browser.js';
import { MeshProcess } from '../support/mesh-process.js';
import { whole } from '../support/options.js';
import { OriginProcess } from '../support/origin-process.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { LoadProcess } from './load-process.js';
import { cpuTimeMs } from './process-cost.js';
import { publishSample } from './sample-publisher.js';

/** As test/support/mesh-process.ts has it. */
const MESH_KEY = 'of test members only, and 32 bytes long';
const FOLLOWERS = 10;
const SCRAPE_EVERY_MS = 5000;
/** As the console reads them again (packages/console/src/state/live.ts). */
const LINKS_EVERY_MS = 30_000;
/** Watched and not, in turn. */
const ROUNDS = 3;
const SETTLE_MS = 3000;

/** The console in a real Chromium, of one member of a large mesh: how soon it shows, what it weighs, and how soon it follows. */
export const consoleBench = bench(
  'the console in Chromium: first paint, bytes, update after a change, a page of many streams, cost of being watched',
  {
    members: whole('members of the mesh', { default: 30, min: 4 }),
    streams: whole('streams that one of them owns', { default: 10_000, min: 100 }),
    players: whole('players of the member whose cost of being watched is measured', {
      default: 1000,
      min: 1,
    }),
    seconds: whole('how long each of three rounds of that takes, watched and not', { default: 12, min: 5 }),
  },
  async (scope, { members, streams, players, seconds }) => {
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
    // Members without media answer no questions: the links are those of the one that is watched.
    await shown(page, '.link', members - 1);

    const killed = performance.now();
    await victim.kill();
    await page.locator('.node[data-name="victim"][data-state="dead"]').waitFor();
    const updateMs = performance.now() - killed;

    const asked = performance.now();
    await page.getByRole('link', { name: 'Streams', exact: true }).click();
    await page.locator(`${ROW} >> nth=5`).waitFor();
    const streamsMs = performance.now() - asked;
    const through = await throughAll(page);
    const filtered = performance.now();
    await page.locator('[data-filter]').fill(`live/s${String(streams - 1).padStart(6, '0')}`);
    await shown(page, ROW, 1);
    const filterMs = performance.now() - filtered;
    await page.close();

    return {
      what: `the console of one member; ${members} members, ${streams} streams`,
      members: 'real members of a real mesh, all but two of them in one process and without media',
      reach: { firstPaintMs: 1000, kilobytes: 150, updateMs: 1000, watchedPercentOfCore: 2 },
      firstPaintMs: Math.round(weight.paintMs),
      wholePictureMs: Math.round(pictureMs),
      kilobytes: Math.round(weight.bytes / 100) / 10,
      updateMs: Math.round(updateMs),
      pageOfStreamsMs: Math.round(streamsMs),
      throughAllStreams: through,
      filteredMs: Math.round(filterMs),
      watched: await costOfFollowers(scope, origin, players, seconds),
    };
  },
);

/** A row of a list. */
const ROW = 'tbody tr[data-index]';

const shown = (page: Page, selector: string, amount: number): Promise<true> =>
  awaitCondition(`${amount} of ${selector}`, async () => (await page.locator(selector).count()) === amount, {
    everyMs: 10,
  });

/** To the end of the list, as fast as it comes: how long that takes, and what the document and its main thread have to bear. */
async function throughAll(page: Page): Promise<object> {
  await page.evaluate(`
    window.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: 'longtask' });
  `);
  const started = performance.now();
  let rowsInDocument = 0;
  await awaitCondition(
    'the end of the list',
    async () => {
      const { rows, isEnd } = await page.evaluate<{ rows: number; isEnd: boolean }>(`(() => {
        const box = document.querySelector('.rows');
        box.scrollTop = box.scrollHeight;
        const rows = document.querySelectorAll('${ROW}');
        const all = Number(document.querySelector('.rows table').getAttribute('aria-rowcount'));
        return { rows: rows.length, isEnd: Number(rows[rows.length - 1].getAttribute('aria-rowindex')) === all };
      })()`);
      rowsInDocument = Math.max(rowsInDocument, rows);
      return isEnd;
    },
    { everyMs: 10 },
  );
  const longTasks = await page.evaluate<number[]>('longTasks');
  return {
    ms: Math.round(performance.now() - started),
    rowsInDocument,
    longestTaskMs: Math.round(Math.max(0, ...longTasks)),
  };
}

/**
 * What `FOLLOWERS` consoles and a scrape each 5 s cost a member with players, beyond what it takes without, percent of a
 * core. CPU of its process, not time; watched and not in turn, since what the players cost moves with what else the machine does.
 */
async function costOfFollowers(
  scope: Scope,
  origin: OriginProcess,
  players: number,
  seconds: number,
): Promise<object> {
  await publishSample(scope, origin.rtmpUrl('bench/watched'));
  await LoadProcess.start(scope, {
    protocol: 'rtmp',
    port: origin.ports.rtmp,
    app: 'bench',
    stream: 'watched',
    players,
  });
  const over = async (): Promise<number> => {
    await sleep(SETTLE_MS);
    const [cpu, started] = [cpuTimeMs(origin.pid), performance.now()];
    await sleep(seconds * 1000);
    return ((cpuTimeMs(origin.pid) - cpu) / (performance.now() - started)) * 100;
  };
  const rounds: { readonly alone: number; readonly watched: number }[] = [];
  while (rounds.length < ROUNDS) {
    const alone = await over();
    const stop = await watch(scope, origin);
    rounds.push({ alone, watched: await over() });
    stop();
  }
  const more = rounds.map(({ alone, watched }) => watched - alone).sort((a, b) => a - b);
  const tenth = (value: number): number => Math.round(value * 10) / 10;
  return {
    by: `${FOLLOWERS} consoles that show the mesh, which are simulated by what such a page asks for, and a scrape each ${SCRAPE_EVERY_MS / 1000} s`,
    players,
    percentOfCore: tenth(more[Math.floor(more.length / 2)] ?? Number.NaN),
    rounds: rounds.map(({ alone, watched }) => ({ alone: tenth(alone), watched: tenth(watched) })),
  };
}

/** Consoles as the member sees them, and a scraper. Returns what ends them. */
async function watch(scope: Scope, origin: OriginProcess): Promise<() => void> {
  const gone = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const stop = (): void => {
    gone.abort();
    for (const timer of timers) clearInterval(timer);
  };
  scope.defer(stop);
  const read = (path: string): Promise<unknown> =>
    fetch(origin.apiUrl(path), { signal: gone.signal }).then((answer) => answer.text());
  const quietly = (path: string): void => void read(path).catch(() => {});
  for (let index = 0; index < FOLLOWERS; index += 1) {
    const answer = await fetch(origin.apiUrl('/api/v1/events?scope=mesh&since=all'), { signal: gone.signal });
    answer.body?.pipeTo(new WritableStream()).catch(() => {});
    await Promise.all([read('/api/v1/members'), read('/api/v1/links')]);
    timers.push(setInterval(() => quietly('/api/v1/links'), LINKS_EVERY_MS));
  }
  timers.push(setInterval(() => quietly('/metrics'), SCRAPE_EVERY_MS));
  return stop;
}
