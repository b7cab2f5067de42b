import { setTimeout as sleep } from 'node:timers/promises';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { whole } from '../support/options.js';
import { cleanEnvironment, type OriginProcess } from '../support/origin-process.js';
import { HEALTH_CHECK, HEALTH_CHECK_EVERY_S } from '../support/program.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { cpuTimeMs, cpuTimeWithChildrenMs } from './process-cost.js';

/** What a member as shipped costs while nothing happens: main, one worker, and the health check of its container. */
export const idleWhole = bench(
  'what a member as shipped costs while nothing happens: main, one worker, and the health check of its container',
  {
    members: whole('members', { default: 10, min: 1 }),
    seconds: whole('how long it is measured', { default: 60, min: 1 }),
    // As in `idle`.
    settle: whole('seconds from when all have met until then', { default: 300, min: 0 }),
  },
  async (scope, { members: count, seconds, settle }) => {
    const names = Array.from({ length: count }, (_, index) => `m${index}`);
    const { members } = await Cluster.start(scope, { names, config: { workers: 1 } });
    const measured: { readonly part: Part; readonly ms: () => number }[] = [];
    for (const member of members) {
      const workers = (await member.workers()).flatMap(({ pid }) => pid ?? []);
      const check = healthChecks(scope, member);
      measured.push(
        { part: 'main', ms: () => cpuTimeMs(member.pid) },
        ...workers.map((pid) => ({ part: 'worker' as const, ms: () => cpuTimeMs(pid) })),
        { part: 'healthCheck', ms: () => cpuTimeWithChildrenMs(check.pid) },
      );
    }
    await sleep(settle * 1000);
    const before = measured.map(({ ms }) => ms());
    const startMs = performance.now();
    await sleep(seconds * 1000);
    const elapsedMs = performance.now() - startMs;
    const used = measured.map(({ part, ms }, index) => ({ part, ms: ms() - (before[index] ?? 0) }));
    const percentOf = (of: (part: Part) => boolean): number => {
      const ms = used.reduce((sum, one) => (of(one.part) ? sum + one.ms : sum), 0);
      return Math.round((ms / elapsedMs / count) * 10_000) / 100;
    };
    return {
      what: `an idle member of ${count} as shipped, loopback, mean of all, % of a core`,
      reach: { corePercent: 1 },
      corePercent: percentOf(() => true),
      main: percentOf((part) => part === 'main'),
      worker: percentOf((part) => part === 'worker'),
      healthCheck: percentOf((part) => part === 'healthCheck'),
    };
  },
);

type Part = 'main' | 'worker' | 'healthCheck';

/** The image's own, again and again, until one fails. */
function healthChecks(scope: Scope, member: OriginProcess): TestProcess {
  const loop = `while bash "$0" > /dev/null; do sleep ${HEALTH_CHECK_EVERY_S}; done`;
  const HEADWATER_API_PORT = new URL(member.apiUrl()).port;
  const env = { ...cleanEnvironment(), HEADWATER_API_PORT };
  return new TestProcess(scope, 'bash', ['-c', loop, HEALTH_CHECK], { env });
}
