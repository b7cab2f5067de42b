import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { ApiWorker } from '../support/api-types.js';
import type { Cluster } from '../support/cluster.js';
import type { OriginProcess } from '../support/origin-process.js';
import { ChaosPlayer, type PlayerWorld } from './chaos-player.js';
import type { Target } from './encoder.js';
import type { Encoders } from './encoders.js';
import type { EventLog } from './event-log.js';
import type { MemberStates } from './member-states.js';
import type { Fault, WorkerFault } from './plan.js';

export interface World {
  readonly cluster: Cluster;
  readonly states: MemberStates;
  readonly encoders: Encoders;
  readonly players: Map<string, ChaosPlayer>;
  readonly worldOf: (stream: string) => PlayerWorld;
  readonly log: EventLog;
  readonly targetOf: (member: number) => Target;
  /** Members that come back, awaited before the run ends. */
  readonly comebacks: Promise<void>[];
}

/** A member that went on again needs a moment to see what it missed. */
const AWAKE_MS = 700;

/** Does one fault to the running world. */
export function carryOut(fault: Fault, world: World): void {
  const { log, states, cluster, players } = world;
  log.note(`** ${inWords(fault, cluster)}`);
  switch (fault.kind) {
    case 'silent':
      world.encoders.output(fault.output).silence();
      break;
    case 'held':
      world.encoders.output(fault.output).hold();
      break;
    case 'resumed':
      world.encoders.output(fault.output).resume();
      break;
    case 'closed':
      world.encoders.output(fault.output).close(fault.how);
      break;
    case 'opened':
      world.encoders.output(fault.output).open({
        target: world.targetOf(fault.member),
        sends: fault.sends,
        encoding: world.encoders.encoding(fault.output, fault.start),
      });
      break;
    case 'killed':
      states.become(fault.member, 'killed', log.nowMs());
      cluster.member(fault.member).signal('SIGKILL');
      break;
    case 'stopped':
      states.become(fault.member, 'stopped', log.nowMs());
      cluster.member(fault.member).signal('SIGSTOP');
      break;
    case 'worker-killed':
    case 'worker-hung':
      states.become(fault.member, 'joining', log.nowMs());
      world.comebacks.push(loseWorker(fault, world));
      break;
    case 'restarted':
    case 'continued':
      world.comebacks.push(comeBack(fault.kind, fault.member, world));
      break;
    case 'joins':
      players.set(fault.player.name, new ChaosPlayer(fault.player, world.worldOf(fault.player.stream)));
      break;
    case 'leaves':
      players.get(fault.player)?.leave();
      break;
  }
}

/** Starts the member again, perhaps as another program, or lets it go on; it is up once all are connected with each other. */
export async function comeBack(
  kind: 'restarted' | 'continued',
  index: number,
  world: Pick<World, 'cluster' | 'states' | 'log'>,
  program?: string,
): Promise<void> {
  const { cluster, states, log } = world;
  const member = cluster.member(index);
  try {
    if (kind === 'restarted') {
      await member.exited;
      member.restart(program);
    } else {
      member.signal('SIGCONT');
    }
    states.become(index, 'joining', log.nowMs());
    if (kind === 'continued') await sleep(AWAKE_MS);
    await cluster.whole();
    states.become(index, 'up', log.nowMs());
    log.note(`${member.name} is up again, and all are connected with each other`);
  } catch (error) {
    log.violated(
      'member',
      member.name,
      `did not come back: ${String(error).split('\n').slice(0, 12).join(' ')}`,
    );
  }
}

/** Until another one has its number nobody counts on that member: only what others do meanwhile is judged. */
export async function loseWorker(
  { kind, member: index, worker }: WorkerFault,
  world: Pick<World, 'cluster' | 'states' | 'log'>,
): Promise<void> {
  const { cluster, states, log } = world;
  const member = cluster.member(index);
  try {
    const before = await workerOf(member, worker);
    process.kill(before.pid ?? 0, kind === 'worker-killed' ? 'SIGKILL' : 'SIGSTOP');
    await awaitCondition(`worker ${worker} of ${member.name} to be replaced`, async () => {
      const { pid, state } = await workerOf(member, worker);
      return state === 'listening' && pid !== before.pid;
    });
    await sleep(AWAKE_MS);
    states.become(index, 'up', log.nowMs());
    log.note(`worker ${worker} of ${member.name} is there again`);
  } catch (error) {
    log.violated('member', member.name, `did not replace its worker: ${String(error).split('\n')[0]}`);
  }
}

async function workerOf(member: OriginProcess, worker: number): Promise<ApiWorker> {
  const self = (await member.members()).find((each) => each.self);
  const found = self?.workers?.find((each) => each.worker === worker);
  if (found === undefined) throw new Error(`${member.name} has no worker ${worker}`);
  return found;
}

function inWords(fault: Fault, cluster: Cluster): string {
  switch (fault.kind) {
    case 'opened': {
      const sends = { flowing: '', headers: ', and sends headers alone', silent: ', and sends nothing' };
      const to = cluster.member(fault.member).name;
      return `${fault.output} connects to ${to}, start ${fault.start} of its encoder${sends[fault.sends]}`;
    }
    case 'closed':
      return `${fault.output} is closed (${fault.how})`;
    case 'silent':
    case 'held':
    case 'resumed':
      return `${fault.output} is ${fault.kind}`;
    case 'joins':
      return `${fault.player.name} joins`;
    case 'leaves':
      return `${fault.player} leaves`;
    case 'worker-killed':
    case 'worker-hung':
      return `worker ${fault.worker} of ${cluster.member(fault.member).name} is ${fault.kind.slice('worker-'.length)}`;
    default:
      return `member ${cluster.member(fault.member).name} is ${fault.kind}`;
  }
}
