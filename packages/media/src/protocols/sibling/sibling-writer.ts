import type { Writable } from 'node:stream';
import { PIECE_BYTES_MAX } from '../../stream/player-queue.js';
import {
  joinSiblingMessages,
  type SiblingMessage,
  siblingBytes,
  siblingHeader,
} from '../../wire/sibling-message.js';
import { ownCopy } from '../../wire/slabs.js';

export interface SiblingWriterLimits {
  /** Live media of one pull that may wait, bytes. */
  readonly pullBytesMax: number;
  /** Of all pulls. */
  readonly linkBytesMax: number;
}

export interface SiblingWriterEvents {
  /** More waits than may, of this pull or of all: this one is to be ended. */
  pullIsBehind(pull: number): void;
  /** The sibling asks, and reads no answers. */
  answersAreUnread(): void;
  fault(error: unknown): void;
}

/**
 * The least time between two writes, in which media of all pulls is gathered, ms. A write and a read cost some ten times as
 * much as a frame, and a worker with hundreds of streams has a frame for a sibling all the time; the first one after a pause
 * goes at once.
 */
const GATHER_MS = 5;
/** Answers that may wait where media fills the rest. */
const ANSWER_BYTES_MAX = 1_048_576;
/** A body from here on is not copied for that. */
const LARGE_BODY_BYTES = 32_768;

interface Waiting {
  readonly message: SiblingMessage;
  /** Counts against the limits. */
  readonly isLive: boolean;
}

/**
 * Writes the messages of all pulls of one sibling to its socket, as they come. Bounded: of each pull and of all together
 * so much waits and no more. Nothing of a pull is left out: who is behind is told of, to be ended.
 */
export class SiblingWriter {
  readonly #stream: Writable;
  readonly #limits: SiblingWriterLimits;
  readonly #events: SiblingWriterEvents;
  #waiting: Waiting[] = [];
  readonly #liveBytes = new Map<number, number>();
  #allLiveBytes = 0;
  /** Since when the kernel has no room, monotonic, ms; null: it has. */
  #blockedSinceMs: number | null = null;
  /** A write is on its way. */
  #isDue = false;
  #timer: NodeJS.Timeout | null = null;
  #wroteAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(stream: Writable, limits: SiblingWriterLimits, events: SiblingWriterEvents) {
    this.#stream = stream;
    this.#limits = limits;
    this.#events = events;
  }

  /** A frame of the past that a pull asked for: it counts against no limit. */
  addPast(message: SiblingMessage): void {
    if (this.#isClosed) return;
    this.#waiting.push({ message, isLive: false });
    this.#pumpSoon();
  }

  addLive(message: SiblingMessage): void {
    if (this.#isClosed) return;
    // It may wait for long, beside what others have let go.
    const isBlocked = this.#blockedSinceMs !== null;
    const liveBytes = this.#add(isBlocked ? { ...message, body: ownCopy(message.body) } : message);
    // One pull at a time: if all began anew at once, with their past, that would be more to take and not less.
    const isBehind = liveBytes > this.#limits.pullBytesMax || this.#allLiveBytes > this.#limits.linkBytesMax;
    if (isBehind) this.#events.pullIsBehind(message.pull);
    else this.#pumpSoon();
  }

  addAnswer(message: SiblingMessage): void {
    if (this.#isClosed) return;
    this.#add(message);
    if (this.#allLiveBytes > this.#limits.linkBytesMax + ANSWER_BYTES_MAX) this.#events.answersAreUnread();
    else this.#pumpSoon();
  }

  /** Returns how much of its pull waits. */
  #add(message: SiblingMessage): number {
    const { pull } = message;
    const bytes = siblingBytes(message);
    const liveBytes = (this.#liveBytes.get(pull) ?? 0) + bytes;
    this.#waiting.push({ message, isLive: true });
    this.#liveBytes.set(pull, liveBytes);
    this.#allLiveBytes += bytes;
    return liveBytes;
  }

  /** Gathers no longer: somebody waits for what was added. */
  flush(): void {
    this.#pump();
  }

  /** Nothing more of this pull is to go out. */
  forget(pull: number): void {
    this.#allLiveBytes -= this.#liveBytes.get(pull) ?? 0;
    this.#liveBytes.delete(pull);
    this.#waiting = this.#waiting.filter(({ message }) => message.pull !== pull);
  }

  /** The sibling has taken nothing for this long, though something waits. `nowMs` by the monotonic clock. */
  isStuck(nowMs: number, stuckMs: number): boolean {
    return this.#blockedSinceMs !== null && nowMs - this.#blockedSinceMs >= stuckMs;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = [];
    this.#liveBytes.clear();
    this.#allLiveBytes = 0;
  }

  #pumpSoon(): void {
    if (this.#isClosed || this.#isDue || this.#blockedSinceMs !== null) return;
    this.#isDue = true;
    const waitMs = this.#wroteAtMs + GATHER_MS - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(this.#due, waitMs);
    // The rest of what was read with this frame still comes.
    else setImmediate(this.#due);
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#blockedSinceMs === null && !this.#isClosed) {
      this.#write(this.#take());
      if (this.#stream.writableLength === 0) continue;
      // A connection that is not made yet, or a sibling that is behind.
      this.#blockedSinceMs = performance.now();
      this.#stream.write(NOTHING, (error) => {
        if (error) return;
        this.#blockedSinceMs = null;
        this.#guard(() => this.#pump());
      });
    }
  }

  /** The next messages, about as many as one write is to have. */
  #take(): SiblingMessage[] {
    const piece: SiblingMessage[] = [];
    let bytes = 0;
    for (const { message, isLive } of this.#waiting) {
      const more = siblingBytes(message);
      if (piece.length > 0 && bytes + more > PIECE_BYTES_MAX) break;
      piece.push(message);
      bytes += more;
      if (isLive) this.#count(message.pull, more);
    }
    if (piece.length === this.#waiting.length) this.#waiting = [];
    else this.#waiting.splice(0, piece.length);
    return piece;
  }

  #count(pull: number, bytes: number): void {
    this.#allLiveBytes -= bytes;
    const left = (this.#liveBytes.get(pull) ?? 0) - bytes;
    if (left > 0) this.#liveBytes.set(pull, left);
    else this.#liveBytes.delete(pull);
  }

  #write(piece: readonly SiblingMessage[]): void {
    this.#wroteAtMs = performance.now();
    const [only] = piece;
    if (piece.length > 1 || only === undefined || only.body.length < LARGE_BODY_BYTES) {
      this.#stream.write(joinSiblingMessages(piece));
      return;
    }
    this.#stream.cork();
    this.#stream.write(siblingHeader(only));
    this.#stream.write(only.body);
    this.#stream.uncork();
  }

  readonly #due = (): void => {
    this.#isDue = false;
    this.#timer = null;
    this.#guard(() => this.#pump());
  };

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#events.fault(error);
    }
  }
}

const NOTHING = Buffer.alloc(0);
