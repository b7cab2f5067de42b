import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { Opener, Sealer } from './envelope.js';

/** An Ed25519 key that is the same on every machine: 32 bytes in a PKCS #8 structure (RFC 8410). */
const key = createPrivateKey({
  key: Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    createHash('sha256').update('a key for tests').digest(),
  ]),
  format: 'der',
  type: 'pkcs8',
});
const publicKeyBytes = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
const MESSAGE = Buffer.from('some message');
const PURPOSE = Buffer.from('headwater/mesh/1/broadcast\0');

const envelopeOf = (signed: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.of(1), publicKeyBytes, sign(null, signed, key), MESSAGE]);

it('an envelope is signed over its purpose and its message, as one who knows only the format would', () => {
  // Ed25519 signatures are the same each time (RFC 8032).
  const expected = envelopeOf(Buffer.concat([PURPOSE, MESSAGE]));
  expect(Buffer.from(new Sealer(key, publicKeyBytes).seal(MESSAGE))).toEqual(expected);
  expect(new Opener().open(expected)).not.toBeNull();
});

it.each([
  ['no purpose', MESSAGE],
  ['another purpose', Buffer.concat([Buffer.from('noise-libp2p-static-key:'), MESSAGE])],
  ['the purpose without its end', Buffer.concat([PURPOSE.subarray(0, -1), MESSAGE])],
])('a signature over %s opens no envelope', (_, signed) => {
  expect(new Opener().open(envelopeOf(signed))).toBeNull();
});
