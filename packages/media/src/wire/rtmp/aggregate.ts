import type { InMessage } from './message.js';

const SUB_HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;

/**
 * The messages inside an aggregate (RTMP 1.0, 7.1.6): FLV tags whose times are moved so that the first has the time of
 * the aggregate. Stops where the bytes end early.
 */
export function* splitAggregate(message: InMessage): Generator<InMessage> {
  const { payload } = message;
  let offsetMs: number | null = null;
  for (let at = 0; at + SUB_HEADER_BYTES <= payload.length; ) {
    const type = payload[at] ?? 0;
    const length = payload.readUIntBE(at + 1, 3);
    const timestampMs = payload.readUIntBE(at + 4, 3) + (payload[at + 7] ?? 0) * 2 ** 24;
    const from = at + SUB_HEADER_BYTES;
    if (from + length > payload.length) return;
    offsetMs ??= message.timestampMs - timestampMs;
    yield {
      type,
      timestampMs: (timestampMs + offsetMs) >>> 0,
      streamId: message.streamId,
      payload: payload.subarray(from, from + length),
    };
    at = from + length + BACK_POINTER_BYTES;
  }
}
