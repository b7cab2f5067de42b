import type { Codec } from './decoder-configuration.js';

interface NalTypes {
  readonly headerBytes: number;
  typeOf(first: number): number;
  readonly sei: number;
  /** May stand before the SEI of a picture. */
  readonly before: ReadonlySet<number>;
}

const AVC: NalTypes = {
  headerBytes: 1,
  typeOf: (first) => first & 0x1f,
  sei: 6,
  before: new Set([7, 8, 9]),
};
const HEVC: NalTypes = {
  headerBytes: 2,
  typeOf: (first) => (first >> 1) & 0x3f,
  sei: 39,
  before: new Set([32, 33, 34, 35]),
};
const FORMATS = new Map<Codec, NalTypes>([
  [7, AVC],
  ['avc1', AVC],
  [12, HEVC],
  ['hvc1', HEVC],
]);

/** `recovery_point` in both H.264 D.1.8 and H.265 D.2.8. */
const RECOVERY_POINT = 6;
/** Real recovery points stand among the first messages; long ones before them are somebody's text. */
const SEI_BYTES_MAX = 1024;
const UNITS_MAX = 8;

/**
 * Whether a picture that is no keyframe says that decoding may start at it: encoders with intra refresh mark the
 * beginning of each round so. Looks at what stands before the first slice only.
 */
export function hasRecoveryPoint(
  codec: Codec,
  payload: Buffer,
  bodyAt: number,
  lengthBytes: number,
): boolean {
  const format = FORMATS.get(codec);
  if (format === undefined) return false;
  let at = bodyAt;
  for (let unit = 0; unit < UNITS_MAX && at + lengthBytes < payload.length; unit += 1) {
    const length = payload.readUIntBE(at, lengthBytes);
    const from = at + lengthBytes;
    const type = format.typeOf(payload[from] ?? 0);
    at = from + length;
    if (type === format.sei) {
      const end = Math.min(at, payload.length, from + SEI_BYTES_MAX);
      if (saysRecoveryPoint(payload, from + format.headerBytes, end)) return true;
    } else if (!format.before.has(type)) return false;
  }
  return false;
}

/** Walks SEI messages (H.264 7.3.2.3.1): type and size are sums of bytes that end below 255. */
function saysRecoveryPoint(payload: Buffer, from: number, end: number): boolean {
  let at = from;
  let zeros = 0;
  const next = (): number => {
    let byte = payload[at] ?? 0;
    if (zeros >= 2 && byte === 3) {
      at += 1;
      zeros = 0;
      byte = payload[at] ?? 0;
    }
    at += 1;
    zeros = byte === 0 ? zeros + 1 : 0;
    return byte;
  };
  const sum = (): number => {
    let total = 0;
    for (;;) {
      const byte = next();
      total += byte;
      if (byte !== 0xff || at >= end) return total;
    }
  };
  // The last byte is the trailing bits'.
  while (at + 2 < end) {
    if (sum() === RECOVERY_POINT) return true;
    const size = sum();
    for (let i = 0; i < size && at < end; i += 1) next();
  }
  return false;
}
