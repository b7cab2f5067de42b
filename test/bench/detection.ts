import { setTimeout as sleep } from 'node:timers/promises';
import { awaitWhole, type MeshProcess, startMeshProcesses } from '../support/mesh-process.js';
import { monotonicMs } from '../support/monotonic.js';
import { whole } from '../support/options.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';

const STALL_MS = 1500;
/** Longer than suspicion and death together after the stall: what comes of it has come by then. */
const AFTERMATH_MS = 3500;

/**
 * A link that has stood for less than a second is not made anew at once (`Redial`), and nobody kills a member each second:
 * without this rest, the member that was restarted last would be measured with such links each time.
 */
const REST_MS = 1500;

/** From a member's end to the moment when no other one routes to it, for the ways a member can end. Mesh only. */
export const detection = bench(
  "from a member's end to the moment when no other one routes to it, for the ways it can end",
  {
    members: whole('processes with the mesh only', { default: 10, min: 2 }),
    kills: whole('members killed, one after the other', { default: 20 }),
    stops: whole('members stopped (SIGSTOP)', { default: 4 }),
    stalls: whole('members that stand still for a moment', { default: 4 }),
  },
  async (scope, values) => {
    const members = await startMeshProcesses(scope, values.members);
    await sleep(REST_MS);
    const killed: number[] = [];
    for (let round = 0; round < values.kills; round += 1) {
      killed.push(await kill(members, turn(members, round)));
    }
    const hung: number[] = [];
    for (let round = 0; round < values.stops; round += 1) {
      hung.push(await hang(members, turn(members, round)));
    }
    let falseDeaths = 0;
    let suspicions = 0;
    for (let round = 0; round < values.stalls; round += 1) {
      const seen = await stall(members, turn(members, round));
      falseDeaths += seen.deaths;
      suspicions += seen.suspicions;
    }
    return {
      what: `a member ends -> no other one routes to its only stream, ${values.members} members, loopback, mesh only`,
      reach: { killedP99Ms: 300, hungMs: 3000, falseDeaths: 0 },
      killed: spreadOf(killed),
      hung: spreadOf(hung),
      stalled: { stalls: values.stalls, stallMs: STALL_MS, falseDeaths, suspicions },
    };
  },
);

const turn = (members: readonly MeshProcess[], round: number): MeshProcess =>
  members[round % members.length]!;

async function kill(members: readonly MeshProcess[], victim: MeshProcess): Promise<number> {
  const others = members.filter((member) => member !== victim);
  const key = await own(others, victim);
  const atMs = monotonicMs();
  victim.signal('SIGKILL');
  const goneMs = await gone(others, key, atMs);
  await victim.kill();
  await victim.restart();
  await awaitWhole(members);
  await sleep(REST_MS);
  return goneMs;
}

async function hang(members: readonly MeshProcess[], victim: MeshProcess): Promise<number> {
  const others = members.filter((member) => member !== victim);
  const key = await own(others, victim);
  const atMs = monotonicMs();
  victim.signal('SIGSTOP');
  const goneMs = await gone(others, key, atMs);
  victim.signal('SIGCONT');
  await awaitWhole(members);
  victim.order({ kind: 'release', keys: [key] });
  return goneMs;
}

async function stall(
  members: readonly MeshProcess[],
  victim: MeshProcess,
): Promise<{ deaths: number; suspicions: number }> {
  for (const member of members) member.forget('member');
  victim.order({ kind: 'stall', stallMs: STALL_MS });
  await sleep(STALL_MS + AFTERMATH_MS);
  const said = members.flatMap((member) => member.all('member').map(({ liveness }) => liveness));
  return {
    deaths: said.filter((liveness) => liveness === 'dead').length,
    suspicions: said.filter((liveness) => liveness === 'suspect').length,
  };
}

let streams = 0;

/** A new stream of the victim, known to all others. */
async function own(others: readonly MeshProcess[], victim: MeshProcess): Promise<string> {
  streams += 1;
  const key = `v/watched/s${streams}`;
  for (const member of others) member.forget('owners');
  victim.order({ kind: 'claim', keys: [key] });
  await Promise.all(others.map((member) => member.told('owners', (news) => news.owners.length > 0)));
  for (const member of others) member.forget('owners');
  return key;
}

/** How long after `sinceMs` the last of them had nobody for the stream. */
async function gone(others: readonly MeshProcess[], key: string, sinceMs: number): Promise<number> {
  const told = await Promise.all(
    others.map((member) => member.told('owners', (news) => news.key === key && news.owners.length === 0)),
  );
  return Math.max(...told.map(({ at }) => at)) - sinceMs;
}
