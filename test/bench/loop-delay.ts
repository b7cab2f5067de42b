import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { MeshReport } from '../support/mesh-order.js';
import { MeshProcess } from '../support/mesh-process.js';
import type { Scope } from '../support/scope.js';
import { CAN_PIN, onCore } from './cores.js';

/** Each phase is measured for so long. */
const PHASE_MS = 15_000;
/** A mesh of this size is whole within this time. */
const WHOLE_MS = 120_000;

/**
 * What the mesh costs the event loop of one member among many: that one has a process and a core of its own, all others
 * are real members in one process on another core.
 */
export async function loopDelay(scope: Scope, count: number, claimsPerSecond: number): Promise<object> {
  const measured = await MeshProcess.spawn(scope, 'measured', { within: onCore(0) });
  await measured.listening();
  const seeds = [`127.0.0.1:${measured.port}`];
  const others = await MeshProcess.spawn(scope, 'others', {
    within: onCore(1),
    seeds,
    companions: count - 2,
  });
  await others.listening();
  await awaitCondition(
    `${count} members to be alive`,
    async () => (await measured.report()).alive.length === count,
    { deadlineMs: WHOLE_MS, everyMs: 500 },
  );
  await sleep(5_000);
  const both = [measured, others];
  const phase = async (): Promise<readonly MeshReport[]> => {
    for (const member of both) member.order({ kind: 'reset', loopDelay: true });
    await sleep(PHASE_MS);
    return Promise.all(both.map((member) => member.report()));
  };
  const quiet = await phase();
  for (const member of both) {
    const own = member === measured ? 1 : count - 1;
    member.order({ kind: 'churn', claimsPerSecond: (claimsPerSecond * own) / count });
  }
  const busy = await phase();
  const of = (reports: readonly MeshReport[], index: number) => {
    const { loopDelayMs, cpuMs, elapsedMs, changes } = reports[index] as MeshReport;
    const rounded = Object.entries(loopDelayMs).map(([name, ms]) => [name, Math.round(ms * 100) / 100]);
    return {
      loopDelayMs: Object.fromEntries(rounded),
      corePercent: Math.round((cpuMs / elapsedMs) * 1_000) / 10,
      changesPerSecond: Math.round((changes * 1_000) / elapsedMs),
    };
  };
  return {
    'measured member, no claims': of(quiet, 0),
    'measured member, with claims': of(busy, 0),
    'process of all others, no claims': of(quiet, 1),
    'process of all others, with claims': of(busy, 1),
    note: `a timer of 1 ms is late by 1 ms and more in an empty process, too${CAN_PIN ? '' : '; taskset is missing: cores are shared'}`,
  };
}
