import type { Socket } from 'node:net';
import { clientIp, limitedAddress, type MediaListenerName, type WorkerAddress } from '@headwater/media';
import { ENDS_TOLD_MS } from '../guard-config.js';
import type { WorkerView } from '../plane/media-plane.js';
import { chooseWorker } from './choose-worker.js';
import type { Questions, ToWorker } from './messages.js';
import { OwnTime } from './own-time.js';
import type { LifeRules } from './worker-life.js';
import type { Arrived, WorkerProcess } from './worker-process.js';
import { type LivingWorker, type SlotEvents, WorkerSlot } from './worker-slot.js';

/** How often workers are looked at, ms. */
const TICK_MS = 250;
/** Most connections that wait while no worker can take one; the next is closed. */
const WAITING_MAX = 4096;
/** How long all workers together get to end, ms. */
const STOP_MS = ENDS_TOLD_MS + 1_000;

export interface PoolOptions {
  readonly workers: number;
  readonly folder: string;
  readonly rules: LifeRules;
  /** It speaks for others, who are counted when it has named them. */
  isProxy(ip: string): boolean;
  /** Of a live member: its connections may be pulls, which do not count against their address. */
  isMemberAddress(ip: string): boolean;
  /** A connection found no place at all. */
  onRefused(listener: MediaListenerName, ip: string): void;
}

/** All workers of a member, and which of them gets the next connection. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots: readonly WorkerSlot[];
  readonly #waiting: Arrived[] = [];
  readonly #tick: NodeJS.Timeout;

  constructor(options: PoolOptions, events: SlotEvents) {
    this.#options = options;
    const time = new OwnTime(performance.now(), 2 * TICK_MS);
    this.#slots = Array.from(
      { length: options.workers },
      (_, index) =>
        new WorkerSlot(
          {
            worker: index + 1,
            folder: options.folder,
            rules: options.rules,
            now: () => time.at(performance.now()),
            isOtherStarting: () => this.#slots.some((slot) => slot.number !== index + 1 && slot.isStarting),
          },
          {
            ...events,
            message: (worker, message) => {
              events.message(worker, message);
              if (message.kind === 'connections' || message.kind === 'ready') this.#giveWaiting();
            },
            ended: (worker, reason, restartMs) => {
              events.ended(worker, reason, restartMs);
              for (const arrived of worker.process.untakenLeft()) this.#give(arrived);
            },
          },
        ),
    );
    this.#tick = setInterval(() => this.#look(), TICK_MS);
  }

  start(): void {
    for (const slot of this.#slots) slot.start();
  }

  get all(): readonly LivingWorker[] {
    return this.#slots.flatMap(({ all }) => all);
  }

  /** Numbers of those that take no connections at the moment. */
  get notListening(): readonly number[] {
    return this.#slots.filter(({ isListening }) => !isListening).map(({ number }) => number);
  }

  /** Those that take connections. */
  get listening(): readonly WorkerAddress[] {
    return this.all.flatMap(({ life, process }) => (life.takes && !process.isOver ? [process.address] : []));
  }

  views(): readonly WorkerView[] {
    return this.#slots.map((slot) => slot.view());
  }

  get connections(): number {
    return this.all.reduce((sum, { process }) => sum + process.open, 0);
  }

  connectionsBeside(worker: WorkerProcess): number {
    return this.connections - worker.open;
  }

  post(message: ToWorker): void {
    for (const { process } of this.all) process.post(message);
  }

  /**
   * Asks all at once: answers of those that gave one, and the numbers of the others. One that starts hears of it, too, but has
   * nobody yet: nothing of it is missing, and its answer is not waited for.
   */
  async ask<K extends keyof Questions>(
    question: K,
    ...given: Parameters<Questions[K]>
  ): Promise<{
    readonly answers: readonly ReturnType<Questions[K]>[];
    readonly unanswered: readonly number[];
  }> {
    const all = this.all.map(({ life, process }) => ({
      process,
      isStarting: life.state === 'starting',
      answer: process.ask(question, given),
    }));
    const asked = all.filter(({ isStarting }) => !isStarting);
    const values = await Promise.all(asked.map(({ answer }) => answer));
    // A number without a process has nobody, so nothing of it is missing.
    const unanswered = new Set<number>();
    const answers: ReturnType<Questions[K]>[] = [];
    for (const [index, value] of values.entries()) {
      if (value !== undefined) answers.push(value);
      else unanswered.add(asked[index]?.process.address.worker ?? 0);
    }
    return { answers, unanswered: [...unanswered].sort((a, b) => a - b) };
  }

  arrived(listener: MediaListenerName, socket: Socket): void {
    const ip = clientIp(socket);
    const { isMemberAddress, isProxy } = this.#options;
    const isCounted = !isProxy(ip) && !isMemberAddress(ip);
    this.#give({ listener, socket, address: limitedAddress(ip), isCounted });
  }

  /** Ends all of them: those that do not are killed. */
  async stop(): Promise<void> {
    clearInterval(this.#tick);
    this.#closeWaiting();
    for (const slot of this.#slots) slot.stopping();
    this.post({ kind: 'stop' });
    const deadline = performance.now() + STOP_MS;
    while (this.all.length > 0) {
      if (performance.now() > deadline) for (const { process } of this.all) process.kill();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // Those that had never come over to a worker which has ended meanwhile.
    this.#closeWaiting();
  }

  #closeWaiting(): void {
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }

  #look(): void {
    for (const slot of this.#slots) slot.tick();
    for (const { process } of this.all)
      for (const { listener, socket } of process.closeLost())
        this.#options.onRefused(listener, clientIp(socket));
    this.#giveWaiting();
  }

  #give(arrived: Arrived): void {
    if (!this.#tryGive(arrived)) this.#wait(arrived);
  }

  #wait(arrived: Arrived): void {
    if (this.#waiting.length < WAITING_MAX) {
      this.#waiting.push(arrived);
      return;
    }
    arrived.socket.destroy();
    this.#options.onRefused(arrived.listener, clientIp(arrived.socket));
  }

  #giveWaiting(): void {
    while (this.#waiting.length > 0) {
      const [next] = this.#waiting;
      if (next === undefined || (!next.socket.destroyed && !this.#tryGive(next))) return;
      this.#waiting.shift();
    }
  }

  #tryGive(arrived: Arrived): boolean {
    const takers = this.all.filter(({ life, process }) => life.takes && !process.isOver);
    const worker = chooseWorker(takers.map(({ process }) => process));
    if (worker === null) return false;
    const { address } = arrived;
    let ofAddress = 0;
    for (const { process } of this.all)
      if (process !== worker) ofAddress += process.ofAddress.get(address) ?? 0;
    worker.give(arrived, { connections: this.connectionsBeside(worker), ofAddress });
    return true;
  }
}
