import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame } from '../../wire/frame.js';
import { RtmpClientError } from './rtmp-client-error.js';
import { RtmpClientSession } from './rtmp-client-session.js';
import { parseRtmpUrl } from './rtmp-target.js';

export interface RtmpPublisherOptions {
  /** What the server is told of us. */
  readonly agent?: string;
  /** From now to the server's answer to publish. */
  readonly connectMs?: number;
  /** Bytes on their way to the server above which sending waits. */
  readonly queueBytesMax?: number;
  /** How long a server with a full queue may take nothing before we give up. */
  readonly stuckMs?: number;
}

const DEFAULTS = {
  agent: 'FMLE/3.0 (compatible; headwater)',
  connectMs: 5000,
  queueBytesMax: 1_048_576,
  stuckMs: 10_000,
} as const;
/** What a server may send to a publisher: answers, no media. */
const LIMITS = { messageBytesMax: 1_048_576, chunkStreamsMax: 64 } as const;
/** Frames due within this time go out together: timers are no finer. */
const PACE_STEP_MS = 2;

/** Publishes one stream to an RTMP server. Reconnecting is the caller's affair: `ended` tells when, and why. */
export class RtmpPublisher {
  /** Resolves, never rejects, once the connection has ended, with code `closed` where by `close`. */
  readonly ended: Promise<RtmpClientError>;
  readonly #session: RtmpClientSession;
  readonly #queueBytesMax: number;
  readonly #stuckMs: number;
  #error: RtmpClientError | null = null;

  private constructor(url: string, options: RtmpPublisherOptions) {
    const { agent, connectMs, queueBytesMax, stuckMs } = { ...DEFAULTS, ...options };
    this.#queueBytesMax = queueBytesMax;
    this.#stuckMs = stuckMs;
    let end: (error: RtmpClientError) => void = () => {};
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.#session = new RtmpClientSession(
      { target: parseRtmpUrl(url), agent, deadlineMs: connectMs, limits: LIMITS },
      {
        closed: (error) => {
          this.#error = error;
          end(error);
        },
      },
    );
  }

  /**
   * Connects and publishes; resolves once the server said `NetStream.Publish.Start`. Rejects with `RtmpClientError`
   * (the server's own words where it refused), and with `TypeError` for a bad URL.
   */
  static async open(url: string, options: RtmpPublisherOptions = {}): Promise<RtmpPublisher> {
    const publisher = new RtmpPublisher(url, options);
    await publisher.#session.publish();
    return publisher;
  }

  get isEnded(): boolean {
    return this.#error !== null;
  }

  /** Sends a frame now. False where the server is behind: go on after `drained`. Does nothing once ended. */
  send(frame: Frame): boolean {
    this.#session.push(frame);
    return this.#session.queuedBytes <= this.#queueBytesMax;
  }

  /** Resolves when the server has taken everything. Rejects with `RtmpClientError` where the connection ended. */
  async drained(): Promise<void> {
    while (this.#error === null && this.#session.queuedBytes > 0) {
      const stuck = setTimeout(() => {
        this.#session.abort(new RtmpClientError('stuck', `the server took nothing for ${this.#stuckMs} ms`));
      }, this.#stuckMs);
      await this.#session.flushed();
      clearTimeout(stuck);
    }
    if (this.#error !== null) throw this.#error;
  }

  /**
   * Sends frames when they are due by their timestamps, the first at once. Resolves at their end or when aborted;
   * rejects with `RtmpClientError` where the connection ended.
   */
  async pace(frames: Iterable<Frame>, signal?: AbortSignal): Promise<void> {
    const startMs = performance.now();
    let dueMs = 0;
    let before: number | null = null;
    for (const frame of frames) {
      // Wraps with the 32-bit clock; a track a little behind the other is due at once.
      dueMs += before === null ? 0 : (frame.timestampMs - before) | 0;
      before = frame.timestampMs;
      const waitMs = startMs + dueMs - performance.now();
      if (waitMs > PACE_STEP_MS) await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal?.aborted) return;
      if (this.#error !== null) throw this.#error;
      if (!this.send(frame)) await this.drained();
    }
  }

  /** Unpublishes and closes. Never rejects; may be called twice. */
  async close(): Promise<void> {
    this.#session.close();
    await this.ended;
  }
}
