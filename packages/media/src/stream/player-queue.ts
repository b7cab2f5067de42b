import { WS_FRAME_BYTES } from '../wire/flv/ws-frame.js';

/** Most bytes that are given to a socket at once, as long as it takes them at once. */
export const PIECE_BYTES_MAX = 262_144;
/**
 * Likewise once the kernel had no room: progress is seen only when a whole piece is through, so a player of a slow
 * stream gets smaller ones. Large items are cut at multiples of it, which are WebSocket frames in that format: `ws` may write a
 * control frame of its own between two pieces.
 */
export const PIECE_BYTES_MIN = WS_FRAME_BYTES;

/** What waits in a queue: whole messages or tags, the same bytes for all players that get them. */
export interface QueueItem {
  /** Shared and never changed. */
  readonly bytes: Buffer;
  /** Pictures, sounds and data among them; headers are none. */
  readonly frames: number;
  /** When they were sent to all players, by the monotonic clock, ms. */
  readonly atMs: number;
  /** What has to come before, where a player starts at these bytes; null where none can. */
  readonly headers: QueueItem | null;
}

/** Who owns the socket of a queue. */
export interface QueueCarrier {
  /** Something waits in the queue. */
  filled(): void;
  /**
   * Gives the socket these bytes of a queue that is empty otherwise, and tells it by `taken` when they are through. False,
   * and nothing is done, where something else is on its way.
   */
  carryAtOnce(queue: PlayerQueue, bytes: Buffer): boolean;
}

/**
 * The way to one player: references to shared bytes, in order. Whoever owns the socket takes a piece, gives it to the
 * kernel, and takes the next when that one is through. An item of which a part was taken is always finished, so that
 * no message ends halfway; all others may still be dropped.
 */
export class PlayerQueue {
  /** Null while nobody has the queue: what is added waits. */
  carrier: QueueCarrier | null = null;
  #items: QueueItem[] = [];
  /** How much of the first item is taken. */
  #headTaken = 0;
  #waitingBytes = 0;
  #handedBytes = 0;
  #handedAtMs = 0;
  #sentBytes = 0;
  #isClosed = false;

  /** All that the kernel took since the start. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#waitingBytes + this.#handedBytes;
  }

  /** Nothing waits to be handed out. */
  get isEmpty(): boolean {
    return this.#waitingBytes === 0;
  }

  /** A part of an item is taken: nothing else may go out before its rest. */
  get isMidItem(): boolean {
    return this.#headTaken > 0;
  }

  /** Takes nothing more, and all that it had is through. */
  get isOver(): boolean {
    return this.#isClosed && this.queuedBytes === 0;
  }

  /** How long ago that was sent which the kernel is to take next; 0 where nothing waits. */
  ageMs(nowMs: number): number {
    const atMs = this.#handedBytes > 0 ? this.#handedAtMs : this.#items[0]?.atMs;
    return nowMs - (atMs ?? nowMs);
  }

  /** Adds to the end and sends. A player that keeps up gets all that it gets by this. */
  push(item: QueueItem): void {
    const { bytes, atMs } = item;
    if (
      this.queuedBytes === 0 &&
      !this.#isClosed &&
      bytes.length <= PIECE_BYTES_MAX &&
      this.carrier !== null
    ) {
      if (bytes.length === 0) return;
      this.#handedBytes = bytes.length;
      this.#handedAtMs = atMs;
      if (this.carrier.carryAtOnce(this, bytes)) return;
      this.#handedBytes = 0;
    }
    this.add(item);
    this.send();
  }

  /** Adds to the end; nothing goes out before `send`. */
  add(item: QueueItem): void {
    if (this.#isClosed || item.bytes.length === 0) return;
    this.#items.push(item);
    this.#waitingBytes += item.bytes.length;
  }

  /** Lets go out what was added. */
  send(): void {
    if (this.#waitingBytes > 0) this.carrier?.filled();
  }

  /**
   * The next piece: whole items, or one part of a large one. Empty where nothing waits. Only one piece is out at a
   * time: `taken` says that it is through.
   */
  take(bytesMax: number): Buffer[] {
    const piece: Buffer[] = [];
    let bytes = 0;
    let whole = 0;
    for (let item = this.#items[0]; item !== undefined; item = this.#items[whole]) {
      const left = item.bytes.length - this.#headTaken;
      if (bytes > 0 && bytes + left > bytesMax) break;
      if (bytes === 0) this.#handedAtMs = item.atMs;
      if (left > bytesMax) {
        piece.push(item.bytes.subarray(this.#headTaken, this.#headTaken + bytesMax));
        this.#headTaken += bytesMax;
        bytes = bytesMax;
        break;
      }
      piece.push(this.#headTaken === 0 ? item.bytes : item.bytes.subarray(this.#headTaken));
      this.#headTaken = 0;
      bytes += left;
      whole += 1;
    }
    this.#waitingBytes -= bytes;
    this.#handedBytes += bytes;
    this.#items.splice(0, whole);
    return piece;
  }

  /** The kernel took the piece. */
  taken(): void {
    this.#sentBytes += this.#handedBytes;
    this.#handedBytes = 0;
  }

  /**
   * Drops what waits longest, up to the first item that a player can start at with no more than `bytesMax` from there on,
   * none of it sent before `sinceMs`; everything where there is none such. Returns how many frames that were, and
   * whether the queue goes on.
   */
  drop(bytesMax: number, sinceMs: number): { readonly frames: number; readonly goesOn: boolean } {
    const from = this.isMidItem ? 1 : 0;
    let at = from;
    let frames = 0;
    let rest = this.#waitingBytes - this.#halfOutBytes();
    for (let item = this.#items[at]; item !== undefined; item = this.#items[at]) {
      if (item.headers !== null && rest <= bytesMax && item.atMs >= sinceMs) break;
      frames += item.frames;
      rest -= item.bytes.length;
      at += 1;
    }
    const headers = at > from ? this.#items[at]?.headers : null;
    this.#items.splice(from, at - from, ...(headers ? [headers] : []));
    this.#waitingBytes = this.#halfOutBytes() + (headers?.bytes.length ?? 0) + rest;
    return { frames, goesOn: this.#items.length > from };
  }

  /** Takes nothing more; what waits still goes out. */
  close(): void {
    this.#isClosed = true;
  }

  /** Drops everything that waits, but for the rest of an item that is half out. */
  clear(): void {
    this.drop(0, Number.POSITIVE_INFINITY);
  }

  /** What is left of an item that was taken in part. */
  #halfOutBytes(): number {
    const length = this.#items[0]?.bytes.length ?? 0;
    return this.isMidItem ? length - this.#headTaken : 0;
  }
}
