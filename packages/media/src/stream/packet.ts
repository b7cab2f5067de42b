import type { Frame } from '../wire/frame.js';

/** The message stream that media goes out on unless a player names another one: the first that `createStream` makes. */
export const MEDIA_STREAM_ID = 1;

/** Packets that went out together, as far as one of them has to know. */
export interface SentTogether {
  readonly packets: readonly MediaPacket[];
}

/** A frame on a stream's own timeline. */
export class MediaPacket implements Frame {
  readonly kind: Frame['kind'];
  readonly timestampMs: number;
  /** Always the same bytes, though not always in the same memory. */
  payload: Buffer;
  readonly isHeader: boolean;
  readonly isKeyframe: boolean;
  /** The same frame on another line of time, whose bytes these are. */
  readonly #twin: MediaPacket | null;
  #isInWire = false;
  /** The batch that it went out in last, so that a replay sends the very same bytes again. */
  batch: SentTogether | null = null;

  /** `timestampMs` replaces the frame's own: it is on the stream's timeline, 32 bits unsigned. */
  constructor(frame: Frame, timestampMs: number) {
    this.kind = frame.kind;
    this.timestampMs = timestampMs;
    this.payload = frame.payload;
    this.isHeader = frame.isHeader;
    this.isKeyframe = frame.isKeyframe;
    this.#twin = frame instanceof MediaPacket ? frame : null;
  }

  /** Its bytes lie in a form that players are sent, and nowhere else. */
  get isInWire(): boolean {
    return this.#isInWire;
  }

  /** The same bytes lie in a form that players are sent: where they lay before is let go, so that nobody holds both. */
  moveIntoWire(bytes: Buffer): void {
    this.payload = bytes;
    this.#isInWire = true;
    this.#twin?.moveIntoWire(bytes);
  }

  /** It is kept no longer. Its batch is let go, which is not whole any more, so that those that stay do not keep this one by it. */
  leaveBatch(): void {
    const { batch } = this;
    if (batch === null) return;
    for (const packet of batch.packets) if (packet.batch === batch) packet.batch = null;
  }
}

/** The very packet where it is on this line of time already, so that all share its bytes. */
export function packetAt(frame: Frame, timestampMs: number): MediaPacket {
  const isThere = frame instanceof MediaPacket && frame.timestampMs === timestampMs;
  return isThere ? frame : new MediaPacket(frame, timestampMs);
}
