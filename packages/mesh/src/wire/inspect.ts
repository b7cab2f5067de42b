/** Deepest nesting of arrays that any message has, with room to grow. */
const DEPTH_MAX = 10;

/**
 * Why these bytes are not one well-formed msgpack value of the plain kinds (nil, booleans, numbers, text, binary,
 * arrays), or null where they are. Maps and extensions are not in our protocol and are refused, and so are lengths
 * greater than what is there: a decoder may allocate what a length says before it finds the bytes missing.
 *
 * Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function msgpackProblem(bytes: Uint8Array): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const left: number[] = [1];
  let at = 0;
  while (left.length > 0) {
    const depth = left.length - 1;
    if (left[depth] === 0) {
      left.pop();
      continue;
    }
    left[depth] = (left[depth] ?? 0) - 1;
    if (at >= bytes.length) return 'cut short';
    const type = bytes[at] as number;
    const lengthBytes = LENGTH_BYTES[type] ?? 0;
    if (at + 1 + lengthBytes > bytes.length) return 'cut short';
    const length =
      lengthBytes === 1
        ? view.getUint8(at + 1)
        : lengthBytes === 2
          ? view.getUint16(at + 1)
          : lengthBytes === 4
            ? view.getUint32(at + 1)
            : 0;
    at += 1 + lengthBytes;
    if (type < 0x80 || type >= 0xe0) continue; // fixint
    if (type < 0x90) return 'a map';
    if (type < 0xa0 || type === 0xdc || type === 0xdd) {
      const items = type < 0xa0 ? type & 0x0f : length;
      if (items > bytes.length - at) return 'an array longer than the message';
      if (left.length >= DEPTH_MAX) return 'nested too deep';
      left.push(items);
      continue;
    }
    if (type < 0xc0) at += type & 0x1f;
    else {
      const fixed = FIXED_BYTES[type];
      if (fixed === undefined) return `a type that no message has (0x${type.toString(16)})`;
      at += fixed + length;
    }
    if (at > bytes.length) return 'cut short';
  }
  return at === bytes.length ? null : 'followed by more bytes';
}

/** Size of the length field that follows the type: bin, str, array. */
const LENGTH_BYTES: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
};

/** Bytes that follow the type and its length field: nil, false, true, bin, floats, integers, str. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  192: 0,
  194: 0,
  195: 0,
  196: 0,
  197: 0,
  198: 0,
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
  217: 0,
  218: 0,
  219: 0,
};
