import type { Frame } from '../frame.js';
import { MESSAGE_TYPE } from '../rtmp/message.js';

const TAG_HEADER_BYTES = 11;
export const FLV_PREVIOUS_TAG_SIZE_BYTES = 4;
/** The tag's header, and the PreviousTagSize after it. */
export const FLV_TAG_EXTRA_BYTES = TAG_HEADER_BYTES + FLV_PREVIOUS_TAG_SIZE_BYTES;

/** One FLV tag with the PreviousTagSize that follows it, as HTTP-FLV sends it. */
export function flvTag(kind: Frame['kind'], timestampMs: number, payload: Buffer): Buffer {
  const tag = Buffer.allocUnsafe(payload.length + FLV_TAG_EXTRA_BYTES);
  writeFlvTag(tag, 0, kind, timestampMs, payload);
  return tag;
}

/** Writes the same into `out`, which has room for it. Returns the offset after it. */
export function writeFlvTag(
  out: Buffer,
  at: number,
  kind: Frame['kind'],
  timestampMs: number,
  payload: Buffer,
): number {
  // Adobe FLV 10.1, E.4.1: the tag types are RTMP's message types.
  out[at] = MESSAGE_TYPE[kind];
  out.writeUIntBE(payload.length, at + 1, 3);
  out.writeUIntBE(timestampMs & 0xffffff, at + 4, 3);
  out[at + 7] = timestampMs >>> 24;
  out.writeUIntBE(0, at + 8, 3);
  const end = at + TAG_HEADER_BYTES + payload.copy(out, at + TAG_HEADER_BYTES);
  return out.writeUInt32BE(TAG_HEADER_BYTES + payload.length, end);
}
