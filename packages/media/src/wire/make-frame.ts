import type { Frame } from './frame.js';
import { isEmptyTag, readMediaTag } from './media-tag.js';

/**
 * A frame of one message or FLV tag; the payload is kept as it is, so the caller gives it away. What cannot be
 * recognised passes as an ordinary frame.
 */
export function makeFrame(kind: Frame['kind'], timestampMs: number, bytes: Buffer): Frame {
  const payload = kind === 'data' ? withoutSetDataFrame(bytes) : bytes;
  const { isHeader, isKeyframe } =
    kind === 'data' ? { isHeader: isMetadata(payload), isKeyframe: false } : readMediaTag(kind, payload);
  return { kind, timestampMs: timestampMs >>> 0, payload, isHeader, isKeyframe };
}

/** Whether a frame is a picture or a sound: no header, no data, and nothing that players get nothing of. */
export function isMedia({ kind, payload, isHeader }: Frame): boolean {
  return kind !== 'data' && !isHeader && !isEmptyTag(readMediaTag(kind, payload), payload);
}

/**
 * Whether a publisher says that its codec's stream is over (FLV 10.1 E.4.3.1; Enhanced RTMP v2, SequenceEnd). Another
 * may go on with the stream, and players end at such a tag, so it is not for them.
 */
export function isSequenceEnd(frame: Frame): boolean {
  return frame.kind !== 'data' && readMediaTag(frame.kind, frame.payload).isSequenceEnd;
}

/** The AMF0 string that publishers wrap metadata in, so that the server keeps it; players get what is inside. */
export const SET_DATA_FRAME = Buffer.from([0x02, 0x00, 0x0d, ...Buffer.from('@setDataFrame')]);

/** However often it is wrapped: forwarders of what came wrapped already wrap it once more. */
function withoutSetDataFrame(payload: Buffer): Buffer {
  let at = 0;
  while (payload.subarray(at, at + SET_DATA_FRAME.length).equals(SET_DATA_FRAME)) at += SET_DATA_FRAME.length;
  return payload.subarray(at);
}

/** By which an encoder takes back what it told by `@setDataFrame`. */
const CLEAR_DATA_FRAME = Buffer.from([0x02, 0x00, 0x0f, ...Buffer.from('@clearDataFrame')]);

/** What an encoder takes back (`@clearDataFrame`): a word to the server, not for players. Null where the frame is none. */
export function clearedData({ kind, payload }: Frame): 'metadata' | 'other' | null {
  const { length } = CLEAR_DATA_FRAME;
  if (kind !== 'data' || !payload.subarray(0, length).equals(CLEAR_DATA_FRAME)) return null;
  return isMetadata(payload.subarray(length)) ? 'metadata' : 'other';
}

/** `onMetaData` as an AMF0 string: the only data message that each new player needs. */
const ON_METADATA = Buffer.from([0x02, 0x00, 0x0a, ...Buffer.from('onMetaData')]);

function isMetadata(payload: Buffer): boolean {
  return payload.subarray(0, ON_METADATA.length).equals(ON_METADATA);
}
