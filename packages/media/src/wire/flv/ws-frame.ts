const FINAL_BINARY = 0x82;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** RFC 6455, 5.2: the header of one whole binary message of a server, which masks nothing. */
export function wsFrameHeader(payloadBytes: number): Buffer {
  if (payloadBytes < LENGTH_16) return Buffer.of(FINAL_BINARY, payloadBytes);
  const header = Buffer.alloc(payloadBytes <= 0xffff ? 4 : 10);
  header[0] = FINAL_BINARY;
  if (header.length === 4) {
    header[1] = LENGTH_16;
    header.writeUInt16BE(payloadBytes, 2);
  } else {
    header[1] = LENGTH_64;
    header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  }
  return header;
}
