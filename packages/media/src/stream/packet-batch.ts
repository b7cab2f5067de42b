import { FLV_TAG_EXTRA_BYTES, writeFlvTag } from '../wire/flv/flv-tag.js';
import { wsMessage } from '../wire/flv/ws-frame.js';
import { chunkedBytes, OUT_CHUNK_BYTES, type OutMessage, writeChunks } from '../wire/rtmp/chunk-writer.js';
import { MEDIA_CHUNK_STREAM, MESSAGE_TYPE } from '../wire/rtmp/message.js';
import { MEDIA_STREAM_ID, type MediaPacket } from './packet.js';
import type { TrackWants } from './player.js';
import type { QueueItem } from './player-queue.js';

/** The wire forms that players take: RTMP chunks, FLV tags, or one WebSocket message of FLV tags. */
export type WireFormat = 'rtmp' | 'flv' | 'ws-flv';

/** Bytes for players that want the same: in this format, with these tracks, on this RTMP message stream. */
export interface WireWish {
  readonly format: WireFormat;
  /** `nothing` is for who gets no bytes at all. */
  readonly wants: Exclude<TrackWants, 'nothing'>;
  readonly messageStreamId: number;
}

/** Forms of one batch that are kept beside the common ones; one more is made anew for each player. */
const RARE_FORMS_MAX = 16;

/**
 * Packets that go out together, never changed afterwards. The bytes of a form are made when the first player needs them,
 * once, straight into one buffer; live delivery, GOP cache and replay all send that same buffer.
 */
export class PacketBatch {
  readonly packets: readonly MediaPacket[];
  /** When they were sent, by the monotonic clock, ms. */
  readonly atMs: number;
  /** What a player needs first to start with this batch; null where the first packet is no start. */
  readonly headers: PacketBatch | null;
  #rtmp: WireForm | null = null;
  #flv: WireForm | null = null;
  #wsFlv: WireForm | null = null;
  #rare: Map<string, WireForm> | null = null;

  /** `headers`: metadata and codec headers as they were at the first packet, where players can start at that. */
  constructor(packets: readonly MediaPacket[], atMs: number, headers: readonly MediaPacket[] | null = null) {
    this.packets = packets;
    this.atMs = atMs;
    this.headers = headers === null ? null : new PacketBatch(headers, atMs);
  }

  /** The bytes to send; empty where nothing of the batch is wanted. */
  wire(wish: WireWish): WireForm {
    if (wish.wants === 'all') {
      switch (wish.format) {
        case 'flv':
          this.#flv ??= new WireForm(this, wish);
          return this.#flv;
        case 'ws-flv':
          this.#wsFlv ??= new WireForm(this, wish);
          return this.#wsFlv;
        case 'rtmp':
          if (wish.messageStreamId !== MEDIA_STREAM_ID) break;
          this.#rtmp ??= new WireForm(this, wish);
          return this.#rtmp;
      }
    }
    return this.#rareForm(wish);
  }

  #rareForm(wish: WireWish): WireForm {
    this.#rare ??= new Map();
    const name = `${wish.format} ${wish.wants} ${wish.messageStreamId}`;
    const present = this.#rare.get(name);
    if (present !== undefined) return present;
    const form = new WireForm(this, wish);
    if (this.#rare.size < RARE_FORMS_MAX) this.#rare.set(name, form);
    return form;
  }
}

/**
 * All that one window brought, as one buffer for players that have nothing waiting: a write of several costs some times
 * as much. The batches' own buffers become parts of it.
 */
export class PacketWindow {
  readonly batches: readonly PacketBatch[];
  readonly #items: Partial<Record<WireFormat, QueueItem>> = {};

  /** At least one. */
  constructor(batches: readonly PacketBatch[]) {
    this.batches = batches;
  }

  /** All batches as one item; where they are several nobody starts at it. */
  wire(wish: WireWish): QueueItem {
    const [first] = this.batches;
    if (this.batches.length === 1 && first !== undefined) return first.wire(wish);
    const forms = this.batches.map((batch) => batch.wire(wish));
    if (wish.wants !== 'all' || wish.messageStreamId !== MEDIA_STREAM_ID) return joined(forms);
    this.#items[wish.format] ??= joined(forms);
    return this.#items[wish.format] ?? joined(forms);
  }
}

/** Copies the forms together, once, and lets each have its part of the copy. */
function joined(forms: readonly WireForm[]): QueueItem {
  const bytes = Buffer.concat(forms.map((form) => form.bytes));
  let at = 0;
  let frames = 0;
  for (const form of forms) {
    const end = at + form.bytes.length;
    form.bytes = bytes.subarray(at, end);
    at = end;
    frames += form.frames;
  }
  return { bytes, frames, atMs: forms[0]?.atMs ?? 0, headers: null };
}

/** A batch in one form. */
class WireForm implements QueueItem {
  /** Replaced by the same bytes as part of a window's. */
  bytes: Buffer;
  readonly frames: number;
  readonly atMs: number;
  readonly #wish: WireWish;
  readonly #headers: PacketBatch | null;

  constructor(batch: PacketBatch, wish: WireWish) {
    const { wants } = wish;
    const packets =
      wants === 'all' ? batch.packets : batch.packets.filter(({ kind }) => kind === wants || kind === 'data');
    this.bytes = BYTES_OF[wish.format](packets, wish.messageStreamId);
    this.frames = packets.reduce((count, packet) => count + (packet.isHeader ? 0 : 1), 0);
    this.atMs = batch.atMs;
    this.#wish = wish;
    const canStart = wants !== 'video' || batch.packets[0]?.kind === 'video';
    this.#headers = canStart ? batch.headers : null;
  }

  get headers(): QueueItem | null {
    return this.#headers === null ? null : this.#headers.wire(this.#wish);
  }
}

const BYTES_OF: Readonly<
  Record<WireFormat, (packets: readonly MediaPacket[], messageStreamId: number) => Buffer>
> = {
  rtmp: asChunks,
  flv: asTags,
  'ws-flv': (packets) => (packets.length === 0 ? NOTHING : wsMessage(asTags(packets))),
};

const NOTHING = Buffer.alloc(0);

function asChunks(packets: readonly MediaPacket[], messageStreamId: number): Buffer {
  const messages = packets.map((packet) => asMessage(packet, messageStreamId));
  const bytes = messages.reduce((sum, message) => sum + chunkedBytes(message, OUT_CHUNK_BYTES), 0);
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const message of messages) at = writeChunks(out, at, message, OUT_CHUNK_BYTES);
  return out;
}

function asMessage({ kind, timestampMs, payload }: MediaPacket, streamId: number): OutMessage {
  return { chunkStream: MEDIA_CHUNK_STREAM[kind], type: MESSAGE_TYPE[kind], timestampMs, streamId, payload };
}

function asTags(packets: readonly MediaPacket[]): Buffer {
  const bytes = packets.reduce((sum, { payload }) => sum + payload.length + FLV_TAG_EXTRA_BYTES, 0);
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { kind, timestampMs, payload } of packets) at = writeFlvTag(out, at, kind, timestampMs, payload);
  return out;
}
