import type { Frame } from '../wire/frame.js';
import { KeptList } from './kept-list.js';
import { type KeptPacket, MediaPacket } from './packet.js';
import { isCommon, PacketBatch, type WireWish } from './packet-batch.js';
import type { WireFormat } from './player.js';
import type { Past } from './player-feed.js';
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
/** More than any form adds to a packet, and to a block. */
const FORM_BYTES_MAX = 32;

/** The first packets of the cache in one form, in few buffers. */
interface Joined {
  readonly blocks: QueueItem[];
  /** What one block more is made of, as those who joined were given it. */
  parts: QueueItem[];
  /** Index of the first packet that is in none of them. */
  end: number;
}

/**
 * The packets since the last start, for a player's first picture. What is over the limit is not cached at all: half a GOP
 * cannot be shown.
 *
 * They are kept where the stream's history keeps them. The bytes that players are sent are made when somebody joins, once
 * for all who do. A join costs as much as it has items to write, so what was made for several is joined to blocks.
 */
export class GopCache implements Past {
  readonly #bytesMax: number;
  #list = new KeptList();
  #bytes = 0;
  #kinds = new Set<Frame['kind']>();
  /** What comes before the first packet, for who starts there. */
  #headers: readonly MediaPacket[] = [];
  #joined: Partial<Record<WireFormat, Joined>> = {};

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** There is no start, or too much has come since. */
  get isEmpty(): boolean {
    return this.#list.first === this.#list.end;
  }

  get packets(): readonly KeptPacket[] {
    return this.#packets(this.#list.first, this.#list.end);
  }

  /** When the first packet was sent. */
  get atMs(): number {
    return this.#list.atMs(this.#list.first);
  }

  /** What it says itself. */
  get timestampMs(): number {
    return this.#list.timestampMs(this.#list.first);
  }

  get startsWithVideo(): boolean {
    return !this.isEmpty && this.#list.kind(this.#list.first) === 'video';
  }

  get kinds(): ReadonlySet<Frame['kind']> {
    return this.#kinds;
  }

  /** All of it in this form, as few items. */
  items(wish: WireWish): readonly QueueItem[] {
    const { format } = wish;
    const { first, end } = this.#list;
    if (!isCommon(wish)) return this.#batchesFrom(first, format).map((batch) => batch.wire(wish));
    const joined = this.#joined[format] ?? { blocks: [], parts: [], end: first };
    this.#joined[format] = joined;
    for (const batch of this.#batchesFrom(joined.end, format)) addPart(joined, batch.wire(wish), format);
    joined.end = end;
    return [...joined.blocks, ...joined.parts];
  }

  /** What went out together; begins anew where it is a start. */
  add({ packets, atMs, headers }: PacketBatch): void {
    for (const [index, packet] of packets.entries()) {
      if (index === 0 && headers !== null) this.begin(packet, atMs, headers.packets);
      else this.push(packet, atMs);
    }
  }

  /** A start. `headers`: what comes before it. */
  begin(packet: MediaPacket, atMs: number, headers: readonly MediaPacket[]): void {
    this.clear();
    this.#headers = headers;
    this.#push(packet, atMs);
  }

  /** What follows. */
  push(packet: MediaPacket, atMs: number): void {
    if (!this.isEmpty) this.#push(packet, atMs);
  }

  /**
   * Leaves out the sound, where there are pictures to start at without it; else all. `headersAt`: what comes first from now
   * on.
   */
  forgetSound(headersAt: (timestampMs: number) => readonly MediaPacket[]): void {
    const { timestampMs, startsWithVideo } = this;
    const list = this.#list.withoutSound(startsWithVideo ? this.#list.first : this.#list.end);
    this.clear();
    this.#list = list;
    if (startsWithVideo) this.#headers = headersAt(timestampMs);
    for (let index = list.first; index < list.end; index += 1) this.#count(index);
  }

  clear(): void {
    this.#list.clear();
    this.#bytes = 0;
    this.#kinds = new Set();
    this.#headers = [];
    this.#joined = {};
  }

  #push(packet: MediaPacket, atMs: number): void {
    const { end } = this.#list;
    this.#list.push(packet, false, atMs);
    this.#count(end);
    if (this.#bytes > this.#bytesMax) this.clear();
  }

  #count(index: number): void {
    this.#bytes += this.#list.bytes(index) + PACKET_OVERHEAD_BYTES;
    this.#kinds.add(this.#list.kind(index));
  }

  #packets(from: number, end: number): KeptPacket[] {
    return Array.from({ length: end - from }, (_, index) => this.#list.at(from + index));
  }

  /** Copies of the packets from this one on, each batch no more than a block. */
  #batchesFrom(from: number, format: WireFormat): PacketBatch[] {
    const batches: PacketBatch[] = [];
    for (let at = from; at < this.#list.end; ) {
      const end = this.#endOfBlock(at, BLOCK_BYTES_MAX[format]);
      const packets = this.#packets(at, end).map((kept) => new MediaPacket(kept, kept.timestampMs));
      const headers = at === this.#list.first ? this.#headers : null;
      batches.push(new PacketBatch(packets, this.#list.atMs(at), headers));
      at = end;
    }
    return batches;
  }

  #endOfBlock(from: number, bytesMax: number): number {
    let bytes = FORM_BYTES_MAX;
    let end = from;
    for (; end < this.#list.end; end += 1) {
      bytes += this.#list.bytes(end) + FORM_BYTES_MAX;
      const isOld = this.#list.atMs(end) - this.#list.atMs(from) > BLOCK_MS_MAX;
      if (end > from && (bytes > bytesMax || isOld)) break;
    }
    return end;
  }
}

/** Joins the parts to a block where this one does not belong to them any more. */
function addPart(joined: Joined, part: QueueItem, format: WireFormat): void {
  const [first] = joined.parts;
  if (first !== undefined) {
    const bytes = joined.parts.reduce((sum, each) => sum + each.bytes.length, part.bytes.length);
    if (bytes > BLOCK_BYTES_MAX[format] || part.atMs - first.atMs > BLOCK_MS_MAX) {
      joined.blocks.push(blockOf(first, joined.parts));
      joined.parts = [];
    }
  }
  joined.parts.push(part);
}

function blockOf(first: QueueItem, parts: readonly QueueItem[]): QueueItem {
  if (parts.length === 1) return first;
  const frames = parts.reduce((sum, part) => sum + part.frames, 0);
  const bytes = Buffer.concat(parts.map((part) => part.bytes));
  return { bytes, frames, atMs: first.atMs, headers: first.headers };
}
