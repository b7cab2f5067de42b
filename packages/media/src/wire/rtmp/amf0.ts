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
  avmPlus: 0x11,
} as const;

/** Values one after the other, as commands and data messages hold them. */
export function encodeAmf0(...values: readonly AmfValue[]): Buffer {
  const writer = new Writer();
  for (const value of values) writer.value(value);
  return writer.bytes;
}

/** What most commands fit in, bytes. */
const WRITER_BYTES = 512;
/** Longest text of a plain string, and of a name, bytes. */
const SHORT_TEXT_MAX = 0xffff;

/** Writes into one buffer that grows: a buffer for each value would cost more than the values. */
class Writer {
  #bytes = Buffer.allocUnsafe(WRITER_BYTES);
  #at = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  value(value: AmfValue): void {
    if (typeof value === 'string') this.#string(value);
    else if (typeof value === 'number')
      this.#at = this.#marked(MARKER.number, 8).writeDoubleBE(value, this.#at);
    else if (typeof value === 'boolean')
      this.#at = this.#marked(MARKER.boolean, 1).writeUInt8(value ? 1 : 0, this.#at);
    else if (value === null) this.#marked(MARKER.null, 0);
    else if (value === undefined) this.#marked(MARKER.undefined, 0);
    else if (value instanceof AmfEcmaArray) {
      const count = Object.keys(value.entries).length;
      this.#at = this.#marked(MARKER.ecmaArray, 4).writeUInt32BE(count, this.#at);
      this.#entries(value.entries);
    } else if (isArray(value)) {
      this.#at = this.#marked(MARKER.strictArray, 4).writeUInt32BE(value.length, this.#at);
      for (const item of value) this.value(item);
    } else {
      this.#marked(MARKER.object, 0);
      this.#entries(value);
    }
  }

  /** Writes a type, and makes room for so many bytes after it, which are the caller's to write. */
  #marked(marker: number, more: number): Buffer {
    const bytes = this.#room(1 + more);
    bytes[this.#at] = marker;
    this.#at += 1;
    return bytes;
  }

  #string(text: string): void {
    const bytes = this.#marked(MARKER.string, 4 + maxBytes(text));
    const length = bytes.write(text, this.#at + 2, 'utf8');
    if (length <= SHORT_TEXT_MAX) {
      this.#at = bytes.writeUInt16BE(length, this.#at) + length;
      return;
    }
    bytes[this.#at - 1] = MARKER.longString;
    bytes.copyWithin(this.#at + 4, this.#at + 2, this.#at + 2 + length);
    this.#at = bytes.writeUInt32BE(length, this.#at) + length;
  }

  #entries(entries: AmfObject): void {
    for (const name of Object.keys(entries)) {
      const bytes = this.#room(2 + maxBytes(name));
      const length = Math.min(bytes.write(name, this.#at + 2, 'utf8'), SHORT_TEXT_MAX);
      this.#at = bytes.writeUInt16BE(length, this.#at) + length;
      this.value(entries[name]);
    }
    this.#at = this.#room(3).writeUIntBE(MARKER.objectEnd, this.#at, 3);
  }

  /** The buffer, with room for so many more bytes. */
  #room(count: number): Buffer {
    const needed = this.#at + count;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const maxBytes = (text: string): number => 3 * text.length;

function isArray(value: AmfValue): value is readonly AmfValue[] {
  return Array.isArray(value);
}

/**
 * All values of a message; those before the first that is AMF3 (AMF0 3.1, the avmplus-object-marker), which clients of that
 * encoding write for arguments that are objects. Throws `AmfError` where the bytes end early, name an unknown type, or are
 * over a limit.
 */
export function decodeAmf0(bytes: Buffer): AmfValue[] {
  const reader = new Reader(bytes);
  const values: AmfValue[] = [];
  while (!reader.isAtEnd && !reader.isAtAmf3) values.push(reader.value(0));
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

  get isAtAmf3(): boolean {
    return this.#bytes[this.#at] === MARKER.avmPlus;
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
