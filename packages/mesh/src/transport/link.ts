import { setMaxListeners } from 'node:events';
import type { Connection, Stream } from '@libp2p/interface';
import { abortConnection } from './abort-connection.js';
import { FrameReader, frame } from './frames.js';

/**
 * Bytes that may wait for a member that does not take them; beyond that its connection is closed. More than a window of
 * repair parts (16 x 48 KB), less than hurts with 30 members.
 */
export const QUEUE_BYTES_MAX = 4 * 1024 * 1024;

/** How long a close in good order may take, ms. */
const CLOSE_TIMEOUT_MS = 5_000;

export interface LinkEvents {
  message(link: Link, channel: number, message: Uint8Array): void;
  offence(link: Link, reason: string): void;
  /** Once. */
  closed(link: Link, reason: string): void;
}

/** One connection with a member and the one stream on it that carries our messages. They live and die together. */
export class Link {
  readonly connection: Connection;
  readonly isOutbound: boolean;
  readonly openedAt: number;
  /** When something last came in; 0: nothing yet. */
  heardAt = 0;
  readonly #stream: Stream;
  readonly #events: LinkEvents;
  readonly #reader = new FrameReader();
  readonly #now: () => number;
  #isClosed = false;
  /** What was sent last is still on its way out: to abort the connection would reset it, and the other side lose that. */
  #isClosing = false;
  #reason: string | null = null;
  #onGone: () => void = () => {};

  constructor(
    connection: Connection,
    stream: Stream,
    isOutbound: boolean,
    now: () => number,
    events: LinkEvents,
  ) {
    this.connection = connection;
    this.isOutbound = isOutbound;
    this.openedAt = now();
    this.#stream = stream;
    this.#events = events;
    this.#now = now;
    stream.maxWriteBufferLength = QUEUE_BYTES_MAX;
  }

  /** Starts reading; may call `events` at once. */
  open(): void {
    this.#stream.addEventListener('message', (event) => this.#read(event.data.subarray()));
    this.#stream.addEventListener('remoteCloseWrite', () => void this.close('closed-by-peer'));
    this.#stream.addEventListener('close', (event) => this.#gone(event.error?.message ?? 'stream-closed'));
    this.connection.addEventListener('close', (event) =>
      this.#gone(event.error?.message ?? 'connection-closed'),
    );
    if (this.connection.status !== 'open') this.#gone('connection-closed');
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** Nothing more is sent on it, though something may come yet. */
  get isClosing(): boolean {
    return this.#isClosing || this.#isClosed;
  }

  send(channel: number, message: Uint8Array): void {
    if (this.isClosing) return;
    try {
      this.#stream.send(frame(channel, message));
    } catch (error) {
      this.abort(error instanceof Error ? error.message : 'send-failed');
    }
  }

  /**
   * Sends nothing more, and reads on until the other side has ended its part as well: what that one sent before it knew is
   * not lost. Then closes in good order.
   */
  async retire(reason: string): Promise<void> {
    if (this.isClosing) return;
    this.#reason ??= reason;
    this.#isClosing = true;
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve;
    });
    const timer = setTimeout(this.#onGone, CLOSE_TIMEOUT_MS).unref();
    this.#stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) }).catch(this.#onGone);
    await gone;
    clearTimeout(timer);
    await this.close(reason);
  }

  /** Closes in good order: what is queued goes out first. Resolves when it is closed, by force where that takes too long. */
  async close(reason: string, timeoutMs = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#reason ??= reason;
    this.#isClosing = true;
    const signal = AbortSignal.timeout(timeoutMs);
    // Each stream on the connection listens to it: node warns of more than ten.
    setMaxListeners(0, signal);
    try {
      await this.connection.close({ signal });
    } catch {
      abortConnection(this.connection, reason);
    }
  }

  /** Closes at once. */
  abort(reason: string): void {
    this.#reason ??= reason;
    this.#isClosing = false;
    this.#gone(reason);
  }

  #read(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    this.heardAt = this.#now();
    const isSound = this.#reader.push(chunk, (channel, message) => {
      if (!this.#isClosed) this.#events.message(this, channel, message);
    });
    if (isSound) return;
    this.#events.offence(this, 'frame too long');
    this.abort('frame too long');
  }

  #gone(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onGone();
    if (!this.#isClosing && this.connection.status !== 'closed') abortConnection(this.connection, reason);
    this.#events.closed(this, this.#reason ?? reason);
  }
}
