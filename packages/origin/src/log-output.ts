import { writeSync } from 'node:fs';

/** Most bytes kept for a reader that does not read; then lines are lost, and counted. */
export const LOG_QUEUE_BYTES_MAX = 1024 * 1024;
/** Wait before the next try while the reader does not read. */
const RETRY_MS = 50;

/** Writes to a file descriptor; returns how many bytes it took, or throws a system error. */
export type WriteBytes = (bytes: Buffer) => number;

/**
 * A log's way out of the process, as pino takes one. Whoever reads the log can neither stop nor end us: a reader that
 * does not read costs lines, one that is gone silences the log. (pino's own output tries for ever, also at exit, where
 * a broken pipe then keeps the process alive.)
 */
export class LogOutput {
  readonly #write: WriteBytes;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #lost = 0;
  #isBroken = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(write: WriteBytes = (bytes) => writeSync(STDOUT, bytes)) {
    this.#write = write;
  }

  /** One line, with its line feed. */
  write(line: string): void {
    if (this.#isBroken) return;
    const bytes = Buffer.from(line);
    if (this.#queuedBytes + bytes.length > LOG_QUEUE_BYTES_MAX) {
      this.#lost += 1;
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#retry === null) this.flush();
  }

  /** Writes what the reader takes now. Never throws, never waits. */
  flush(): void {
    let first = this.#queue[0];
    while (first !== undefined) {
      const taken = this.#tryWrite(first);
      if (taken === null) return;
      this.#queuedBytes -= taken;
      if (taken < first.length) this.#queue[0] = first.subarray(taken);
      else this.#queue.shift();
      if (this.#queue.length === 0 && this.#lost > 0) this.#queueLoss();
      first = this.#queue[0];
    }
  }

  #queueLoss(): void {
    const loss = { level: 'warn', time: new Date().toISOString(), lines: this.#lost, msg: 'log lines lost' };
    const bytes = Buffer.from(`${JSON.stringify({ ...loss, reason: 'reader-too-slow' })}\n`);
    this.#lost = 0;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  /** Bytes taken; null where the reader takes none now, or never again. */
  #tryWrite(bytes: Buffer): number | null {
    try {
      return this.#write(bytes);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') {
        this.#retry ??= setTimeout(() => {
          this.#retry = null;
          this.flush();
        }, RETRY_MS).unref();
        return null;
      }
      this.#isBroken = true;
      this.#queue = [];
      this.#queuedBytes = 0;
      return null;
    }
  }
}

const STDOUT = 1;
