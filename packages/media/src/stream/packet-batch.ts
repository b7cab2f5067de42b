import { FLV_TAG_EXTRA_BYTES, writeFlvTag } from '../wire/flv/flv-tag.js';
import { wsFrameHeader } from '../wire/flv/ws-frame.js';
import { chunkedBytes, OUT_CHUNK_BYTES, type OutMessage, writeChunks } from '../wire/rtmp/chunk-writer.js';
import { MEDIA_CHUNK_STREAM, MESSAGE_TYPE } from '../wire/rtmp/message.js';
import { MEDIA_STREAM_ID, type MediaPacket } from './packet.js';

/** The wire forms that players take: RTMP chunks, FLV tags, or one WebSocket message of FLV tags. */
export type WireFormat = 'rtmp' | 'flv' | 'ws-flv';

/**
 * Packets that go out together: one write for each player, the same bytes for all of one format. A format's bytes are
 * made when the first player needs them, straight into one buffer, so nothing is built for a protocol that nobody plays.
 */
export class PacketBatch {
  readonly packets: readonly MediaPacket[];
  #rtmp: Buffer | undefined;
  #flv: Buffer | undefined;
  #wsFlv: Buffer | undefined;

  constructor(packets: readonly MediaPacket[]) {
    this.packets = packets;
  }

  /** The bytes to send, shared: never write into them. */
  wire(format: WireFormat): Buffer {
    switch (format) {
      case 'rtmp':
        this.#rtmp ??= asChunks(this.packets);
        return this.#rtmp;
      case 'flv':
        this.#flv ??= asTags(this.packets, NOTHING);
        return this.#flv;
      case 'ws-flv':
        this.#wsFlv ??= asTags(this.packets, wsFrameHeader(tagBytes(this.packets)));
        return this.#wsFlv;
    }
  }

  /** How many of them are pictures, sounds or data rather than headers. */
  get frames(): number {
    return this.packets.reduce((count, packet) => count + (packet.isHeader ? 0 : 1), 0);
  }
}

const NOTHING = Buffer.alloc(0);

function asChunks(packets: readonly MediaPacket[]): Buffer {
  const messages = packets.map(asMessage);
  const bytes = messages.reduce((sum, message) => sum + chunkedBytes(message, OUT_CHUNK_BYTES), 0);
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const message of messages) at = writeChunks(out, at, message, OUT_CHUNK_BYTES);
  return out;
}

function asMessage({ kind, timestampMs, payload }: MediaPacket): OutMessage {
  return {
    chunkStream: MEDIA_CHUNK_STREAM[kind],
    type: MESSAGE_TYPE[kind],
    timestampMs,
    streamId: MEDIA_STREAM_ID,
    payload,
  };
}

function tagBytes(packets: readonly MediaPacket[]): number {
  return packets.reduce((sum, { payload }) => sum + payload.length + FLV_TAG_EXTRA_BYTES, 0);
}

function asTags(packets: readonly MediaPacket[], before: Buffer): Buffer {
  const out = Buffer.allocUnsafe(before.length + tagBytes(packets));
  let at = before.copy(out);
  for (const { kind, timestampMs, payload } of packets) at = writeFlvTag(out, at, kind, timestampMs, payload);
  return out;
}
