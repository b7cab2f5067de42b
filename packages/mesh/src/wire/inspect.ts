/** Deepest nesting of arrays and maps: part of the contract (docs/wire.md), so it never shrinks and never grows. */
const DEPTH_MAX = 16;

/** Where something is in some bytes: from `start` to before `end`. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Inspection {
  /** Why the bytes are not one well-formed msgpack value; null where they are. */
  readonly problem: string | null;
  /** Maps and extensions, the outermost ones, in their order: no field of version 1 has any. */
  readonly foreign: readonly Span[];
}

/**
 * Looks through msgpack without making anything of it, so that nothing is allocated for what is not there: a decoder may
 * allocate what a length says before it finds the bytes missing.
 *
 * Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function inspect(bytes: Uint8Array): Inspection {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const foreign: Span[] = [];
  const left: number[] = [1];
  /** The outermost map that is open: where it began, and how deep its values are. */
  let map: { readonly start: number; readonly depth: number } | null = null;
  let at = 0;
  while (left.length > 0) {
    const depth = left.length - 1;
    if (left[depth] === 0) {
      left.pop();
      if (map?.depth !== depth) continue;
      foreign.push({ start: map.start, end: at });
      map = null;
      continue;
    }
    left[depth] = (left[depth] ?? 0) - 1;
    if (at >= bytes.length) return broken('cut short');
    const start = at;
    const type = bytes[at] as number;
    const lengthBytes = LENGTH_BYTES[type] ?? 0;
    if (at + 1 + lengthBytes > bytes.length) return broken('cut short');
    const length = lengthOf(view, at + 1, lengthBytes);
    at += 1 + lengthBytes;
    if (type < 0x80 || type >= 0xe0) continue; // fixint
    const isMap = type < 0x90 || type === 0xde || type === 0xdf;
    if (isMap || type < 0xa0 || type === 0xdc || type === 0xdd) {
      const items = (type < 0xa0 ? type & 0x0f : length) * (isMap ? 2 : 1);
      if (items > bytes.length - at) return broken('an array longer than the message');
      if (left.length > DEPTH_MAX) return broken('nested too deep');
      left.push(items);
      if (isMap) map ??= { start, depth: left.length - 1 };
      continue;
    }
    if (type < 0xc0) at += type & 0x1f;
    else {
      const fixed = FIXED_BYTES[type];
      if (fixed === undefined) return broken(`a type that msgpack has not (0x${type.toString(16)})`);
      at += fixed + length;
    }
    if (at > bytes.length) return broken('cut short');
    if (map === null && isExtension(type)) foreign.push({ start, end: at });
  }
  return at === bytes.length ? { problem: null, foreign } : broken('followed by more bytes');
}

const broken = (problem: string): Inspection => ({ problem, foreign: [] });

const NIL = Buffer.of(0xc0);

/** The same value with nil in place of what is foreign: the decoder never sees any of it. */
export function withoutForeign(bytes: Uint8Array, foreign: readonly Span[]): Uint8Array {
  if (foreign.length === 0) return bytes;
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of foreign) {
    pieces.push(bytes.subarray(at, start), NIL);
    at = end;
  }
  return Buffer.concat([...pieces, bytes.subarray(at)]);
}

function lengthOf(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at);
  return bytes === 4 ? view.getUint32(at) : 0;
}

const isExtension = (type: number): boolean =>
  (type >= 0xc7 && type <= 0xc9) || (type >= 0xd4 && type <= 0xd8);

/** Size of the length field that follows the type: bin, ext, str, array, map. */
const LENGTH_BYTES: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  199: 1,
  200: 2,
  201: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
};

/** Bytes that follow the type and its length field: nil, false, true, bin, ext, floats, integers, fixext, str. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  192: 0,
  194: 0,
  195: 0,
  196: 0,
  197: 0,
  198: 0,
  199: 1,
  200: 1,
  201: 1,
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
  212: 2,
  213: 3,
  214: 5,
  215: 9,
  216: 17,
  217: 0,
  218: 0,
  219: 0,
};
