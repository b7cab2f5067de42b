import type { Readable, Writable } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

const HEAD_BYTES = 4;
/** The other end is this very program; whatever is longer was misread. */
const FRAME_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Messages between main and one of its workers, in order, over pipes of their own. Each frame is its length (4 bytes, little
 * endian) and an array of messages in V8's serialisation. Those that are posted within one turn of the event loop go as one
 * frame. The pipe that Node itself opens is left to connections that are handed over: a message on it waits for each of them.
 *
 * Each way has a pipe to itself: a write to somebody who has ended fails, which must not take along what was not read yet,
 * such as why it ended.
 */
export class Wire<Out, In> {
  readonly #output: Writable;
  #posted: Out[] = [];
  #isFlushDue = false;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Bytes of the frame that comes next, its head included; null while that is not known. */
  #wanted: number | null = null;

  /** `onFault`: what was read is not ours, or a pipe failed. */
  constructor(
    input: Readable,
    output: Writable,
    onMessage: (message: In) => void,
    onFault: (error: Error) => void,
  ) {
    this.#output = output;
    input.on('data', (bytes: Buffer) => {
      try {
        this.#take(bytes, onMessage);
      } catch (error) {
        input.destroy();
        output.destroy();
        onFault(error instanceof Error ? error : new Error(String(error)));
      }
    });
    input.on('error', onFault);
    output.on('error', onFault);
  }

  /** What was sent and not taken yet. */
  get backlogBytes(): number {
    return this.#output.writableLength;
  }

  /** Goes out at the end of this turn. */
  post(message: Out): void {
    this.#posted.push(message);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => this.flush());
  }

  /** Sends what was posted now. */
  flush(): void {
    this.#isFlushDue = false;
    if (this.#posted.length === 0) return;
    const posted = this.#posted;
    this.#posted = [];
    this.#write(encode(posted));
  }

  /** Sends a frame that was made by `encode`, after all that was posted before. */
  send(frame: Buffer): void {
    this.flush();
    this.#write(frame);
  }

  /** Resolves when all of it was taken by the system, or the pipe is gone. */
  drained(): Promise<void> {
    this.flush();
    return new Promise((resolve) => {
      if (this.#output.destroyed) resolve();
      else this.#output.write('', () => resolve());
    });
  }

  #write(frame: Buffer): void {
    if (!this.#output.destroyed && this.#output.writable) this.#output.write(frame);
  }

  #take(bytes: Buffer, onMessage: (message: In) => void): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    for (;;) {
      if (this.#wanted === null) {
        if (this.#bytes < HEAD_BYTES) return;
        const length = this.#joined().readUInt32LE(0);
        if (length > FRAME_BYTES_MAX) throw new Error(`a frame of ${length} bytes on the pipe to a worker`);
        this.#wanted = HEAD_BYTES + length;
      }
      if (this.#bytes < this.#wanted) return;
      const all = this.#joined();
      const frame = all.subarray(HEAD_BYTES, this.#wanted);
      const rest = all.subarray(this.#wanted);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#bytes = rest.length;
      this.#wanted = null;
      for (const message of deserialize(frame) as In[]) onMessage(message);
    }
  }

  #joined(): Buffer {
    const [first] = this.#parts;
    const all =
      this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [all];
    return all;
  }
}

/** One frame of these messages, to be sent to any number of workers. */
export function encode(messages: readonly unknown[]): Buffer {
  const body = serialize(messages);
  const frame = Buffer.allocUnsafe(HEAD_BYTES + body.length);
  frame.writeUInt32LE(body.length, 0);
  body.copy(frame, HEAD_BYTES);
  return frame;
}
