import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '@headwater/testing/await-condition';
import { comeBack, loseWorker } from '../chaos/carry-out.js';
import type { EventLog } from '../chaos/event-log.js';
import type { MemberStates } from '../chaos/member-states.js';
import type { Cluster } from '../support/cluster.js';
import type { MemberTrouble } from './plan.js';
import { processesOf } from './process-tree.js';

interface World {
  readonly cluster: Cluster;
  readonly states: MemberStates;
  readonly log: EventLog;
}

/** Does what members meet, one at a time: the next waits for nobody, and is left out where the one before is not over. */
export class MemberTroubles {
  leftOut = 0;
  readonly #world: World;
  #current: Promise<void> | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  get isBusy(): boolean {
    return this.#current !== null;
  }

  begin(trouble: MemberTrouble | { readonly kind: 'rolling-restart' }): void {
    if (this.#current === null) {
      this.#current = this.#do(trouble).finally(() => {
        this.#current = null;
      });
      return;
    }
    if (trouble.kind === 'rolling-restart') {
      // Asked for, so it comes behind what was drawn.
      this.#current = this.#current
        .then(() => this.#do(trouble))
        .finally(() => {
          this.#current = null;
        });
      return;
    }
    this.leftOut += 1;
    this.#world.log.note(`(${trouble.kind} is left out: another member is not back yet)`);
  }

  async idle(): Promise<void> {
    await this.#current;
  }

  async #do(trouble: MemberTrouble | { readonly kind: 'rolling-restart' }): Promise<void> {
    const { cluster, states, log } = this.#world;
    switch (trouble.kind) {
      case 'rolling-restart':
        log.note('** all members are restarted, one after the other');
        for (const index of cluster.members.keys()) await this.#restart(index);
        log.note('** all members were restarted');
        return;
      case 'restarted':
        return this.#restart(trouble.member);
      case 'worker-killed':
        log.note(`** a worker of ${cluster.member(trouble.member).name} is killed`);
        states.become(trouble.member, 'joining', log.nowMs());
        return loseWorker({ kind: 'worker-killed', member: trouble.member, worker: 1 }, this.#world);
      case 'killed':
      case 'hung': {
        const member = cluster.member(trouble.member);
        const isKilled = trouble.kind === 'killed';
        log.note(`** ${member.name} ${isKilled ? 'is killed' : 'hangs'} for ${trouble.lastsMs} ms`);
        states.become(trouble.member, isKilled ? 'killed' : 'stopped', log.nowMs());
        const pids = processesOf(member.pid);
        signalAll(pids, isKilled ? 'SIGKILL' : 'SIGSTOP');
        await sleep(trouble.lastsMs);
        if (!isKilled) signalAll([...pids].reverse(), 'SIGCONT');
        return comeBack(isKilled ? 'restarted' : 'continued', trouble.member, this.#world);
      }
    }
  }

  /** As a supervisor does it: SIGTERM, and again once it has ended. */
  async #restart(index: number): Promise<void> {
    const { cluster, states, log } = this.#world;
    const member = cluster.member(index);
    log.note(`** ${member.name} is restarted: SIGTERM`);
    states.become(index, 'draining', log.nowMs());
    member.signal('SIGTERM');
    try {
      const exit = await withDeadline(`${member.name} to drain and end`, member.exited);
      states.become(index, 'killed', log.nowMs());
      log.note(`${member.name} ended: ${JSON.stringify(exit)}`);
      if (exit.code !== 0) log.violated('member', member.name, `ended by ${JSON.stringify(exit)}`);
    } catch (error) {
      log.violated('member', member.name, String(error).split('\n')[0] ?? '');
      await member.kill();
    }
    await comeBack('restarted', index, this.#world);
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}
