import { write, writeSync } from 'node:fs';

/** Most bytes kept for an output that does not take them; then lines are lost, and counted. */
export const LOG_QUEUE_BYTES_MAX = 1024 * 1024;
/** Lines are lost from the full queue on, until it is this short again: then it is told how many. */
const QUEUE_BYTES_AGAIN = LOG_QUEUE_BYTES_MAX / 2;
/** Most bytes given to the output at once. */
const WRITE_BYTES_MAX = 64 * 1024;
/** Wait before the next try while the reader does not read. */
const RETRY_MS = 50;
/** Longest wait before the next try while the output fails; it doubles up to this. */
export const RETRY_MAX_MS = 5_000;
/** A write that has been on its way for so long is on a disk that hangs: at the end of the process nothing is added. */
const STUCK_MS = 500;

/** A file descriptor to write to, as node:fs has them. `writeNow` is for the end of the process, and may throw. */
export interface LogSink {
  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | null, taken: number) => void): void;
  writeNow(bytes: Buffer): number;
}

export interface LogOutputOptions {
  readonly sink?: LogSink;
  /** How a line looks that has come as JSON; by default as it came. */
  readonly format?: (line: string) => string;
  /** Calls once after that time; by default a timer that does not keep the process. */
  readonly after?: (delayMs: number, run: () => void) => void;
}

/**
 * Why nothing is taken at the moment. `slow`: the reader does not read (EAGAIN). `failed`: a full disk, a dead mount, a
 * reader that is gone; which of them, and whether it gets well, only trying tells.
 */
type Trouble =
  | { readonly kind: 'none' }
  | { readonly kind: 'slow' }
  | { readonly kind: 'failed'; readonly code: string; readonly sinceMs: number; readonly retryMs: number };

const WELL: Trouble = { kind: 'none' };

/**
 * A log's way out of the process, as pino takes one. Whoever reads or keeps the log can neither stop, stall nor end us:
 * writing happens beside the event loop, and an output that takes nothing costs lines. Once it takes them again it is
 * said how many, and why. (pino's own output waits for the reader, and tries for ever at exit, where a broken pipe then
 * keeps the process alive.)
 */
export class LogOutput {
  readonly #sink: LogSink;
  readonly #format: (line: string) => string;
  readonly #after: (delayMs: number, run: () => void) => void;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #lost = 0;
  #trouble: Trouble = WELL;
  /** A write, or the wait for the next, is under way. */
  #isBusy = false;
  #writingSinceMs: number | null = null;

  constructor({ sink = STDOUT, format = (line) => line, after = unrefAfter }: LogOutputOptions = {}) {
    this.#sink = sink;
    this.#format = format;
    this.#after = after;
  }

  /** One line, with its line feed. */
  write(line: string): void {
    const bytes = Buffer.from(this.#format(line));
    // Once a line is lost so are those after it, until that is told at its place.
    if (this.#lost > 0 || this.#queuedBytes + bytes.length > LOG_QUEUE_BYTES_MAX) {
      this.#lost += 1;
      return;
    }
    this.#push(bytes);
    this.#next();
  }

  /** Writes what is left, as far as the output takes it without being waited for. For the end of the process. */
  flushNow(): void {
    if (this.#writingSinceMs !== null && performance.now() - this.#writingSinceMs > STUCK_MS) return;
    if (this.#lost > 0) this.#tellLoss();
    // What is on its way already is not in the queue any more.
    while (this.#queue.length > 0) {
      const bytes = this.#take();
      try {
        const taken = this.#sink.writeNow(bytes);
        if (taken < bytes.length) this.#putBack(bytes.subarray(taken));
      } catch {
        this.#putBack(bytes);
        return;
      }
    }
  }

  #next(): void {
    if (this.#isBusy || this.#queue.length === 0) return;
    this.#isBusy = true;
    this.#writingSinceMs = performance.now();
    const bytes = this.#take();
    this.#sink.write(bytes, (error, taken) => {
      this.#writingSinceMs = null;
      if (error !== null) {
        this.#putBack(bytes);
        this.#after(this.#failed(error.code ?? error.message), () => this.#go());
        return;
      }
      if (taken < bytes.length) this.#putBack(bytes.subarray(taken));
      if (taken === 0) {
        this.#after(this.#failed('EAGAIN'), () => this.#go());
        return;
      }
      this.#worked();
      this.#go();
    });
  }

  /** How long to wait before the next try, ms. */
  #failed(code: string): number {
    if (code === 'EAGAIN' || code === 'EINTR') {
      if (this.#trouble.kind === 'none') this.#trouble = { kind: 'slow' };
      return RETRY_MS;
    }
    const before = this.#trouble.kind === 'failed' ? this.#trouble : null;
    const retryMs = Math.min(RETRY_MAX_MS, (before?.retryMs ?? RETRY_MS) * 2);
    this.#trouble = { kind: 'failed', code, sinceMs: before?.sinceMs ?? performance.now(), retryMs };
    return retryMs;
  }

  #worked(): void {
    const trouble = this.#trouble;
    this.#trouble = WELL;
    if (trouble.kind !== 'failed') return;
    const failedMs = Math.round(performance.now() - trouble.sinceMs);
    this.#tell('log output recovered', { lines: this.#lost, reason: trouble.code, failedMs });
    this.#lost = 0;
  }

  #go(): void {
    this.#isBusy = false;
    if (this.#lost > 0 && this.#trouble.kind === 'none' && this.#queuedBytes <= QUEUE_BYTES_AGAIN)
      this.#tellLoss();
    this.#next();
  }

  #tellLoss(): void {
    const reason = this.#trouble.kind === 'failed' ? this.#trouble.code : 'reader-too-slow';
    this.#tell('log lines lost', { lines: this.#lost, reason });
    this.#lost = 0;
  }

  #tell(msg: string, fields: object): void {
    const line = { level: 'warn', time: new Date().toISOString(), ...fields, msg };
    this.#push(Buffer.from(this.#format(`${JSON.stringify(line)}\n`)));
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
}

function unrefAfter(delayMs: number, run: () => void): void {
  setTimeout(run, delayMs).unref();
}

const STDOUT_FD = 1;

const STDOUT: LogSink = {
  write: (bytes, done) => write(STDOUT_FD, bytes, done),
  writeNow: (bytes) => writeSync(STDOUT_FD, bytes),
};
