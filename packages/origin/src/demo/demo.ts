import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DemoOptions } from '../cli/seams.js';
import { HeadwaterError } from '../errors.js';
import { type DemoConfig, demoConfigs } from './demo-config.js';
import { DemoOrigin } from './demo-origin.js';
import { DemoPublisher } from './demo-publisher.js';
import { demoSummary } from './demo-summary.js';
import { findTakenPort } from './taken-port.js';

const TEMPLATE = fileURLToPath(new URL('../../../../conf/demo.yml', import.meta.url));
/** Deadline of the whole start: every origin up, the mesh whole, the stream known to all. */
const START_MS = 60_000;
const LOOK_AGAIN_MS = 50;

/**
 * Starts some origins on this machine as processes of their own, publishes the demo stream to the first, tells what to
 * try, and keeps all of it running until `signal` is aborted; then nothing is left of it, neither process nor file.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { write, paint, signal } = options;
  const configs = demoConfigs(readFileSync(TEMPLATE, 'utf8'), options.origins, options.portOffset);
  await refuseTakenPorts(configs);
  const folder = mkdtempSync(join(tmpdir(), 'headwater-demo-'));
  // A process that is ended in its sleep still cleans up.
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);

  const origins: DemoOrigin[] = [];
  const publisher = new DemoPublisher(origins);
  try {
    write(`${paint.dim(`Starting ${configs.length} origins ...`)}\n`);
    for (const config of configs) {
      const configFile = join(folder, `${config.name}.yml`);
      writeFileSync(configFile, config.yaml);
      origins.push(new DemoOrigin(config, configFile, join(folder, config.name)));
    }
    await until('the mesh to be whole', origins, signal, () => isWhole(origins));
    publisher.start();
    await until('every origin to know live/demo', origins, signal, () => isKnownEverywhere(origins));
    const first = origins[0];
    if (first !== undefined && !signal.aborted) {
      write(demoSummary(await first.members(), await first.streams(), origins, paint));
    }
    for (const origin of origins) {
      void origin.exited.then(() => {
        if (!signal.aborted)
          write(`${paint.yellow(`${origin.name} has ended.`)} The others go on: try its URLs on them.\n`);
      });
    }
    await aborted(signal);
  } finally {
    await publisher.stop();
    await Promise.all(origins.map((origin) => origin.stop()));
    removeFolder();
    process.off('exit', removeFolder);
  }
}

async function refuseTakenPorts(configs: readonly DemoConfig[]): Promise<void> {
  const taken = await findTakenPort(configs);
  if (taken === null) return;
  throw new HeadwaterError(
    'PORT_TAKEN',
    `port ${taken.port} is taken: it is to be ${taken.key} of ${taken.origin}`,
    {
      hint: `Stop the program that has port ${taken.port}, move all ports of the demo with --port-offset 1000, or change ${taken.key} in conf/demo.yml.`,
    },
  );
}

async function isWhole(origins: readonly DemoOrigin[]): Promise<boolean> {
  const views = await Promise.all(
    origins.map(async (origin) => ((await origin.isReady()) ? await origin.members() : [])),
  );
  return views.every(
    (members) => members.filter((each) => each.liveness === 'alive').length === origins.length,
  );
}

async function isKnownEverywhere(origins: readonly DemoOrigin[]): Promise<boolean> {
  const views = await Promise.all(origins.map((origin) => origin.streams()));
  return views.every((streams) =>
    streams.some((each) => each.stream === 'demo' && each.owners[0]?.media.video !== undefined),
  );
}

/** Waits for a condition, and fails with the last words of an origin that ended meanwhile. */
async function until(
  what: string,
  origins: readonly DemoOrigin[],
  signal: AbortSignal,
  condition: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!signal.aborted && !(await condition())) {
    const ended = origins.find((origin) => !origin.isRunning);
    if (signal.aborted) return;
    if (ended !== undefined) {
      throw new HeadwaterError('DEMO_FAILED', `${ended.name} ended at its start`, {
        details: [ended.lastWords],
      });
    }
    if (performance.now() > deadline) {
      const details = origins.map((origin) => `${origin.name}: ${origin.lastWords}`);
      throw new HeadwaterError('DEMO_FAILED', `waited ${START_MS / 1000} s for ${what}`, { details });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
