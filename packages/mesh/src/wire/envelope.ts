import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { MemberId } from '@headwater/directory';
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { MEMBERS_MAX, MESSAGE_BYTES_MAX } from '../core/limits.js';

/**
 * A broadcast message under its author's signature, so that it may go through anybody's hands:
 * format (1 byte, 1), author's Ed25519 public key (32), signature (64), message. Signed is `PURPOSE` and the message.
 * The author's id is made from the key, so no other member's name can be put on it.
 */
const FORMAT = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const MESSAGE_AT = 1 + KEY_BYTES + SIGNATURE_BYTES;

/** What the key signs begins with this, so that no signature made for something else can be used here. */
const PURPOSE = Buffer.from('headwater/mesh/1/broadcast\0');

export const ENVELOPE_BYTES_MAX = MESSAGE_AT + MESSAGE_BYTES_MAX;

/** Authors whose keys are remembered: beyond that all are read anew. */
export const AUTHORS_MAX = 2 * MEMBERS_MAX;

/** An Ed25519 key as a PKCS or SPKI structure: this and the 32 bytes (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Formats up to this one are kept for later versions; no envelope ever begins with a greater byte. */
const FORMAT_MAX = 15;

/** Whether a later version may have made this envelope: it can't be checked here, which is nobody's offence. */
export function isOfLaterFormat(envelope: Uint8Array): boolean {
  const [format = 0] = envelope;
  return envelope.byteLength <= ENVELOPE_BYTES_MAX && format > FORMAT && format <= FORMAT_MAX;
}

export interface Opened {
  readonly author: MemberId;
  readonly message: Uint8Array;
}

/** Puts this member's messages under its signature. About 50 us each. */
export class Sealer {
  readonly #key: KeyObject;
  readonly #head: Buffer;

  constructor(privateKey: KeyObject, publicKeyBytes: Uint8Array) {
    this.#key = privateKey;
    this.#head = Buffer.concat([Buffer.of(FORMAT), publicKeyBytes]);
  }

  seal(message: Uint8Array): Uint8Array {
    return Buffer.concat([this.#head, sign(null, Buffer.concat([PURPOSE, message]), this.#key), message]);
  }
}

/** Checks and opens others' envelopes. About 75 us each. Remembers the keys of as many authors as there may be members. */
export class Opener {
  readonly #authors = new Map<string, { readonly id: MemberId; readonly key: KeyObject }>();

  /** Whoever hands on envelopes may make up authors: no more than `AUTHORS_MAX`. */
  get authors(): number {
    return this.#authors.size;
  }

  /** Null where it is no envelope, or the signature is not the author's. */
  open(envelope: Uint8Array): Opened | null {
    if (envelope.byteLength <= MESSAGE_AT || envelope.byteLength > ENVELOPE_BYTES_MAX) return null;
    if (envelope[0] !== FORMAT) return null;
    const author = this.#author(envelope.subarray(1, 1 + KEY_BYTES));
    if (author === null) return null;
    const message = envelope.subarray(MESSAGE_AT);
    const signature = envelope.subarray(1 + KEY_BYTES, MESSAGE_AT);
    const isGenuine = verify(null, Buffer.concat([PURPOSE, message]), author.key, signature);
    return isGenuine ? { author: author.id, message } : null;
  }

  #author(keyBytes: Uint8Array): { readonly id: MemberId; readonly key: KeyObject } | null {
    const name = Buffer.from(keyBytes).toString('base64');
    const known = this.#authors.get(name);
    if (known) return known;
    try {
      const key = createPublicKey({
        key: Buffer.concat([SPKI_PREFIX, keyBytes]),
        format: 'der',
        type: 'spki',
      });
      const publicKey = publicKeyFromRaw(Uint8Array.from(keyBytes));
      const author = { id: peerIdFromPublicKey(publicKey).toString(), key };
      if (this.#authors.size >= AUTHORS_MAX) this.#authors.clear();
      this.#authors.set(name, author);
      return author;
    } catch {
      return null;
    }
  }
}
