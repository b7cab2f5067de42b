/**
 * AMF0 (Adobe, amf0-file-format-specification). node-media-server's own codec is not used: it miscounts ECMA arrays,
 * writes string lengths in characters, and has no bound on depth.
 */
export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | AmfObject
  | AmfEcmaArray
  | readonly AmfValue[];

export interface AmfObject {
  readonly [name: string]: AmfValue;
}

/** An object that goes out as an ECMA array; incoming ones are read as plain objects. */
export class AmfEcmaArray {
  readonly entries: AmfObject;

  constructor(entries: AmfObject) {
    this.entries = entries;
  }
}

/** The bytes are no AMF0, or over a limit. */
export class AmfError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AmfError';
  }
}

/** Deepest nesting that is read. */
export const AMF_DEPTH_MAX = 16;
/** Most values read of one message, nested ones counted. */
export const AMF_VALUES_MAX = 4096;

const MARKER = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
} as const;

/** Values one after the other, as commands and data messages hold them. */
export function encodeAmf0(...values: readonly AmfValue[]): Buffer {
  const parts: Buffer[] = [];
  for (const value of values) encodeValue(value, parts);
  return Buffer.concat(parts);
}

function encodeValue(value: AmfValue, parts: Buffer[]): void {
  if (value === null) parts.push(Buffer.of(MARKER.null));
  else if (value === undefined) parts.push(Buffer.of(MARKER.undefined));
  else if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    parts.push(bytes);
  } else if (typeof value === 'boolean') parts.push(Buffer.of(MARKER.boolean, value ? 1 : 0));
  else if (typeof value === 'string') encodeString(value, parts);
  else if (value instanceof AmfEcmaArray) {
    const head = Buffer.alloc(5);
    head[0] = MARKER.ecmaArray;
    head.writeUInt32BE(Object.keys(value.entries).length, 1);
    parts.push(head);
    encodeEntries(value.entries, parts);
  } else if (isArray(value)) {
    const head = Buffer.alloc(5);
    head[0] = MARKER.strictArray;
    head.writeUInt32BE(value.length, 1);
    parts.push(head);
    for (const item of value) encodeValue(item, parts);
  } else {
    parts.push(Buffer.of(MARKER.object));
    encodeEntries(value, parts);
  }
}

function isArray(value: AmfValue): value is readonly AmfValue[] {
  return Array.isArray(value);
}

function encodeString(value: string, parts: Buffer[]): void {
  const text = Buffer.from(value, 'utf8');
  const isLong = text.length > 0xffff;
  const head = Buffer.alloc(isLong ? 5 : 3);
  head[0] = isLong ? MARKER.longString : MARKER.string;
  if (isLong) head.writeUInt32BE(text.length, 1);
  else head.writeUInt16BE(text.length, 1);
  parts.push(head, text);
}

function encodeEntries(entries: AmfObject, parts: Buffer[]): void {
  for (const [name, value] of Object.entries(entries)) {
    const text = Buffer.from(name, 'utf8').subarray(0, 0xffff);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(text.length);
    parts.push(length, text);
    encodeValue(value, parts);
  }
  parts.push(Buffer.of(0, 0, MARKER.objectEnd));
}

/** All values of a message. Throws `AmfError` where the bytes end early, name an unknown type, or are over a limit. */
export function decodeAmf0(bytes: Buffer): AmfValue[] {
  const reader = new Reader(bytes);
  const values: AmfValue[] = [];
  while (!reader.isAtEnd) values.push(reader.value(0));
  return values;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #values = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(depth: number): AmfValue {
    if (depth > AMF_DEPTH_MAX) throw new AmfError(`values nested deeper than ${AMF_DEPTH_MAX}`);
    this.#values += 1;
    if (this.#values > AMF_VALUES_MAX)
      throw new AmfError(`more than ${AMF_VALUES_MAX} values in one message`);
    const marker = this.#take(1);
    switch (this.#bytes[marker]) {
      case MARKER.number:
        return this.#bytes.readDoubleBE(this.#take(8));
      case MARKER.boolean:
        return this.#bytes[this.#take(1)] !== 0;
      case MARKER.string:
        return this.#text(this.#uint16());
      case MARKER.longString:
      case MARKER.xmlDocument:
        return this.#text(this.#uint32());
      case MARKER.object:
        return this.#entries(depth);
      case MARKER.ecmaArray:
        this.#take(4);
        return this.#entries(depth);
      case MARKER.typedObject:
        this.#text(this.#uint16());
        return this.#entries(depth);
      case MARKER.strictArray:
        return this.#items(this.#uint32(), depth);
      case MARKER.date: {
        const time = this.#bytes.readDoubleBE(this.#take(8));
        this.#take(2);
        return time;
      }
      case MARKER.reference:
        this.#take(2);
        return undefined;
      case MARKER.null:
        return null;
      case MARKER.undefined:
      case MARKER.unsupported:
        return undefined;
      default:
        throw new AmfError(`unknown type ${this.#bytes[marker]} at byte ${marker}`);
    }
  }

  #entries(depth: number): AmfObject {
    // No prototype: `__proto__` is a name like any other.
    const entries: Record<string, AmfValue> = Object.create(null);
    for (;;) {
      const name = this.#text(this.#uint16());
      if (name === '' && this.#bytes[this.#at] === MARKER.objectEnd) {
        this.#at += 1;
        return entries;
      }
      entries[name] = this.value(depth + 1);
    }
  }

  #items(count: number, depth: number): AmfValue[] {
    const items: AmfValue[] = [];
    for (let i = 0; i < count; i += 1) items.push(this.value(depth + 1));
    return items;
  }

  #uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  #uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  #text(length: number): string {
    const at = this.#take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** Moves on by so many bytes and returns where they begin. */
  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length)
      throw new AmfError(`the message ends within a value, at byte ${at}`);
    this.#at = at + length;
    return at;
  }
}

/** The entries of an object, or null where the value is none. */
export function amfObject(value: AmfValue): AmfObject | null {
  if (typeof value !== 'object' || value === null || isArray(value)) return null;
  return value instanceof AmfEcmaArray ? value.entries : value;
}
