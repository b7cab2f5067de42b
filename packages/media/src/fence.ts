import type { MediaLog } from './media-log.js';

/** Whose handler failed, as its log line names it. */
export interface Fenced {
  /** `address:port`, as far as known. */
  readonly remote: string;
  readonly protocol: string;
  readonly key?: string;
}

/**
 * The fence around each connection's handlers: what one of them throws although it never should is logged with its
 * stack, counted, and ends that connection alone. Without it the error would end the process.
 */
export class Fence {
  readonly #log: Pick<MediaLog, 'error'>;
  #faults = 0;

  constructor(log: Pick<MediaLog, 'error'>) {
    this.#log = log;
  }

  /** Since the start. */
  get faults(): number {
    return this.#faults;
  }

  /** Runs a handler; `end` ends the connection at once, whatever state it is in. Never throws. */
  run(whose: Fenced, handler: () => void, end: () => void): void {
    try {
      handler();
    } catch (error) {
      this.caught(whose, error, end);
    }
  }

  /** For who has caught the error. Never throws. */
  caught(whose: Fenced, error: unknown, end: () => void): void {
    this.#tell(whose, error, 'connection ended by a fault');
    try {
      end();
    } catch (second) {
      this.#tell(whose, second, 'connection not ended by a fault in that');
    }
  }

  /** Work that belongs to a stream, or to this member, rather than to one connection; it is left where it failed. */
  runTask(task: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#faults += 1;
      this.#log.error({ task, faults: this.#faults, err: errorOf(error) }, 'task ended by a fault');
    }
  }

  #tell({ remote, protocol, key }: Fenced, error: unknown, msg: string): void {
    this.#faults += 1;
    const about = key === undefined ? {} : { key };
    this.#log.error({ client: remote, protocol, ...about, faults: this.#faults, err: errorOf(error) }, msg);
  }
}

/** Anything can be thrown; a line of the log needs a stack. */
function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
}
