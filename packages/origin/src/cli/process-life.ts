import type { RunningOrigin } from '../origin.js';
import { type CliIo, EXIT, type FaultKind } from './io.js';
import { paintFor } from './paint.js';
import { errorText } from './show-error.js';

/** The part of a pino logger that the life of a process is told to. */
export interface LifeLog {
  info(fields: object, msg: string): void;
  fatal(fields: object, msg: string): void;
}

/** What a member that runs can be asked for. */
export type Living = Pick<RunningOrigin, 'drain' | 'stop' | 'reload'>;

type State = 'starting' | 'running' | 'draining' | 'stopping' | 'failing';

/** How long a member that failed may take to release its claims and say leave. */
export const FAULT_DEADLINE_MS = 3_000;

const IDLE_REASONS: Readonly<Record<string, string>> = {
  SIGHUP:
    'the configuration is read again only while the member runs, and the log goes to stdout, which needs no reopening',
  SIGUSR1: 'it opens no debugger; the log goes to stdout, which needs no reopening',
  SIGUSR2: 'the log goes to stdout, which needs no reopening',
};

/**
 * What signals and faults do to a running member, by its state:
 *
 * | state    | asked to stop                         | something was thrown that nobody caught              |
 * |----------|---------------------------------------|------------------------------------------------------|
 * | starting | ends at once, 0                       | ends at once, 70                                     |
 * | running  | draining by SIGTERM, else stopping    | failing: claims released, leave said, then 70        |
 * | draining | ends at once, 1                       | failing                                              |
 * | stopping | ends at once, 1                       | ends at once, 70                                     |
 * | failing  | ends at once, 70                      | ends at once, 70; so it does where that takes 3 s    |
 *
 * SIGHUP, where it is not the end of a terminal, has a running member read its configuration again, and one that starts do so
 * once it runs: what it has read may be older than that.
 */
export class ProcessLife {
  readonly #io: CliIo;
  readonly #faultDeadlineMs: number;
  readonly #unsubscribe: readonly (() => void)[];
  #log: LifeLog | null = null;
  #state: State = 'starting';
  #member: Living | null = null;
  #faults = 0;
  #isReloadDue = false;
  #finish: (status: number) => void = () => {};

  /** Listens from now on, so that a start that hangs can be ended. */
  constructor(io: CliIo, faultDeadlineMs = FAULT_DEADLINE_MS) {
    this.#io = io;
    this.#faultDeadlineMs = faultDeadlineMs;
    this.#unsubscribe = [
      io.onStopRequest((signal) => this.#stopRequested(signal)),
      io.onIdleSignal((signal) => this.#idle(signal)),
      io.onFault((error, kind) => this.#fault(error, kind)),
    ];
  }

  /** There is a log from now on. */
  logTo(log: LifeLog): void {
    this.#log = log;
  }

  /** The member is ready. Resolves with the exit status when it has ended. */
  run(member: Living): Promise<number> {
    this.#member = member;
    this.#state = 'running';
    if (this.#isReloadDue) void member.reload();
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #stopRequested(signal: string | undefined): void {
    const state = this.#state;
    this.#log?.info({ ...(signal === undefined ? {} : { signal }), state }, 'stop requested');
    if (state === 'starting') this.#io.exitNow(EXIT.ok);
    else if (state === 'running' && this.#member !== null)
      void this.#leave(this.#member, signal === 'SIGTERM');
    else this.#io.exitNow(state === 'failing' ? EXIT.fault : EXIT.failed);
  }

  async #leave(member: Living, isDrained: boolean): Promise<void> {
    if (isDrained) {
      this.#state = 'draining';
      await member.drain();
      // It may have failed meanwhile.
      if (this.#state !== 'draining') return;
    }
    this.#state = 'stopping';
    await member.stop();
    this.#finish(EXIT.ok);
  }

  #fault(error: unknown, kind: FaultKind): void {
    this.#faults += 1;
    this.#tellFault(error, kind);
    const member = this.#member;
    if (member === null || (this.#state !== 'running' && this.#state !== 'draining')) {
      this.#io.exitNow(EXIT.fault);
      return;
    }
    this.#state = 'failing';
    const deadline = setTimeout(() => this.#io.exitNow(EXIT.fault), this.#faultDeadlineMs);
    void member.stop().then(() => {
      clearTimeout(deadline);
      this.#finish(EXIT.fault);
    });
  }

  #tellFault(error: unknown, kind: FaultKind): void {
    const err = error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
    if (this.#log !== null)
      this.#log.fatal({ err, kind, faults: this.#faults, state: this.#state }, 'process ended by a fault');
    else this.#io.stderr.write(errorText(err, paintFor(this.#io.stderr.isTTY === true, this.#io.env)));
  }

  #idle(signal: string): void {
    if (signal === 'SIGHUP' && (this.#state === 'running' || this.#state === 'starting')) {
      this.#log?.info({ signal }, 'reload requested');
      if (this.#member === null) this.#isReloadDue = true;
      else void this.#member.reload();
      return;
    }
    this.#log?.info(
      { signal, reason: IDLE_REASONS[signal] ?? 'it has no meaning here' },
      'signal does nothing',
    );
  }
}
