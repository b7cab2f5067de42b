import { join } from 'node:path';
import type { WorkerState, WorkerView } from '../plane/media-plane.js';
import type { FromWorker } from './messages.js';
import { RestartPace } from './restart-pace.js';
import { keepSocketFolder } from './socket-folder.js';
import { type LifeAction, type LifeRules, WorkerLife } from './worker-life.js';
import { WorkerProcess } from './worker-process.js';

/** A process together with where it is in its life. */
export interface LivingWorker {
  readonly process: WorkerProcess;
  readonly life: WorkerLife;
}

export interface SlotEvents {
  started(worker: LivingWorker): void;
  /** It is asked whether it is there: what it has to know each second goes in the same message. */
  asked(worker: LivingWorker): void;
  message(worker: LivingWorker, message: FromWorker): void;
  /** It gets no new connections any more, and another one does: what is published to it has to go there. */
  draining(worker: LivingWorker): void;
  /** `restartMs`: when its number is started again; null: not for it. */
  ended(worker: LivingWorker, reason: string, restartMs: number | null): void;
  log(level: 'info' | 'warn', fields: object, msg: string): void;
}

export interface SlotOptions {
  readonly worker: number;
  readonly folder: string;
  readonly rules: LifeRules;
  /** ms of main's own time. */
  now(): number;
  /** A worker of another number does, and takes no connections yet. */
  isOtherStarting(): boolean;
}

/** One number of a worker: the process that has it, and those it had that are still leaving. */
export class WorkerSlot {
  readonly #options: SlotOptions;
  readonly #events: SlotEvents;
  readonly #pace: RestartPace;
  readonly #leaving = new Set<LivingWorker>();
  /** Those of them that were told so. */
  readonly #drained = new WeakSet<LivingWorker>();
  #current: LivingWorker | null = null;
  #starts = 0;
  #restart: NodeJS.Timeout | null = null;
  #lastEnd: string | null = null;
  #sinceMs = Date.now();
  /** Of processes that have ended. */
  #endedCpuSeconds = 0;
  #isStopping = false;

  constructor(options: SlotOptions, events: SlotEvents) {
    this.#options = options;
    this.#events = events;
    this.#pace = new RestartPace(options.now());
  }

  get number(): number {
    return this.#options.worker;
  }

  /** Every process of this number that runs, the newest first. */
  get all(): readonly LivingWorker[] {
    return this.#current === null ? [...this.#leaving] : [this.#current, ...this.#leaving];
  }

  get isListening(): boolean {
    return this.#current?.life.takes === true;
  }

  get isStarting(): boolean {
    return this.#current?.life.state === 'starting';
  }

  start(): void {
    const { worker, folder, rules, now } = this.#options;
    this.#starts += 1;
    this.#sinceMs = Date.now();
    const path = join(folder, `${worker}-${this.#starts}.sock`);
    const life = new WorkerLife(rules, now());
    let living: LivingWorker;
    try {
      keepSocketFolder(folder);
      const process = new WorkerProcess(
        { worker, path },
        {
          message: (message) => this.#message(living, message),
          exited: (how) => this.#exited(living, how),
        },
      );
      living = { process, life };
    } catch (error) {
      this.#notStarted(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#current = living;
    this.#events.started(living);
  }

  tick(): void {
    for (const living of this.all) this.#do(living, living.life.tick(this.#options.now()));
  }

  stopping(): void {
    this.#isStopping = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    for (const { life } of this.all) life.ending();
  }

  view(): WorkerView {
    const current = this.#current;
    const { told } = current?.process ?? {};
    const pid = current?.process.pid;
    const sum = (of: (process: WorkerProcess) => number): number =>
      this.all.reduce((total, { process }) => total + of(process), 0);
    return {
      worker: this.number,
      state: stateOf(current, this.#leaving.size),
      ...(pid !== undefined && { pid }),
      sinceMs: this.#sinceMs,
      connections: sum((process) => process.open),
      players: sum((process) => process.told.players),
      publishers: sum((process) => process.told.publishers),
      outboundKbps: sum((process) => process.told.outboundKbps),
      rssBytes: sum((process) => process.told.rssBytes),
      cpuSeconds: this.#endedCpuSeconds + sum((process) => process.told.cpuSeconds),
      ...(told?.loopDelay !== undefined && { loopDelay: told.loopDelay }),
      restarts: this.#pace.restarts,
      ...(this.#lastEnd !== null && { lastEnd: this.#lastEnd }),
    };
  }

  #message(living: LivingWorker, message: FromWorker): void {
    const { life, process } = living;
    life.answered();
    if (message.kind === 'ready') life.ready(this.#options.now());
    this.#events.message(living, message);
    if (message.kind === 'ready') this.#drainOlder();
    if (message.kind !== 'told') return;
    const { now, isOtherStarting } = this.#options;
    this.#do(living, life.told(message.told.rssBytes, process.open, !isOtherStarting(), now()));
  }

  #do(living: LivingWorker, actions: readonly LifeAction[]): void {
    for (const action of actions) {
      if (action.do === 'ping') {
        living.process.post({ kind: 'ping', id: action.id });
        this.#events.asked(living);
      } else if (action.do === 'stop') living.process.post({ kind: 'stop' });
      else if (action.do === 'kill') {
        this.#events.log('warn', { ...about(living), reason: action.reason }, 'worker killed');
        living.process.kill();
      } else this.#replace(living, action.reason);
    }
  }

  /** Another one takes what comes, while this one serves those who are there. */
  #replace(living: LivingWorker, reason: string): void {
    this.#events.log('warn', { ...about(living), reason }, 'worker draining');
    this.#leaving.add(living);
    this.#lastEnd = reason;
    this.#pace.replaced(this.#options.now());
    this.start();
  }

  /** Encoders that are closed connect again at once: somebody has to be there. */
  #drainOlder(): void {
    for (const living of this.#leaving) {
      if (this.#drained.has(living)) continue;
      this.#drained.add(living);
      this.#events.draining(living);
    }
  }

  #notStarted(reason: string): void {
    this.#current = null;
    const restartMs = this.#pace.ended(this.#options.now());
    this.#events.log('warn', { worker: this.number, reason, restartMs }, 'worker not started');
    this.#startIn(restartMs, reason);
  }

  #startIn(restartMs: number, reason: string): void {
    this.#lastEnd = reason;
    this.#sinceMs = Date.now();
    this.#restart = setTimeout(() => {
      this.#pace.started(this.#options.now());
      this.start();
    }, restartMs);
  }

  #exited(living: LivingWorker, how: string): void {
    const reason = living.life.reason ?? how;
    living.life.exited();
    this.#endedCpuSeconds += living.process.told.cpuSeconds;
    this.#leaving.delete(living);
    const isCurrent = this.#current === living;
    if (isCurrent) this.#current = null;
    const restartMs = isCurrent && !this.#isStopping ? this.#pace.ended(this.#options.now()) : null;
    if (restartMs !== null) this.#startIn(restartMs, reason);
    this.#events.ended(living, reason, restartMs);
  }
}

const about = ({ process }: LivingWorker) => ({ worker: process.address.worker, pid: process.pid });

function stateOf(current: LivingWorker | null, leaving: number): WorkerState {
  const state = current?.life.state;
  if (state === undefined || state === 'ended') return leaving > 0 ? 'draining' : 'waiting';
  return state === 'ending' ? 'draining' : state;
}
