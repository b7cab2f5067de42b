/**
 * As much of AMF0 (Adobe's "Action Message Format -- AMF 0") as RTMP commands use. Written for the tests alone, so that
 * the product's own coder is checked by another.
 */
export type AmfValue = number | boolean | string | null | undefined | readonly AmfValue[] | AmfObject;

export interface AmfObject {
  readonly [name: string]: AmfValue;
}

/** The entries of an object; null where the value is none. */
export function amfObject(value: AmfValue): AmfObject | null {
  return typeof value === 'object' && value !== null && !isArray(value) ? value : null;
}

/** `Array.isArray`, which does not tell readonly arrays from objects. */
function isArray(value: AmfValue): value is readonly AmfValue[] {
  return Array.isArray(value);
}

export function encodeAmf(...values: AmfValue[]): Buffer {
  return Buffer.concat(values.map(encodeValue));
}

function encodeValue(value: AmfValue): Buffer<ArrayBufferLike> {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'boolean') return Buffer.from([1, value ? 1 : 0]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([2]), utf8(value)]);
  if (value === null) return Buffer.from([5]);
  if (value === undefined) return Buffer.from([6]);
  if (isArray(value)) {
    const count = Buffer.alloc(5);
    count[0] = 10;
    count.writeUInt32BE(value.length, 1);
    return Buffer.concat([count, ...value.map(encodeValue)]);
  }
  const parts: Buffer[] = [Buffer.from([3])];
  for (const [name, property] of Object.entries(value)) parts.push(utf8(name), encodeValue(property));
  return Buffer.concat([...parts, Buffer.from([0, 0, 9])]);
}

function utf8(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** All values up to the end; throws where the bytes are no AMF0. */
export function decodeAmf(bytes: Buffer): AmfValue[] {
  let at = 0;
  const text = (): string => {
    const length = bytes.readUInt16BE(at);
    at += 2 + length;
    return bytes.toString('utf8', at - length, at);
  };
  const properties = (): { [name: string]: AmfValue } => {
    const object: { [name: string]: AmfValue } = {};
    for (;;) {
      const name = text();
      if (name === '' && bytes[at] === 9) {
        at += 1;
        return object;
      }
      object[name] = value();
    }
  };
  const value = (): AmfValue => {
    const marker = bytes.readUInt8(at);
    at += 1;
    switch (marker) {
      case 0:
        at += 8;
        return bytes.readDoubleBE(at - 8);
      case 1:
        at += 1;
        return bytes[at - 1] !== 0;
      case 2:
        return text();
      case 3:
        return properties();
      case 5:
        return null;
      case 6:
        return undefined;
      case 8:
        at += 4;
        return properties();
      case 10: {
        const count = bytes.readUInt32BE(at);
        at += 4;
        return Array.from({ length: count }, value);
      }
      default:
        throw new Error(`AMF0 marker ${marker} at ${at - 1} of ${bytes.toString('hex')}`);
    }
  };
  const values: AmfValue[] = [];
  while (at < bytes.length) values.push(value());
  return values;
}
