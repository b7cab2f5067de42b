import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasTool } from '@headwater/testing/tools';
import { certificateFolder } from '../support/certificates.js';
import { TestProcess } from '../support/child-process.js';
import { freePorts } from '../support/free-port.js';
import { flag, whole } from '../support/options.js';
import { OriginProcess } from '../support/origin-process.js';
import type { Scope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { bench } from './bench.js';
import { LoadProcess } from './load-process.js';
import { cpuTimeMs } from './process-cost.js';
import { publishSample } from './sample-publisher.js';

const FULL = { players: 1000, intervalMs: 10_000, settleMs: 3000 } as const;
const QUICK = { players: 200, intervalMs: 5000, settleMs: 1500 } as const;
const REACH = 'secure.cpuMsPerPlayerAndSecond at most that of haproxy, which has that of the member in it';

interface Plan {
  readonly players: number;
  readonly intervalMs: number;
  readonly settleMs: number;
}

interface Way {
  readonly protocol: 'rtmp' | 'http-flv';
  readonly port: number;
  readonly tls: boolean;
  /** Whose CPU counts. */
  readonly pids: readonly number[];
}

/** CPU for each player by TLS: ended by the member itself, and by HAProxy before its plain port. Linux only. */
export const tls = bench(
  'CPU per player and second of RTMPS and HTTPS, beside plain, and beside plain behind HAProxy with TLS',
  {
    players: whole('players of the one stream (1000, or 200 with --quick)', { min: 1 }),
    merge: whole('merge window, ms', { default: 100 }),
    quick: flag('fewer players, for a shorter time'),
  },
  async (scope, values) => {
    const base = values.quick ? QUICK : FULL;
    const plan: Plan = { ...base, players: values.players ?? base.players };
    const { origin, ports, both } = await startMember(scope, values.merge);
    await publishSample(scope, origin.rtmpUrl('live/bench'));
    const haproxy = hasTool('haproxy') ? await startHaproxy(scope, origin, both, plan.players) : null;
    const result: Record<string, unknown> = {};
    for (const protocol of ['rtmp', 'http-flv'] as const) {
      const isRtmp = protocol === 'rtmp';
      const own = { protocol, pids: [origin.pid] };
      const plain = { ...own, port: isRtmp ? origin.ports.rtmp : origin.ports.http, tls: false };
      const secure = { ...own, port: isRtmp ? ports.rtmps : ports.https, tls: true };
      result[protocol] = {
        plain: await cost(scope, plain, plan),
        secure: await cost(scope, secure, plan),
        ...(haproxy !== null && {
          haproxy: await cost(
            scope,
            {
              protocol,
              port: isRtmp ? haproxy.rtmps : haproxy.https,
              tls: true,
              pids: [origin.pid, haproxy.pid],
            },
            plan,
          ),
        }),
        secureAgain: await cost(scope, secure, plan),
      };
    }
    return {
      what: 'CPU per player and second by TLS',
      reach: REACH,
      mergeMs: values.merge,
      ...plan,
      ...result,
    };
  },
);

async function startMember(scope: Scope, mergeMs: number) {
  const { entry, both } = await certificateFolder(scope);
  const [rtmps = 0, https = 0] = await freePorts(scope, 2);
  const origin = await OriginProcess.spawn(scope, 'bench', {
    play: { mergeMs },
    log: { level: 'warn', format: 'json' },
    limits: { connectionsPerAddressMax: 20_000, connectionsMax: 20_000 },
    rtmps: { host: '127.0.0.1', port: rtmps },
    https: { host: '127.0.0.1', port: https },
    tls: { certificates: [entry] },
  });
  await origin.ready();
  return { origin, both, ports: { rtmps, https } };
}

/** One thread, as the member has. */
async function startHaproxy(scope: Scope, origin: OriginProcess, pem: string, players: number) {
  const [rtmps = 0, https = 0] = await freePorts(scope, 2);
  const file = join(scratchFolder(scope, 'haproxy'), 'haproxy.cfg');
  writeFileSync(
    file,
    `
global
  nbthread 1
  maxconn ${4 * players + 100}
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen rtmps
  bind 127.0.0.1:${rtmps} ssl crt ${pem}
  server a 127.0.0.1:${origin.ports.rtmp}
listen https
  bind 127.0.0.1:${https} ssl crt ${pem}
  server a 127.0.0.1:${origin.ports.http}
`,
  );
  const { pid } = new TestProcess(scope, 'haproxy', ['-f', file, '-db']);
  return { rtmps, https, pid };
}

async function cost(
  scope: Scope,
  { protocol, port, tls: isTls, pids }: Way,
  { players, intervalMs, settleMs }: Plan,
) {
  const order = { protocol, port, tls: isTls, app: 'live', stream: 'bench', players };
  const load = await LoadProcess.start(scope, order);
  const used = () => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0);
  await sleep(settleMs);
  load.reset();
  const startMs = performance.now();
  const beforeMs = used();
  await sleep(intervalMs);
  const usedMs = used() - beforeMs;
  const seconds = (performance.now() - startMs) / 1000;
  const seen = await load.report();
  await load.stop();
  return {
    cpuMsPerPlayerAndSecond: Math.round((usedMs / seconds / players) * 10_000) / 10_000,
    kbpsPerPlayer: Math.round((seen.bytes * 8) / 1000 / seconds / players),
    longestSilenceMs: Math.round(seen.longestSilenceMs),
    playersLost: seen.closed,
  };
}
