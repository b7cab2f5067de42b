/** Deepest nesting that is walked through. */
const DEPTH_MAX = 16;
const OBJECT_END = 0x09;

/**
 * Where the AMF0 value at `from` ends, without reading it: linear time, nothing allocated, however large the value.
 * Null where the bytes end within it, or it is of an unknown type or nested too deeply.
 */
export function amf0ValueEnd(bytes: Buffer, from: number, depth = 0): number | null {
  const marker = bytes[from];
  const at = from + 1;
  switch (marker) {
    case 0x00:
      return within(bytes, at + 8);
    case 0x01:
      return within(bytes, at + 1);
    case 0x02:
      return at + 2 > bytes.length ? null : within(bytes, at + 2 + bytes.readUInt16BE(at));
    case 0x03:
      return entriesEnd(bytes, at, depth);
    case 0x05:
    case 0x06:
    case 0x0d:
      return at;
    case 0x07:
      return within(bytes, at + 2);
    case 0x08:
      return entriesEnd(bytes, at + 4, depth);
    case 0x0a:
      return itemsEnd(bytes, at, depth);
    case 0x0b:
      return within(bytes, at + 10);
    case 0x0c:
    case 0x0f:
      return at + 4 > bytes.length ? null : within(bytes, at + 4 + bytes.readUInt32BE(at));
    case 0x10:
      return at + 2 > bytes.length ? null : entriesEnd(bytes, at + 2 + bytes.readUInt16BE(at), depth);
    default:
      return null;
  }
}

const within = (bytes: Buffer, end: number): number | null => (end <= bytes.length ? end : null);

function entriesEnd(bytes: Buffer, from: number, depth: number): number | null {
  if (depth >= DEPTH_MAX) return null;
  let at = from;
  while (at + 2 <= bytes.length) {
    const valueAt = at + 2 + bytes.readUInt16BE(at);
    if (valueAt === at + 2 && bytes[valueAt] === OBJECT_END) return valueAt + 1;
    const end = amf0ValueEnd(bytes, valueAt, depth + 1);
    if (end === null) return null;
    at = end;
  }
  return null;
}

function itemsEnd(bytes: Buffer, from: number, depth: number): number | null {
  if (depth >= DEPTH_MAX || from + 4 > bytes.length) return null;
  const count = bytes.readUInt32BE(from);
  let at = from + 4;
  for (let i = 0; i < count; i += 1) {
    const end = amf0ValueEnd(bytes, at, depth + 1);
    if (end === null) return null;
    at = end;
  }
  return at;
}
