import { setTimeout as sleep } from 'node:timers/promises';
import { choices, flag, whole, wholes } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import type { LoadProtocol } from './load-order.js';
import { LoadProcess } from './load-process.js';
import { type MediaServer, startFloor, startHeadwater, startNodeMediaServer } from './media-servers.js';
import { cpuTimeMs, residentMb } from './process-cost.js';
import { publishSample, sampleBytesPerSecond } from './sample-publisher.js';

/** What a full run and a quick one differ in. */
const FULL = { players: 1000, intervalMs: 10_000, settleMs: 3000 } as const;
const QUICK = { players: 200, intervalMs: 5000, settleMs: 1500 } as const;
const PROTOCOLS = ['rtmp', 'http-flv', 'ws-flv'] as const;
const REACH = {
  cpuMsPerPlayerAndSecond: { 350: 0.035, 100: 0.065, 30: 0.12 },
  timesFloor: 1.4,
  httpFlvTimesRtmp: 1.3,
  nodeMediaServerTimesUs: 5,
} as const;

interface Cost {
  readonly cpuMsPerPlayerAndSecond: number;
  readonly longestSilenceMs: number;
  readonly residentMb: number;
  readonly kbpsPerPlayer: number;
  readonly playersLost: number;
}

interface Plan {
  readonly players: number;
  readonly intervalMs: number;
  readonly settleMs: number;
}

/**
 * CPU of the server per player and second, for each merge window, side by side with the floor (one shared buffer
 * written per player and window) and node-media-server as it is. Linux only: it reads /proc.
 */
export const fanout = bench(
  'CPU of the server per player and second, one stream, beside a floor and node-media-server',
  {
    players: whole('players of the one stream (1000, or 200 with --quick)', { min: 1 }),
    protocol: choices('what they speak', PROTOCOLS, { default: ['rtmp', 'http-flv'] }),
    merge: wholes('merge windows, ms', { default: [350, 100, 30] }),
    quick: flag('fewer players, for a shorter time'),
    'without-nms': flag('leave node-media-server out'),
  },
  async (_scope, values) => {
    const base = values.quick ? QUICK : FULL;
    const plan: Plan = { ...base, players: values.players ?? base.players };
    const protocols = PROTOCOLS.filter((protocol) => values.protocol.includes(protocol));
    const bytesPerSecond = await sampleBytesPerSecond();
    const windows: Record<string, Record<string, unknown>> = {};
    for (const windowMs of values.merge) {
      windows[`${windowMs} ms`] = await costsAt(windowMs, protocols, bytesPerSecond, plan);
    }
    const nodeMediaServer = values['without-nms']
      ? {}
      : await withScope(async (scope) => costs(scope, await startNodeMediaServer(scope), protocols, plan));
    return {
      what: 'CPU of the server per player and second, one stream',
      reach: REACH,
      ...plan,
      windows,
      nodeMediaServer,
    };
  },
);

/** Ours between two measurements of the floor: on a busy machine the floor itself moves by half. */
async function costsAt(
  windowMs: number,
  protocols: readonly LoadProtocol[],
  bytesPerSecond: number,
  plan: Plan,
): Promise<Record<string, unknown>> {
  const floor = () =>
    withScope(async (scope) => cost(scope, await startFloor(scope, windowMs, bytesPerSecond), 'raw', plan));
  const before = await floor();
  const ours = await withScope(async (scope) =>
    costs(scope, await startHeadwater(scope, windowMs), protocols, plan),
  );
  const after = await floor();
  const floorMs = (before.cpuMsPerPlayerAndSecond + after.cpuMsPerPlayerAndSecond) / 2;
  const timesFloor = Object.fromEntries(
    Object.entries(ours).map(([protocol, { cpuMsPerPlayerAndSecond }]) => [
      protocol,
      round(cpuMsPerPlayerAndSecond / floorMs),
    ]),
  );
  return { floorBefore: before, ...ours, floorAfter: after, timesFloor };
}

async function costs(
  scope: Scope,
  server: MediaServer,
  protocols: readonly LoadProtocol[],
  plan: Plan,
): Promise<Record<string, Cost>> {
  await publishSample(scope, `rtmp://127.0.0.1:${server.ports.rtmp}/live/bench`);
  const result: Record<string, Cost> = {};
  for (const protocol of protocols) result[protocol] = await cost(scope, server, protocol, plan);
  return result;
}

async function cost(
  scope: Scope,
  { pid, ports }: MediaServer,
  protocol: LoadProtocol,
  { players, intervalMs, settleMs }: Plan,
): Promise<Cost> {
  const port = ports[protocol] ?? 0;
  const load = await LoadProcess.start(scope, { protocol, port, app: 'live', stream: 'bench', players });
  await sleep(settleMs);
  load.reset();
  const startMs = performance.now();
  const cpuMs = cpuTimeMs(pid);
  await sleep(intervalMs);
  const usedMs = cpuTimeMs(pid) - cpuMs;
  const seconds = (performance.now() - startMs) / 1000;
  const seen = await load.report();
  const rssMb = residentMb(pid);
  await load.stop();
  return {
    cpuMsPerPlayerAndSecond: round(usedMs / seconds / players),
    longestSilenceMs: Math.round(seen.longestSilenceMs),
    residentMb: rssMb,
    kbpsPerPlayer: Math.round((seen.bytes * 8) / 1000 / seconds / players),
    playersLost: seen.closed,
  };
}

async function withScope<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}

const round = (value: number) => Math.round(value * 10_000) / 10_000;
