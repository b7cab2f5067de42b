import type { MemberId } from '@headwater/directory';

const MASK = 0xffffffff;

/** FNV-1a: any change shows. Not a signature: it only stands for one, since nobody here looks for a way around it. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) & MASK;
  return hash >>> 0;
}

/** A message under its author's signature: checksum (4 bytes), length of the author's id (1), the id, the message. */
export function seal(author: MemberId, message: Uint8Array): Uint8Array {
  const id = Buffer.from(author);
  const signedBytes = Buffer.concat([Buffer.alloc(4), Buffer.of(id.byteLength), id, message]);
  signedBytes.writeUInt32BE(checksum(signedBytes.subarray(4)));
  return signedBytes;
}

/** Null where something was changed. */
export function unseal(
  signedBytes: Uint8Array,
): { readonly author: MemberId; readonly message: Uint8Array } | null {
  const bytes = Buffer.from(signedBytes);
  if (bytes.byteLength < 5 || bytes.readUInt32BE() !== checksum(bytes.subarray(4))) return null;
  const end = 5 + (bytes[4] ?? 0);
  return { author: bytes.subarray(5, end).toString(), message: bytes.subarray(end) };
}
