import type { MediaPacket } from './packet.js';
import { isCommon, joined, PacketBatch, type WireWish } from './packet-batch.js';
import type { WireFormat } from './player.js';
import { PIECE_BYTES_MAX, PIECE_BYTES_MIN, type QueueItem } from './player-queue.js';

/** What a packet costs beside its payload: objects and wire forms' headers. */
const PACKET_OVERHEAD_BYTES = 256;
/** How much of a stream is joined into one block: a block's age is that of its first packet. */
const BLOCK_MS_MAX = 1000;

/** Most bytes of a block. Between two pieces `ws` may write frames of its own, so there a block is one piece. */
const BLOCK_BYTES_MAX: Readonly<Record<WireFormat, number>> = {
  rtmp: PIECE_BYTES_MAX,
  flv: PIECE_BYTES_MAX,
  'ws-flv': PIECE_BYTES_MIN,
};

/** The first batches of the cache in one form, in few buffers. */
interface Blocks {
  readonly items: QueueItem[];
  /** How many batches are in them. */
  batches: number;
}

/**
 * The batches since the last start, for a player's first picture: the very ones that went out live. What is over the
 * limit is not cached at all: half a GOP cannot be shown.
 *
 * A join costs as much as it has items to write. So once somebody joins, the batches are joined to blocks, each of them
 * once for all who join after that, and their bytes are parts of the blocks from then on.
 */
export class GopCache {
  readonly #bytesMax: number;
  #batches: PacketBatch[] = [];
  #bytes = 0;
  #blocks: Partial<Record<WireFormat, Blocks>> = {};

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** From the last start on; empty where there is none, or too much has come since. */
  get batches(): readonly PacketBatch[] {
    return this.#batches;
  }

  /** The same in this form, as few items. */
  items(wish: WireWish): readonly QueueItem[] {
    if (!isCommon(wish)) return this.#batches.map((batch) => batch.wire(wish));
    const blocks = this.#blocks[wish.format] ?? { items: [], batches: 0 };
    this.#blocks[wish.format] = blocks;
    this.#joinWhole(blocks, wish);
    return [...blocks.items, ...this.#batches.slice(blocks.batches).map((batch) => batch.wire(wish))];
  }

  add(batch: PacketBatch): void {
    if (batch.headers !== null) this.clear();
    else if (this.#batches.length === 0) return;
    this.#batches.push(batch);
    for (const { payload } of batch.packets) this.#bytes += payload.length + PACKET_OVERHEAD_BYTES;
    if (this.#bytes > this.#bytesMax) this.clear();
  }

  /**
   * Leaves out the sound, where there are pictures to start at without it; else all. `headersAt`: what comes first from now
   * on.
   */
  forgetSound(headersAt: (timestampMs: number) => readonly MediaPacket[]): void {
    const batches = this.#batches;
    this.clear();
    if (batches[0]?.startsWithVideo !== true) return;
    for (const { packets, atMs, headers } of batches) {
      const rest = packets.filter(({ kind }) => kind !== 'audio');
      const [first] = rest;
      if (first === undefined) continue;
      this.add(new PacketBatch(rest, atMs, headers === null ? null : headersAt(first.timestampMs)));
    }
  }

  clear(): void {
    this.#batches = [];
    this.#bytes = 0;
    this.#blocks = {};
  }

  /** Adds the blocks that the next batch does not belong to any more. */
  #joinWhole(blocks: Blocks, wish: WireWish): void {
    let run: PacketBatch[] = [];
    let bytes = 0;
    for (const batch of this.#batches.slice(blocks.batches)) {
      const { length } = batch.form(wish);
      const isOver =
        bytes + length > BLOCK_BYTES_MAX[wish.format] ||
        batch.atMs - (run[0]?.atMs ?? batch.atMs) > BLOCK_MS_MAX;
      const [first] = run;
      if (isOver && first !== undefined) {
        blocks.items.push(run.length === 1 ? first.wire(wish) : joined(run, wish));
        blocks.batches += run.length;
        run = [];
        bytes = 0;
      }
      run.push(batch);
      bytes += length;
    }
  }
}
