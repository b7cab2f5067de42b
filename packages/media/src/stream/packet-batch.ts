import { FLV_TAG_EXTRA_BYTES, writeFlvTag } from '../wire/flv/flv-tag.js';
import { writeWsHeader, writeWsMessage, wsFramedBytes } from '../wire/flv/ws-frame.js';
import { chunkedBytes, OUT_CHUNK_BYTES, writeChunks } from '../wire/rtmp/chunk-writer.js';
import { MEDIA_CHUNK_STREAM, MESSAGE_TYPE } from '../wire/rtmp/message.js';
import { MEDIA_STREAM_ID, type MediaPacket } from './packet.js';
import type { TrackWants, WireFormat } from './player.js';
import { PIECE_BYTES_MIN, type QueueItem } from './player-queue.js';

/** Bytes for players that want the same: in this format, with these tracks, on this RTMP message stream. */
export interface WireWish {
  readonly format: WireFormat;
  /** `nothing` is for who gets no bytes at all. */
  readonly wants: Exclude<TrackWants, 'nothing'>;
  readonly messageStreamId: number;
}

/** Whether many players may want the same. */
export const isCommon = ({ wants, messageStreamId }: WireWish): boolean =>
  wants === 'all' && messageStreamId === MEDIA_STREAM_ID;

/** Forms of one batch that are kept beside the common ones; one more is made anew for each player. */
const RARE_FORMS_MAX = 16;
const NOTHING = Buffer.alloc(0);

/**
 * Packets that go out together, never changed afterwards. The bytes of a form are made when the first player needs them,
 * once, straight into one buffer, which all who get the batch in this form are sent.
 */
export class PacketBatch {
  readonly packets: readonly MediaPacket[];
  /** When they were sent, by the monotonic clock, ms. */
  readonly atMs: number;
  /** What a player needs first to start with this batch; null where the first packet is no start. */
  readonly headers: PacketBatch | null;
  #hasVideo: boolean | null = null;
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

  /** Headers count. */
  get hasVideo(): boolean {
    this.#hasVideo ??= this.packets.some(({ kind }) => kind === 'video');
    return this.#hasVideo;
  }

  /** Its first packet is a picture. Of batches that players can start at: they can with both tracks. */
  get startsWithVideo(): boolean {
    return this.packets[0]?.kind === 'video';
  }

  /** The bytes to send; empty where nothing of the batch is wanted. */
  wire(wish: WireWish): QueueItem {
    const form = this.form(wish);
    form.write(this.packets);
    return form;
  }

  /** The same, whose bytes may not be made yet. */
  form(wish: WireWish): WireForm {
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
 * as much. The batches' own forms are parts of it.
 */
export class PacketWindow {
  readonly batches: readonly PacketBatch[];
  readonly #items: Partial<Record<WireFormat, QueueItem>> = {};

  /** At least one. */
  constructor(batches: readonly PacketBatch[]) {
    this.batches = batches;
  }

  get hasVideo(): boolean {
    return this.batches.some(({ hasVideo }) => hasVideo);
  }

  /** All batches as one item; where they are several nobody starts at it. */
  wire(wish: WireWish): QueueItem {
    const [first] = this.batches;
    if (this.batches.length === 1 && first !== undefined) return first.wire(wish);
    if (!isCommon(wish)) return this.#joined(wish);
    const item = this.#items[wish.format] ?? this.#joined(wish);
    this.#items[wish.format] = item;
    return item;
  }

  /** Whether it may be cut into pieces as one item: of several WebSocket messages a piece could end within a frame. */
  isOneItem(wish: WireWish): boolean {
    if (this.batches.length === 1 || wish.format !== 'ws-flv') return true;
    return this.batches.reduce((sum, batch) => sum + batch.form(wish).length, 0) <= PIECE_BYTES_MIN;
  }

  #joined(wish: WireWish): QueueItem {
    return { ...joined(this.batches, wish), headers: null };
  }
}

/** Batches as one item: one buffer of which each batch's form is a part. Players can start at it where they can at the first. */
export function joined(batches: readonly PacketBatch[], wish: WireWish): QueueItem {
  const forms = batches.map((batch) => ({ packets: batch.packets, form: batch.form(wish) }));
  const bytes = Buffer.allocUnsafeSlow(forms.reduce((sum, { form }) => sum + form.length, 0));
  let at = 0;
  let frames = 0;
  for (const { packets, form } of forms) {
    form.write(packets, bytes.subarray(at, at + form.length));
    at += form.length;
    frames += form.frames;
  }
  return { bytes, frames, atMs: batches[0]?.atMs ?? 0, headers: forms[0]?.form.headers ?? null };
}

/** A batch in one form. Players that are behind hold on to it, so it holds no packets. */
class WireForm implements QueueItem {
  /** Empty until it is written. */
  bytes: Buffer = NOTHING;
  /** Of all bytes. */
  readonly length: number;
  readonly frames: number;
  readonly atMs: number;
  readonly #wish: WireWish;
  readonly #headers: PacketBatch | null;

