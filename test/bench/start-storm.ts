import { setTimeout as sleep } from 'node:timers/promises';
import { BusyCores } from '../busy/busy-cores.js';
import { freePorts } from '../support/free-port.js';
import { MeshProcess } from '../support/mesh-process.js';
import { monotonicMs } from '../support/monotonic.js';
import { flag, whole } from '../support/options.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { machine } from './figures.js';

const LOOK_EVERY_MS = 100;
/** Deaths that come late still count. */
const WATCH_MS = 10_000;

/**
 * Members that all start at once on this machine: how long until each is connected with each other one, which live members
 * were taken for suspect or dead meanwhile, and what it cost. `--busy`: beside a process that keeps all cores busy.
 */
export const startStorm = bench(
  'members that all start at once: time to be whole, deaths of live members, cost',
  {
    members: whole('members', { default: 30, min: 2 }),
    seeds: whole('how many of them are seeds', { default: 2, min: 1 }),
    'give-up-s': whole('seconds after which it is given up', { default: 240, min: 1 }),
    busy: flag('beside a process that keeps all cores busy'),
  },
  measure,
);

interface Plan {
  readonly members: number;
  readonly seeds: number;
  readonly 'give-up-s': number;
  readonly busy: boolean;
}

async function measure(scope: Scope, values: Plan): Promise<object> {
  const count = values.members;
  const ports = await freePorts(scope, count);
  const seeds = ports.slice(0, values.seeds).map((port) => `127.0.0.1:${port}`);
  if (values.busy) {
    const busy = BusyCores.start(machine().cores);
    scope.defer(() => busy.stop());
  }
  const startedAt = monotonicMs();
  const members = await Promise.all(
    ports.map((port, index) => MeshProcess.spawn(scope, `m${index}`, { port, seeds })),
  );
  await Promise.all(members.map((member) => member.listening()));
  const listeningMs = monotonicMs() - startedAt;
  const giveUpMs = startedAt + values['give-up-s'] * 1_000;
  for (const member of members) member.order({ kind: 'await-others', count: count - 1 });
  const wholeAt = (): readonly number[] =>
    members.flatMap((member) => member.all('whole').map(({ at }) => at - startedAt));
  while (wholeAt().length < count && monotonicMs() < giveUpMs) await sleep(LOOK_EVERY_MS);
  const times = wholeAt();
  const reports = await Promise.all(members.map((member) => member.report()));
  // One that was whole may have lost a link since.
  const stillWhole = reports.filter(({ alive, isReady }) => isReady && alive.length === count).length;
  const cost = reports.map(({ cpuMsInAll }) => cpuMsInAll);
  const connections = reports.reduce((sum, { connectionsMade }) => sum + connectionsMade, 0) / 2;
  await sleep(WATCH_MS);
  const taken = (liveness: string): number =>
    members.reduce(
      (sum, member) => sum + member.all('member').filter((news) => news.liveness === liveness).length,
      0,
    );
  // A member is met before it is alive, and not one of the living before.
  const deaths = members.flatMap((member) => {
    const alive = new Set<string>();
    return member.all('member').filter(({ name, liveness }) => {
      if (liveness === 'alive') alive.add(name);
      return liveness === 'dead' && alive.delete(name);
    });
  });
  return {
    what: `${count} members that start at once${values.busy ? ', all cores kept busy beside them' : ''}`,
    reach: { wholeMs: 30_000, deathsOfLiveMembers: 0 },
    wholeMs: times.length < count ? `only ${times.length} members` : Math.round(Math.max(...times)),
    halfOfThemWholeMs: times.length < count / 2 ? null : Math.round(quantile(times, 0.5)),
    wholeAtTheEnd: stillWhole,
    allListeningMs: Math.round(listeningMs),
    suspicionsOfLiveMembers: taken('suspect'),
    deathsOfLiveMembers: deaths.length,
    links: (count * (count - 1)) / 2,
    connectionsMade: connections,
    cpuMsPerMember: {
      mean: Math.round(cost.reduce((sum, ms) => sum + ms, 0) / count),
      most: Math.round(Math.max(...cost)),
    },
  };
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
