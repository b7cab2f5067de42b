import { write, writeSync } from 'node:fs';

/** Most bytes kept for a reader that does not read; then lines are lost, and counted. */
export const LOG_QUEUE_BYTES_MAX = 1024 * 1024;
/** Most bytes given to the reader at once. */
const WRITE_BYTES_MAX = 64 * 1024;
/** Wait before the next try while the reader does not read. */
const RETRY_MS = 50;

/** A file descriptor to write to, as node:fs has them. `now` is for the end of the process, and may throw. */
export interface LogSink {
  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | null, taken: number) => void): void;
  writeNow(bytes: Buffer): number;
}

/**
 * A log's way out of the process, as pino takes one. Whoever reads the log can neither stop, stall nor end us: writing
 * happens beside the event loop, a reader that does not read costs lines, one that is gone silences the log. (pino's
 * own output waits for the reader, and tries for ever at exit, where a broken pipe then keeps the process alive.)
 */
export class LogOutput {
  readonly #sink: LogSink;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #lost = 0;
  #isWriting = false;
  #isBroken = false;

  constructor(sink: LogSink = STDOUT) {
    this.#sink = sink;
  }

  /** One line, with its line feed. */
  write(line: string): void {
    if (this.#isBroken) return;
    const bytes = Buffer.from(line);
    if (this.#queuedBytes + bytes.length > LOG_QUEUE_BYTES_MAX) {
      this.#lost += 1;
      return;
    }
    this.#push(bytes);
    this.#next();
  }

  /** Writes what is left, as far as the reader takes it without being waited for. For the end of the process. */
  flushNow(): void {
    // What is on its way already is not in the queue any more.
    while (!this.#isBroken && this.#queue.length > 0) {
      const bytes = this.#take();
      try {
        const taken = this.#sink.writeNow(bytes);
        if (taken < bytes.length) this.#putBack(bytes.subarray(taken));
      } catch {
        this.#break();
      }
    }
  }

  #next(): void {
    if (this.#isWriting || this.#isBroken || this.#queue.length === 0) return;
    this.#isWriting = true;
    const bytes = this.#take();
    this.#sink.write(bytes, (error, taken) => {
      if (error?.code === 'EAGAIN') {
        this.#putBack(bytes);
        setTimeout(() => this.#go(), RETRY_MS).unref();
      } else if (error !== null) {
        this.#break();
      } else {
        if (taken < bytes.length) this.#putBack(bytes.subarray(taken));
        this.#go();
      }
    });
  }

  #go(): void {
    this.#isWriting = false;
    if (this.#queue.length === 0 && this.#lost > 0) this.#tellLoss();
    this.#next();
  }

  #tellLoss(): void {
    const loss = { level: 'warn', time: new Date().toISOString(), lines: this.#lost, msg: 'log lines lost' };
    this.#lost = 0;
    this.#push(Buffer.from(`${JSON.stringify({ ...loss, reason: 'reader-too-slow' })}\n`));
  }

  #push(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #putBack(bytes: Buffer): void {
    this.#queue.unshift(bytes);
    this.#queuedBytes += bytes.length;
  }

  /** The first lines, as many as one write takes; at least one. */
  #take(): Buffer {
    let count = 0;
    let size = 0;
    for (const line of this.#queue) {
      if (count > 0 && size + line.length > WRITE_BYTES_MAX) break;
      count += 1;
      size += line.length;
    }
    this.#queuedBytes -= size;
    return Buffer.concat(this.#queue.splice(0, count), size);
  }

  #break(): void {
    this.#isBroken = true;
    this.#queue = [];
    this.#queuedBytes = 0;
  }
}

const STDOUT_FD = 1;

const STDOUT: LogSink = {
  write: (bytes, done) => write(STDOUT_FD, bytes, done),
  writeNow: (bytes) => writeSync(STDOUT_FD, bytes),
};
