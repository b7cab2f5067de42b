import { type AmfValue, encodeAmf } from '@headwater/testing/amf0';
import type { Random } from '@headwater/testing/random';
import { awkwardQuery } from './auth-grammar.js';
import { awkward32 } from './awkward.js';
import { mediaPayload } from './media-grammar.js';
import type { Session } from './session.js';

const C0C1 = Buffer.concat([Buffer.of(3), Buffer.alloc(1536)]);
const C2 = Buffer.alloc(1536);
const MESSAGES_MAX = 24;
const DEPTH_MAX = 24;
const CHUNK_STREAMS = [2, 3, 3, 3, 4, 5, 6, 8, 63, 64, 65, 319, 320, 321, 576, 65_599];
/** RTMP 1.0, 5.4 and 7.1, and some that are none. */
const TYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 9, 15, 16, 17, 18, 18, 19, 20, 20, 20, 20, 22, 23, 255];
const COMMANDS = [
  'connect', 'createStream', 'publish', 'play', 'play2', 'deleteStream', 'closeStream', 'FCPublish', 'FCUnpublish',
  'releaseStream', 'getStreamLength', '_checkbw', '_result', '_error', 'onStatus', 'pause', 'seek', 'receiveAudio',
  'receiveVideo', '@setDataFrame', 'onMetaData', 'toString', '__proto__', '', 'x',
]; // biome-ignore format: one paragraph of words
const KEYS = [
  'app',
  'tcUrl',
  'flashVer',
  'objectEncoding',
  'fourCcList',
  'capsEx',
  'srs_sig',
  '__proto__',
  'x',
  '',
];

/** A session made of RTMP's grammar: well-formed up to a point, and then less and less. */
export function rtmpFromGrammar(random: Random, index: number): Session {
  const peer = new Peer(random);
  const writes: Buffer[] = [C0C1, C2];
  const name = `g${index % 1000}`;
  if (random.chance(0.7)) {
    const app = random.oneOf(['live', 'live', 'guarded', 'hooked', 'renamed']);
    const query = app === 'live' ? '' : `?${awkwardQuery(random)}`;
    const tcUrl = `rtmp://${random.oneOf(['', 'user:pass@', '%zz:@'])}127.0.0.1/${app}${random.oneOf(['', query])}`;
    const object = { app: `${app}${random.oneOf(['', query])}`, tcUrl, ...extras(random) };
    writes.push(peer.message(20, encodeAmf('connect', 1, object), { isHonest: true }));
    writes.push(peer.message(20, encodeAmf('createStream', 2, null), { isHonest: true }));
    const what = random.oneOf(['publish', 'publish', 'play', 'none']);
    if (what !== 'none')
      writes.push(
        peer.message(20, encodeAmf(what, 3, null, `${name}${random.oneOf(['', query])}`, 'live'), {
          isHonest: true,
        }),
      );
  }
  for (let i = random.below(MESSAGES_MAX); i >= 0; i -= 1) {
    const type = random.oneOf(TYPES);
    const payload = payloadOf(random, type);
    writes.push(random.chance(0.05) ? random.bytes(random.below(200)) : peer.message(type, payload));
  }
  return {
    port: 'rtmp',
    made: 'rtmp grammar',
    writes: random.chance(0.3) ? [Buffer.concat(writes)] : writes,
    end: random.oneOf(['finish', 'reset', 'reset', 'stay', 'deaf']),
  };
}

function extras(random: Random): { readonly [name: string]: AmfValue } {
  if (random.chance(0.5)) return {};
  return {
    [random.oneOf(KEYS)]: value(random, 0),
    fourCcList: ['hvc1', value(random, 3)],
    capsEx: awkward32(random),
  };
}

/** Writes chunks as a client does, lying now and then. */
class Peer {
  readonly #random: Random;
  readonly #known = new Set<number>();
  #chunkBytes = 128;

  constructor(random: Random) {
    this.#random = random;
  }

