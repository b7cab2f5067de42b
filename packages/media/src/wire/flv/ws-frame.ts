/** RFC 6455, 5.2. */
const FINAL = 0x80;
const OPCODE = { continuation: 0, binary: 2 } as const;
const LENGTH_16 = 126;
const HEADER_BYTES_MAX = 4;

/** Each frame of a message that takes more than one has this many bytes, but for the last. */
export const WS_FRAME_BYTES = 65_536;

/** How many bytes a message takes in frames. */
export function wsFramedBytes(payloadBytes: number): number {
  const most = WS_FRAME_BYTES - HEADER_BYTES_MAX;
  const whole = Math.max(0, Math.ceil(payloadBytes / most) - 1);
  const last = payloadBytes - whole * most;
  return whole * WS_FRAME_BYTES + headerBytes(last) + last;
}

/**
 * RFC 6455, 5.4: one binary message of a server, which masks nothing. Where it is large it is cut into frames, so that
 * control frames can go in between; players see one message all the same.
 */
export function wsMessage(payload: Buffer): Buffer {
  const out = Buffer.allocUnsafe(wsFramedBytes(payload.length));
  writeWsMessage(out, payload);
  return out;
}

/** Writes the same into `out`, which has just the room for it. */
export function writeWsMessage(out: Buffer, payload: Buffer): void {
  const most = WS_FRAME_BYTES - HEADER_BYTES_MAX;
  let at = 0;
  for (let from = 0; ; from += most) {
    const bytes = Math.min(most, payload.length - from);
    const isLast = from + bytes === payload.length;
    const opcode = from === 0 ? OPCODE.binary : OPCODE.continuation;
    at = writeHeader(out, at, (isLast ? FINAL : 0) | opcode, bytes);
    at += payload.copy(out, at, from, from + bytes);
    if (isLast) return;
  }
}

/** Begins a message of so many bytes that takes one frame: returns where they go. Null, and nothing is done, where it takes more. */
export function writeWsHeader(out: Buffer, payloadBytes: number): number | null {
  if (payloadBytes > WS_FRAME_BYTES - HEADER_BYTES_MAX) return null;
  return writeHeader(out, 0, FINAL | OPCODE.binary, payloadBytes);
}

function writeHeader(out: Buffer, at: number, first: number, payloadBytes: number): number {
  out[at] = first;
  if (payloadBytes < LENGTH_16) {
    out[at + 1] = payloadBytes;
  } else {
    out[at + 1] = LENGTH_16;
    out.writeUInt16BE(payloadBytes, at + 2);
  }
  return at + headerBytes(payloadBytes);
}

function headerBytes(payloadBytes: number): number {
  return payloadBytes < LENGTH_16 ? 2 : HEADER_BYTES_MAX;
}
