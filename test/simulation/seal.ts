import type { MemberId } from '@headwater/directory';

/** What somebody signs begins with what it is for, as the real envelope has it. */
const BROADCAST = Buffer.from('broadcast\0');
const PROOF = Buffer.from('proof\0');

/** First byte of an envelope, as the real one has it. */
const FORMAT = 1;
const ID_AT = 6;

const MASK = 0xffffffff;
const FNV_BASIS = 0x811c9dc5;

/** FNV-1a: any change shows. Not a signature: it only stands for one, since nobody here looks for a way around it. */
function checksum(bytes: Uint8Array, before = FNV_BASIS): number {
  let hash = before;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) & MASK;
  return hash >>> 0;
}

interface Unsealed {
  readonly author: MemberId;
  readonly message: Uint8Array;
}

/** Puts messages under their author's signature, and opens them. */
export class Sealing {
  readonly #purpose: Uint8Array;

  constructor(purpose: Uint8Array = BROADCAST) {
    this.#purpose = purpose;
  }

  /** Format (1 byte), checksum of the rest (4), length of the author's id (1), the id, the message. */
  seal(author: MemberId, message: Uint8Array): Uint8Array {
    return sealedFor(this.#purpose, author, message);
  }

  /** Null where something was changed, or it was signed for something else. */
  unseal(signedBytes: Uint8Array): Unsealed | null {
    const bytes = Buffer.from(signedBytes);
    if (bytes.byteLength < ID_AT || bytes[0] !== FORMAT) return null;
    const body = bytes.subarray(ID_AT - 1);
    if (bytes.readUInt32BE(1) !== checksum(body, checksum(this.#purpose))) return null;
    const end = ID_AT + (bytes[ID_AT - 1] ?? 0);
    return { author: bytes.subarray(ID_AT, end).toString(), message: bytes.subarray(end) };
  }
}

/** Whoever writes it is of a later version: no fault of who hands it on. */
export const isOfLaterFormat = (envelope: Uint8Array): boolean => (envelope[0] ?? 0) > FORMAT;

/** One that says of no signature what it is for: put in on purpose, to see that it is found. */
export const WITHOUT_PURPOSE = new Sealing(new Uint8Array(0));

/**
 * What a member signs for whoever asks it to prove who it is, such as in a handshake: the asker chooses the words. It
 * looks like a signedBytes message, and must not open as one.
 */
export const proofOf = (member: MemberId, challenge: Uint8Array, sealing: Sealing): Uint8Array =>
  sealedFor(sealing === WITHOUT_PURPOSE ? new Uint8Array(0) : PROOF, member, challenge);

function sealedFor(purpose: Uint8Array, author: MemberId, message: Uint8Array): Uint8Array {
  const id = Buffer.from(author);
  const signedBytes = Buffer.concat([Buffer.of(FORMAT, 0, 0, 0, 0, id.byteLength), id, message]);
  signedBytes.writeUInt32BE(checksum(signedBytes.subarray(ID_AT - 1), checksum(purpose)), 1);
  return signedBytes;
}
