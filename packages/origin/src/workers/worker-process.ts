import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { constants, getPriority, setPriority } from 'node:os';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Elsewhere, type MediaListenerName, NO_FIGURES, type WorkerAddress } from '@headwater/media';
import { ANSWER_MS } from '../plane/media-plane.js';
import { AnswerWait } from './answer-wait.js';
import type { Choosable } from './choose-worker.js';
import type { FromWorker, Handover, Questions, ToWorker, WorkerTold } from './messages.js';
import { Wire } from './wire.js';
import { workerArguments, workerEnvironment } from './worker-memory.js';

const PROGRAM = fileURLToPath(new URL('./worker-main.js', import.meta.url));
/** Where a worker finds its pipes; 3 is Node's own, for connections. */
const [TO_WORKER, FROM_WORKER] = [4, 5];
/**
 * By how much nicer than main workers are to others: where cores are short main goes first, which has the mesh and the API and
 * needs little. A cgroup of its own (a container, a service of systemd) keeps that between them.
 */
const NICER = 5;

/** How long a connection may take to come over to a worker that answers, ms: longer than one that hangs is let live. */
const LOST_MS = 8_000;

/** So many of those are kept in mind at most: a worker that takes none any more says nothing of any. */
const LOST_MAX = 1_000;

/** A connection that waits for its worker. */
export interface Arrived {
  readonly listener: MediaListenerName;
  readonly socket: Socket;
  /** As limits count it. */
  readonly address: string;
  /** Whether it counts against that address. */
  readonly isCounted: boolean;
}

export interface WorkerEvents {
  message(message: FromWorker): void;
  /** It ended; `how` says by what. */
  exited(how: string): void;
}

const TOLD_NOTHING: WorkerTold = {
  players: 0,
  publishers: 0,
  outboundKbps: 0,
  connections: 0,
  isFull: false,
  faults: 0,
  rssBytes: 0,
  cpuSeconds: 0,
  figures: NO_FIGURES,
};

/** A connection on its way to a worker. */
interface Untaken extends Arrived {
  readonly atMs: number;
  /** The system has it for the worker, which may have read from it. */
  isSent: boolean;
}

/** One worker's process, with the pipe to it, the connections on their way there, and what it told last. */
export class WorkerProcess implements Choosable {
  readonly address: WorkerAddress;
  readonly sinceMs: number;
  told: WorkerTold = TOLD_NOTHING;
  /** Connections that it has of each address that counts. */
  readonly ofAddress = new Map<string, number>();
  readonly #child: ChildProcess;
  readonly #wire: Wire<ToWorker, FromWorker>;
  readonly #untaken = new Map<number, Untaken>();
  /** Of which it may still say that it has them. */
  readonly #lost = new Map<number, Pick<Arrived, 'address' | 'isCounted'>>();
  readonly #asked = new Map<number, (value: unknown) => void>();
  readonly #wait = new AnswerWait(ANSWER_MS);
  #ids = 0;
  #open = 0;
  #isOver = false;

