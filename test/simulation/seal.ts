import type { MemberId } from '@headwater/directory';

/** What somebody signs begins with what it is for, as the real envelope has it. */
const BROADCAST = Buffer.from('broadcast\0');
const PROOF = Buffer.from('proof\0');

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

  /** Checksum (4 bytes), length of the author's id (1), the id, the message. */
  seal(author: MemberId, message: Uint8Array): Uint8Array {
    return sealedFor(this.#purpose, author, message);
  }

  /** Null where something was changed, or it was signed for something else. */
  unseal(sealed: Uint8Array): Unsealed | null {
    const bytes = Buffer.from(sealed);
    if (bytes.byteLength < 5) return null;
    const body = bytes.subarray(4);
    if (bytes.readUInt32BE() !== checksum(body, checksum(this.#purpose))) return null;
    const end = 5 + (bytes[4] ?? 0);
    return { author: bytes.subarray(5, end).toString(), message: bytes.subarray(end) };
  }
}

/** One that says of no signature what it is for: put in on purpose, to see that it is found. */
export const WITHOUT_PURPOSE = new Sealing(new Uint8Array(0));

/**
 * What a member signs for whoever asks it to prove who it is, such as in a handshake: the asker chooses the words. It
 * looks like a sealed message, and must not open as one.
 */
export const proofOf = (member: MemberId, challenge: Uint8Array, sealing: Sealing): Uint8Array =>
  sealedFor(sealing === WITHOUT_PURPOSE ? new Uint8Array(0) : PROOF, member, challenge);

function sealedFor(purpose: Uint8Array, author: MemberId, message: Uint8Array): Uint8Array {
  const id = Buffer.from(author);
  const sealed = Buffer.concat([Buffer.alloc(4), Buffer.of(id.byteLength), id, message]);
  sealed.writeUInt32BE(checksum(sealed.subarray(4), checksum(purpose)));
  return sealed;
}
