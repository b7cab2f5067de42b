import type { Frame } from '../wire/frame.js';
import type { KeptLog } from './kept-log.js';

/** The message stream that media goes out on unless a player names another one: the first that `createStream` makes. */
export const MEDIA_STREAM_ID = 1;

/** A frame on a stream's own timeline, as long as it is on its way. */
export class MediaPacket implements Frame {
  readonly kind: Frame['kind'];
  readonly timestampMs: number;
  readonly payload: Buffer;
  readonly isHeader: boolean;
  readonly isKeyframe: boolean;
  #log: KeptLog | null = null;
  #number = 0;

  /** `timestampMs` replaces the frame's own: it is on the stream's timeline, 32 bits unsigned. */
  constructor(frame: Frame, timestampMs: number) {
    this.kind = frame.kind;
    this.timestampMs = timestampMs;
    this.payload = frame.payload;
    this.isHeader = frame.isHeader;
    this.isKeyframe = frame.isKeyframe;
    if (!(frame instanceof MediaPacket || frame instanceof KeptPacket)) return;
    this.#log = frame.log;
    this.#number = frame.number;
  }

  /** Where the same payload was kept last, by whoever, who may have let it go; null: nowhere yet. */
  get log(): KeptLog | null {
    return this.#log;
  }

  /** The number that it has there. */
  get number(): number {
    return this.#number;
  }

  keptIn(log: KeptLog, number: number): void {
    this.#log = log;
    this.#number = number;
  }
}

/** A look at a packet that somebody keeps. */
export class KeptPacket implements Frame {
  readonly kind: Frame['kind'];
  readonly timestampMs: number;
  readonly isHeader: boolean;
  readonly isKeyframe: boolean;
  /** Where its payload is kept, and the number that it has there. */
  readonly log: KeptLog;
  readonly number: number;

  constructor(
    { kind, isHeader, isKeyframe }: Omit<Frame, 'payload'>,
    timestampMs: number,
    log: KeptLog,
    number: number,
  ) {
    this.kind = kind;
    this.timestampMs = timestampMs;
    this.isHeader = isHeader;
    this.isKeyframe = isKeyframe;
    this.log = log;
    this.number = number;
  }

  /** The same on another line of time. */
  at(timestampMs: number): KeptPacket {
    return new KeptPacket(this, timestampMs, this.log, this.number);
  }

  /** A copy, made with each call. Throws where nobody keeps it any more. */
  get payload(): Buffer {
    return this.log.copy(this.number);
  }
}

/** Packets that are kept, by what they are looks at. */
export class KeptSet {
  readonly #numbers = new Map<KeptLog, Set<number>>();

  constructor(packets: Iterable<KeptPacket>) {
    for (const { log, number } of packets) {
      const numbers = this.#numbers.get(log) ?? new Set();
      this.#numbers.set(log, numbers.add(number));
    }
  }

  has({ log, number }: KeptPacket): boolean {
    return this.#numbers.get(log)?.has(number) === true;
  }
}

/** The very packet where it is on this line of time already. */
export function packetAt(frame: Frame, timestampMs: number): MediaPacket {
  const isThere = frame instanceof MediaPacket && frame.timestampMs === timestampMs;
  return isThere ? frame : new MediaPacket(frame, timestampMs);
}

/** Whether both have the same payload; of what is kept without a copy. */
export function hasSamePayload(one: Frame, other: Frame): boolean {
  return one instanceof KeptPacket && other instanceof KeptPacket
    ? one.log.equals(one.number, other.log, other.number)
    : one.payload.equals(other.payload);
}
