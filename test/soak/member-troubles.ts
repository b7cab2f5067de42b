import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '@headwater/testing/await-condition';
import { comeBack, loseWorker } from '../chaos/carry-out.js';
import type { EventLog } from '../chaos/event-log.js';
import type { MemberStates } from '../chaos/member-states.js';
import { TestProcess } from '../support/child-process.js';
import type { Cluster } from '../support/cluster.js';
import { cleanEnvironment } from '../support/origin-process.js';
import { Scope } from '../support/scope.js';
import type { MemberTrouble } from './plan.js';
import { processesOf } from './process-tree.js';

interface World {
  readonly cluster: Cluster;
  readonly states: MemberStates;
  readonly log: EventLog;
  readonly rolling?: Rolling;
}

/** How all members are restarted, one after the other. */
export interface Rolling {
  /** `sigterm`: as by somebody who does not know what a drain is. `drain`: by `headwater drain --wait`, and then SIGTERM. */
  readonly by: 'sigterm' | 'drain';
  /** At least so long from one member to the next, ms; the one before is always waited for. */
  readonly apartMs?: number;
  /** What members run from each rolling restart on, by their commands. */
  readonly programs?: readonly string[];
}

/** Does what members meet, one at a time: the next waits for nobody, and is left out where the one before is not over. */
export class MemberTroubles {
  leftOut = 0;
  readonly #world: World;
  #rounds = 0;
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
        return this.#roll(this.#world.rolling ?? { by: 'sigterm' });
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

  async #roll({ by, apartMs = 0, programs = [] }: Rolling): Promise<void> {
    const { cluster, log } = this.#world;
    const program = programs[this.#rounds];
    this.#rounds += 1;
    log.note('** all members are restarted, one after the other');
    for (const index of cluster.members.keys()) {
      const apart = sleep(apartMs);
      if (by === 'drain') await this.#drain(index);
      await this.#restart(index, program);
      await apart;
    }
    log.note('** all members were restarted');
  }

  /** As an operator does it, who waits until all that can go has gone. */
  async #drain(index: number): Promise<void> {
    const { cluster, states, log } = this.#world;
    const member = cluster.member(index);
    log.note(`** ${member.name} is drained`);
    states.become(index, 'draining', log.nowMs());
    const scope = new Scope();
    const words = [member.program, 'drain', '--wait', '--api', member.apiUrl()];
    const { exit, output } = await runToEnd(scope, words).finally(() => scope.close());
    log.note(`${member.name} was drained: ${output.replaceAll('\n', ' ')}`);
    if (exit.code !== 0) log.violated('member', member.name, `drained with status ${exit.code}`);
  }

  /** As a supervisor does it: SIGTERM, and again once it has ended. */
  async #restart(index: number, program?: string): Promise<void> {
    const { cluster, states, log } = this.#world;
    const member = cluster.member(index);
    log.note(`** ${member.name} is restarted: SIGTERM`);
    if (states.isUp(index)) states.become(index, 'draining', log.nowMs());
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
    await comeBack('restarted', index, this.#world, program);
  }
}

async function runToEnd(scope: Scope, words: readonly string[]) {
  const options = { env: cleanEnvironment() };
  const { exited, stdout, stderr } = new TestProcess(scope, process.execPath, words, options);
  const exit = await withDeadline(words.join(' '), exited);
  return { exit, output: [...stdout, ...stderr].join('\n') };
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