  constructor(batch: PacketBatch, wish: WireWish) {
    const { wants, format } = wish;
    const packets = wanted(batch.packets, wants);
    this.length = WRITERS[format].length(packets);
    this.frames = packets.reduce((count, packet) => count + (packet.isHeader ? 0 : 1), 0);
    this.atMs = batch.atMs;
    this.#wish = wish;
    const canStart = wants !== 'video' || batch.startsWithVideo;
    this.#headers = canStart ? batch.headers : null;
  }

  get headers(): QueueItem | null {
    return this.#headers === null ? null : this.#headers.wire(this.#wish);
  }

  /**
   * Makes the bytes of the batch's packets, where they are not there yet. With `into`, which has just the room for them, they are there from now
   * on, even where they were elsewhere before.
   */
  write(packets: readonly MediaPacket[], into?: Buffer): void {
    if (this.length === 0 || (this.bytes.length > 0 && into === undefined)) return;
    const out = into ?? Buffer.allocUnsafeSlow(this.length);
    const before = this.bytes;
    this.bytes = out;
    if (before.length > 0) {
      before.copy(out);
      return;
    }
    const { format, wants, messageStreamId } = this.#wish;
    WRITERS[format].write(out, wanted(packets, wants), messageStreamId);
  }
}

function wanted(packets: readonly MediaPacket[], wants: WireWish['wants']): readonly MediaPacket[] {
  return wants === 'all' ? packets : packets.filter(({ kind }) => kind === wants || kind === 'data');
}

interface Writer {
  length(packets: readonly MediaPacket[]): number;
  /** `out` has just the room. */
  write(out: Buffer, packets: readonly MediaPacket[], messageStreamId: number): void;
}

const WRITERS: Readonly<Record<WireFormat, Writer>> = {
  rtmp: { length: chunksLength, write: writeAsChunks },
  flv: { length: tagsLength, write: (out, packets) => writeAsTags(out, 0, packets) },
  'ws-flv': {
    length: (packets) => (packets.length === 0 ? 0 : wsFramedBytes(tagsLength(packets))),
    write: writeAsMessage,
  },
};

function chunksLength(packets: readonly MediaPacket[]): number {
  let bytes = 0;
  for (const { kind, timestampMs, payload } of packets)
    bytes += chunkedBytes(MEDIA_CHUNK_STREAM[kind], timestampMs, payload.length, OUT_CHUNK_BYTES);
  return bytes;
}

function writeAsChunks(out: Buffer, packets: readonly MediaPacket[], streamId: number): void {
  let at = 0;
  for (const { kind, timestampMs, payload } of packets) {
    const message = {
      chunkStream: MEDIA_CHUNK_STREAM[kind],
      type: MESSAGE_TYPE[kind],
      timestampMs,
      streamId,
      payload,
    };
    at = writeChunks(out, at, message, OUT_CHUNK_BYTES);
  }
}

function tagsLength(packets: readonly MediaPacket[]): number {
  let bytes = 0;
  for (const { payload } of packets) bytes += payload.length + FLV_TAG_EXTRA_BYTES;
  return bytes;
}

function writeAsTags(out: Buffer, from: number, packets: readonly MediaPacket[]): void {
  let at = from;
  for (const { kind, timestampMs, payload } of packets) at = writeFlvTag(out, at, kind, timestampMs, payload);
}

function writeAsMessage(out: Buffer, packets: readonly MediaPacket[]): void {
  const tagsBytes = tagsLength(packets);
  // In one frame the tags are written where they are to lie; of a message in several each piece has to be moved apart.
  const at = writeWsHeader(out, tagsBytes);
  if (at !== null) {
    writeAsTags(out, at, packets);
    return;
  }
  const tags = Buffer.allocUnsafeSlow(tagsBytes);
  writeAsTags(tags, 0, packets);
  writeWsMessage(out, tags);
}