  message(type: number, payload: Buffer, { isHonest = false } = {}): Buffer {
    const random = this.#random;
    const id = isHonest ? 3 : random.oneOf(CHUNK_STREAMS);
    const format = isHonest
      ? 0
      : this.#known.has(id) || random.chance(0.05)
        ? random.below(4)
        : random.below(2);
    this.#known.add(id);
    const time = isHonest ? 0 : awkward32(random);
    const length = isHonest || random.chance(0.9) ? payload.length : awkward32(random) & 0xffffff;
    const isExtended = time >= 0xffffff;
    const extended = Buffer.alloc(isExtended && !random.chance(0.05) ? 4 : 0);
    if (extended.length === 4) extended.writeUInt32BE(time);
    const header = Buffer.alloc([11, 7, 3, 0][format] ?? 0);
    if (format < 3) header.writeUIntBE(isExtended ? 0xffffff : time, 0, 3);
    if (format < 2) {
      header.writeUIntBE(length, 3, 3);
      header[6] = type;
    }
    if (format === 0) header.writeUInt32LE(random.chance(0.9) ? 1 : awkward32(random), 7);
    const parts: Buffer[] = [this.#basic(format, id), header, extended];
    for (let at = 0; at < payload.length; at += this.#chunkBytes) {
      if (at > 0) parts.push(this.#basic(3, id), random.chance(0.8) ? extended : Buffer.alloc(0));
      parts.push(payload.subarray(at, at + this.#chunkBytes));
    }
    if (type === 1 && payload.length >= 4) this.#chunkBytes = Math.min(65_536, payload.readUInt32BE() || 128);
    const bytes = Buffer.concat(parts);
    return isHonest || random.chance(0.93) ? bytes : bytes.subarray(0, random.below(bytes.length + 1));
  }

  /** RTMP 1.0, 5.3.1.1, in any form that can hold the id. */
  #basic(format: number, id: number): Buffer {
    const top = format << 6;
    if (id < 64) return Buffer.of(top | id);
    if (id < 320 && this.#random.chance(0.8)) return Buffer.of(top, id - 64);
    return Buffer.of(top | 1, (id - 64) & 0xff, (id - 64) >> 8);
  }
}

function payloadOf(random: Random, type: number): Buffer {
  if (random.chance(0.05)) return random.bytes(random.below(300));
  switch (type) {
    case 8:
    case 9:
      return mediaPayload(random, type);
    case 1:
      return uint32s(random, random.chance(0.7) ? [128, 256, 4096, 60_000] : null, 0);
    case 2:
      return uint32s(random, CHUNK_STREAMS, 0);
    case 3:
    case 5:
      return uint32s(random, null, 0);
    case 6:
      return uint32s(random, null, 1);
    case 4:
      return Buffer.concat([Buffer.of(0, random.below(40)), uint32s(random, null, random.oneOf([0, 4]))]);
    case 22:
      return aggregate(random);
    case 15:
    case 17:
      return Buffer.concat([Buffer.of(random.oneOf([0, 0, 0, 3, 0x11])), commandPayload(random)]);
    default:
      return commandPayload(random);
  }
}

function uint32s(random: Random, likely: readonly number[] | null, more: number): Buffer {
  const bytes = Buffer.alloc(4 + more);
  bytes.writeUInt32BE(likely === null ? awkward32(random) : random.oneOf(likely));
  return random.chance(0.9) ? bytes : bytes.subarray(0, random.below(5));
}

/** RTMP 1.0, 7.1.6. */
function aggregate(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let i = random.below(6); i >= 0; i -= 1) {
    const type = random.oneOf([8, 9, 18, 20, 22, 1]);
    const payload = type === 22 ? random.bytes(20) : payloadOf(random, type).subarray(0, 500);
    const head = Buffer.alloc(11);
    head[0] = type;
    head.writeUIntBE(random.chance(0.9) ? payload.length : awkward32(random) & 0xffffff, 1, 3);
    head.writeUInt32BE(awkward32(random), 4);
    parts.push(head, payload, Buffer.alloc(random.chance(0.9) ? 4 : 1));
  }
  return Buffer.concat(parts);
}

function commandPayload(random: Random): Buffer {
  const values: AmfValue[] = [random.oneOf(COMMANDS), random.oneOf([0, 1, 2, 3, -1, Number.NaN, 1e300])];
  for (let i = random.below(4); i >= 0; i -= 1) values.push(value(random, 0));
  const bytes = encodeAmf(...values);
  if (random.chance(0.8)) return bytes;
  const at = random.below(bytes.length + 1);
  return random.chance(0.5)
    ? bytes.subarray(0, at)
    : Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(20)), bytes.subarray(at)]);
}

/** An AMF tree; now and then as deep as a list of brackets. */
function value(random: Random, depth: number): AmfValue {
  if (depth < DEPTH_MAX && random.chance(depth === 0 ? 0.4 : 0.55)) {
    if (random.chance(0.3)) return [value(random, depth + 1)];
    const object: Record<string, AmfValue> = Object.create(null);
    for (let i = random.below(3); i >= 0; i -= 1) object[random.oneOf(KEYS)] = value(random, depth + 1);
    return object;
  }
  return random.pick<AmfValue>([
    null,
    undefined,
    0,
    -0,
    Number.NaN,
    true,
    '',
    'live',
    'a'.repeat(300),
    '../..',
    '\u0000',
  ]);
}
