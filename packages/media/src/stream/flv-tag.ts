import type { Frame } from '../frame.js';

/** Adobe FLV 10.1 E.4.1: the tag types are RTMP's message types. */
export const FLV_TAG_TYPE = { audio: 8, video: 9, data: 18 } as const;
const TAG_HEADER_BYTES = 11;

/** One FLV tag with the PreviousTagSize that follows it, as HTTP-FLV sends it. */
export function flvTag(kind: Frame['kind'], timestampMs: number, payload: Buffer): Buffer {
  const tag = Buffer.allocUnsafe(TAG_HEADER_BYTES + payload.length + 4);
  tag[0] = FLV_TAG_TYPE[kind];
  tag.writeUIntBE(payload.length, 1, 3);
  tag.writeUIntBE(timestampMs & 0xffffff, 4, 3);
  tag[7] = timestampMs >>> 24;
  tag.writeUIntBE(0, 8, 3);
  payload.copy(tag, TAG_HEADER_BYTES);
  tag.writeUInt32BE(TAG_HEADER_BYTES + payload.length, TAG_HEADER_BYTES + payload.length);
  return tag;
}
