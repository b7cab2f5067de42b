import type { Writable } from 'node:stream';
import {
  PIECE_BYTES_MAX,
  PIECE_BYTES_MIN,
  type PlayerQueue,
  type QueueCarrier,
} from '../stream/player-queue.js';

/** How long a peer that is being closed may take nothing of what is left for it. */
const CLOSING_MS = 3000;

/** Where a piece takes no longer than this, one of twice as much shows progress soon enough. */
const SOON_MS = 50;

const NOTHING = Buffer.alloc(0);

/**
 * Gives a socket what waits for it, a piece at a time: the next one when the kernel took the one before, so that what
 * has not gone out can still be dropped. Own messages, such as RTMP's answers, go between two items of media, before
 * those that wait.
 */
export class SocketWriter implements QueueCarrier {
  readonly #stream: Writable;
  /** TLS: what the kernel took at once is told a moment later as well. */
  readonly #isToldLater: boolean;
  readonly #onFault: (error: unknown) => void;
  readonly #nowMs: () => number;
  #queues: PlayerQueue[] = [];
  #messages: Buffer[] = [];
  /** Whose piece went out last; its item may be half out. Null for messages. */
  #current: PlayerQueue | null = null;
  #handedBytes = 0;
  #sentBytes = 0;
  /** The kernel had no room lately. */
  #isSlow = false;
  /** Most bytes of a piece: few once the kernel had no room, and more again where they are soon through. */
  #pieceBytesMax = PIECE_BYTES_MAX;
  /** When what is awaited was written, by the monotonic clock. */
  #waitsSinceMs = 0;
  #onDrained: (() => void) | null = null;

  /**
   * `onFault` hears what a queue threw while it was asked for more; by default the stream is closed. `nowMs`: the monotonic
   * clock.
   */
  constructor(
    stream: Writable,
    onFault: (error: unknown) => void = () => stream.destroy(),
    nowMs: () => number = () => performance.now(),
  ) {
    this.#stream = stream;
    this.#isToldLater = 'encrypted' in stream && stream.encrypted === true;
    this.#onFault = onFault;
    this.#nowMs = nowMs;
  }

  /** All that the kernel took since the start. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Whether messages wait which the kernel has not taken. */
  get hasMessages(): boolean {
    return this.#messages.length > 0 || (this.#handedBytes > 0 && this.#current === null);
  }

  /** Whole messages, to go out as soon as no item is half out. */
  send(...messages: readonly Buffer[]): void {
    this.#messages.push(...messages);
    this.#pump();
  }

  /** Sends what comes into this queue, until it is closed and empty. */
  carry(queue: PlayerQueue): void {
    this.#queues.push(queue);
    queue.carrier = this;
    this.#pump();
  }

  filled(): void {
    this.#pump();
  }

  carryAtOnce(queue: PlayerQueue, bytes: Buffer): boolean {
    if (this.#handedBytes > 0 || this.#messages.length > 0 || !this.#stream.writable) return false;
    if (this.#current !== queue && this.#current?.isMidItem) return false;
    this.#current = queue;
    this.#write([bytes]);
    return true;
  }

  /**
   * Calls back once everything is with the kernel: queues take nothing more from now on. Where the peer takes nothing for
   * some seconds, or is gone, `onStuck` is called instead.
   */
  finish(onDrained: () => void, onStuck: () => void): void {
    for (const queue of this.#queues) queue.close();
    this.#onDrained = onDrained;
    this.#pump();
    if (this.#onDrained === null) return;
    let sentBytes = this.#sentBytes;
    const timer = setInterval(() => {
      if (this.#stream.writable && this.#sentBytes !== sentBytes) {
        sentBytes = this.#sentBytes;
        return;
      }
      clearInterval(timer);
      this.#onDrained = null;
      onStuck();
    }, CLOSING_MS);
    this.#stream.once('close', () => clearInterval(timer));
    this.#onDrained = () => {
      clearInterval(timer);
      onDrained();
    };
  }

  #pump(): void {
    if (this.#handedBytes > 0 || !this.#stream.writable) return;
    for (let piece = this.#next(); piece !== null; piece = this.#next()) {
      this.#write(piece);
      if (this.#handedBytes > 0) return;
    }
    this.#isSlow = false;
    this.#pieceBytesMax = PIECE_BYTES_MAX;
    if (this.#onDrained === null) return;
    const onDrained = this.#onDrained;
    this.#onDrained = null;
    onDrained();
  }

  /** What goes out next; of several queues each in its turn. */
  #next(): readonly Buffer[] | null {
    const bytesMax = this.#pieceBytesMax;
    if (this.#current?.isMidItem) return this.#current.take(bytesMax);
    if (this.#messages.length > 0) {
      const messages = this.#messages;
      this.#messages = [];
      this.#current = null;
      return messages;
    }
    const at = this.#queues.findIndex((queue) => !queue.isEmpty);
    const queue = this.#queues[at];
    if (queue === undefined) return null;
    if (this.#queues.length > 1) {
      this.#queues.push(...this.#queues.splice(at, 1));
      this.#queues = this.#queues.filter((each) => !each.isOver);
    }
    this.#current = queue;
    return queue.take(bytesMax);
  }

  #write(piece: readonly Buffer[]): void {
    const stream = this.#stream;
    const isMany = piece.length > 1;
    const heard = this.#isToldLater ? piece.length - 1 : -1;
    if (isMany) stream.cork();
    for (let at = 0; at < piece.length; at += 1) {
      const bytes = piece[at] ?? NOTHING;
      this.#handedBytes += bytes.length;
      if (at === heard) this.#writeAndHear(bytes);
      else stream.write(bytes);
    }
    if (isMany) stream.uncork();
    if (heard < 0) this.#settle();
  }

  #settle(): void {
    if (this.#stream.writableLength === 0) {
      this.#taken();
    } else {
      if (!this.#isSlow) this.#pieceBytesMax = PIECE_BYTES_MIN;
      this.#isSlow = true;
      // With each write it would cost a twentieth of that.
      this.#writeAndHear(NOTHING);
    }
  }

  /** `onWritten` is called when all up to this is through. */
  #writeAndHear(bytes: Buffer): void {
    this.#waitsSinceMs = this.#nowMs();
    this.#stream.write(bytes, this.#onWritten);
  }

  readonly #onWritten = (error?: Error | null): void => {
    // `close` follows an error, and nothing of the queues matters any more.
    if (error) return;
    try {
      const isSoon = this.#nowMs() - this.#waitsSinceMs <= SOON_MS;
      this.#pieceBytesMax = isSoon ? Math.min(PIECE_BYTES_MAX, this.#pieceBytesMax * 2) : PIECE_BYTES_MIN;
      this.#taken();
      this.#pump();
    } catch (fault) {
      this.#onFault(fault);
    }
  };

  #taken(): void {
    this.#sentBytes += this.#handedBytes;
    this.#handedBytes = 0;
    this.#current?.taken();
  }
}