  /** Throws where no process can be had, as where there are too many. */
  constructor(address: WorkerAddress, events: WorkerEvents) {
    this.address = address;
    this.sinceMs = Date.now();
    this.#child = fork(PROGRAM, [String(address.worker)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe', 'pipe'],
      env: workerEnvironment(environment()),
      execArgv: workerArguments(process.execArgv, process.env),
    });
    makeNicer(this.#child.pid);
    // Whatever it is, `exit` or the missing pipe tells of it.
    this.#child.on('error', () => {});
    const stdio: readonly unknown[] = this.#child.stdio ?? [];
    const [output, input] = [stdio[TO_WORKER], stdio[FROM_WORKER]];
    if (!(output instanceof Duplex && input instanceof Duplex))
      throw new Error('no process: are files (ulimit -n), processes or memory used up?');
    this.#wire = new Wire(
      input,
      output,
      (message) => this.#take(message, events),
      () => this.kill(),
    );
    const over = (how: string): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      // It may have read from them: nobody else can go on with what is left.
      for (const { socket, isSent } of this.#untaken.values()) if (isSent) socket.destroy();
      for (const answer of this.#asked.values()) answer(undefined);
      events.exited(how);
    };
    // When all that it said is read, too.
    this.#child.once('close', (code, signal) =>
      over(signal === null ? `status ${code}` : `signal ${signal}`),
    );
    this.#child.once('error', (error) => over(error.message));
  }

  get pid(): number | undefined {
    return this.#isOver ? undefined : this.#child.pid;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get open(): number {
    return this.#open;
  }

  get untaken(): number {
    return this.#untaken.size;
  }

  get waitingMs(): number {
    for (const { atMs } of this.#untaken.values()) return performance.now() - atMs;
    return 0;
  }

  get backlogBytes(): number {
    return this.#wire.backlogBytes;
  }

  post(message: ToWorker): void {
    if (!this.#isOver) this.#wire.post(message);
  }

  send(frame: Buffer): void {
    if (!this.#isOver) this.#wire.send(frame);
  }

  give(arrived: Arrived, elsewhere: Elsewhere): void {
    const { listener, socket, address } = arrived;
    this.#ids += 1;
    const id = this.#ids;
    const untaken: Untaken = { ...arrived, atMs: performance.now(), isSent: false };
    this.#untaken.set(id, untaken);
    this.#counted(arrived);
    const handover: Handover = { id, listener, address, isCounted: arrived.isCounted, elsewhere };
    // It stays open here until the worker says that it has it: what Node sends and forgets would be nobody's where the worker
    // ends before that, and its client would wait for ever. Where the process ended meanwhile, `untakenLeft` has it.
    this.#child.send(handover, socket, { keepOpen: true }, (error) => {
      untaken.isSent = error === null;
    });
  }

  /** Of an ended process: connections that never came over to it. */
  untakenLeft(): readonly Arrived[] {
    return [...this.#untaken.values()].filter(({ socket, isSent }) => !socket.destroyed && !isSent);
  }

  /** The answer; undefined where there is none in time. */
  ask<K extends keyof Questions>(
    question: K,
    given: Parameters<Questions[K]>,
  ): Promise<ReturnType<Questions[K]> | undefined> {
    if (this.#isOver) return Promise.resolve(undefined);
    this.#ids += 1;
    const id = this.#ids;
    return new Promise((resolve) => {
      const answer = (value: unknown): void => {
        clearTimeout(deadline);
        this.#asked.delete(id);
        resolve(value as ReturnType<Questions[K]> | undefined);
      };
      const deadline = setTimeout(() => {
        this.#wait.passed();
        answer(undefined);
      }, this.#wait.ms);
      this.#asked.set(id, answer);
      this.post({ kind: 'ask', id, question, given });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(message: FromWorker, events: WorkerEvents): void {
    this.#wait.heard();
    if (message.kind === 'answer') this.#asked.get(message.id)?.(message.value);
    else if (message.kind === 'connections') this.#count(message.taken, message.closed);
    else if (message.kind === 'told') this.told = message.told;
    events.message(message);
  }

  #count(taken: readonly number[], closed: readonly string[]): void {
    for (const id of taken) {
      this.#letGo(id);
      this.#lateTaken(id);
    }
    for (const address of closed) this.#closed(address);
  }

  /**
   * Closes connections that never came over, as where the worker may open no more files: Node tells nobody of those. A worker that
   * hangs is killed before that. Returns whose they were.
   */
  closeLost(): readonly Arrived[] {
    const sentBeforeMs = performance.now() - LOST_MS;
    const lost = [...this.#untaken].filter(([, { isSent, atMs }]) => isSent && atMs < sentBeforeMs);
    for (const [id, arrived] of lost) {
      this.#letGo(id);
      this.#closed(countedAddress(arrived));
      this.#lost.set(id, { address: arrived.address, isCounted: arrived.isCounted });
      const [oldest] = this.#lost.keys();
      if (this.#lost.size > LOST_MAX && oldest !== undefined) this.#lost.delete(oldest);
    }
    return lost.map(([, arrived]) => arrived);
  }

  /** One that was merely late counts again, until its end is told. */
  #lateTaken(id: number): void {
    const late = this.#lost.get(id);
    if (late !== undefined) this.#counted(late);
    for (const earlier of this.#lost.keys()) if (earlier <= id) this.#lost.delete(earlier);
  }

  #counted({ isCounted, address }: Pick<Arrived, 'address' | 'isCounted'>): void {
    this.#open += 1;
    if (isCounted) this.ofAddress.set(address, (this.ofAddress.get(address) ?? 0) + 1);
  }

  #letGo(id: number): void {
    this.#untaken.get(id)?.socket.destroy();
    this.#untaken.delete(id);
  }

  #closed(address: string): void {
    this.#open -= 1;
    const left = (this.ofAddress.get(address) ?? 0) - 1;
    if (left > 0) this.ofAddress.set(address, left);
    else this.ofAddress.delete(address);
  }
}

const countedAddress = ({ isCounted, address }: Arrived): string => (isCounted ? address : '');

/** At once, since threads have what the one has that starts them. */
function makeNicer(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, Math.min(getPriority() + NICER, constants.priority.PRIORITY_LOW));
  } catch {
    // Ended already, or nobody may: it works as well, if less evenly.
  }
}

/** Configuration comes over the pipe, and secrets stay with main. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HEADWATER_')));
}
