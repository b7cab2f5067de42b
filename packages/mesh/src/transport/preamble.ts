import { MESH_KEYS_MAX } from '../mesh-key.js';

/**
 * What a connection between members begins with, in the open: multistream-select
 * (https://github.com/multiformats/multistream-select), each line with its length before it. Both sides say its name; then
 * the dialling side names the keys it holds, one by one, and the other answers each with `na` until it holds one too and
 * says it back. What follows is noise, with lengths of two bytes, and then encrypted.
 */
const HEADER = Buffer.from('\x13/multistream/1.0.0\n');
const NOT_AVAILABLE = Buffer.from('\x03na\n');

/** The protocol that stands for noise with this key. */
export const noiseProtocol = (keyId: string): string => `/noise/${keyId}`;

const offerOf = (keyId: string): Buffer => {
  const line = Buffer.from(`${noiseProtocol(keyId)}\n`);
  return Buffer.concat([Buffer.of(line.length), line]);
};

/** A line without its length. */
const OFFER = /^\/noise\/[0-9a-f]{16}\n$/;
const OFFER_BYTES = offerOf('0'.repeat(16)).length;

/**
 * `more`: not over, and right so far. `agreed`: both hold a key; all further bytes are noise. `refused`: the other side
 * holds none of our keys. `strange`: no member speaks so.
 */
export type PreambleState = 'more' | 'agreed' | 'refused' | 'strange';

/**
 * Reads the preamble of the other side. It never holds more than one unfinished line, and what it lets through is short:
 * libp2p reads the lengths in this part byte by byte, anew each time; 100 kB of 0xff, from anybody, took it half a second.
 */
export class Preamble {
  readonly #ownIds: readonly string[];
  readonly #isDialler: boolean;
  #line = Buffer.alloc(0);
  #hasHeader = false;
  #unknown = 0;

  /** `ownIds`: of our keys, in the order in which they are offered. */
  constructor(ownIds: readonly string[], isDialler: boolean) {
    this.#ownIds = ownIds;
    this.#isDialler = isDialler;
  }

  /** Keys that one side offered and the other does not hold. */
  get unknown(): number {
    return this.#unknown;
  }

  push(data: Uint8Array): PreambleState {
    let rest = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    while (rest.length > 0) {
      const wanted = this.#lineBytes(this.#line[0] ?? (rest[0] as number));
      if (wanted === 0) return 'strange';
      const taken = wanted - this.#line.length;
      this.#line = Buffer.concat([this.#line, rest.subarray(0, taken)]);
      rest = rest.subarray(taken);
      if (this.#line.length < wanted) return 'more';
      const state = this.#read(this.#line);
      this.#line = Buffer.alloc(0);
      if (state !== 'more') return state;
    }
    return 'more';
  }

  /** How long a line is whose first byte is this one; 0: none begins so here. */
  #lineBytes(first: number): number {
    if (!this.#hasHeader) return first === HEADER[0] ? HEADER.length : 0;
    if (first === NOT_AVAILABLE[0] && this.#isDialler) return NOT_AVAILABLE.length;
    return first === OFFER_BYTES - 1 ? OFFER_BYTES : 0;
  }

  #read(line: Buffer): PreambleState {
    if (!this.#hasHeader) {
      this.#hasHeader = true;
      return line.equals(HEADER) ? 'more' : 'strange';
    }
    if (this.#isDialler) return this.#answered(line);
    if (!OFFER.test(line.toString('latin1', 1))) return 'strange';
    if (this.#ownIds.some((id) => offerOf(id).equals(line))) return 'agreed';
    this.#unknown += 1;
    return this.#unknown > MESH_KEYS_MAX ? 'strange' : 'more';
  }

  #answered(line: Buffer): PreambleState {
    if (!line.equals(NOT_AVAILABLE)) {
      const offered = this.#ownIds[this.#unknown];
      return offered !== undefined && offerOf(offered).equals(line) ? 'agreed' : 'strange';
    }
    this.#unknown += 1;
    return this.#unknown < this.#ownIds.length ? 'more' : 'refused';
  }
}
