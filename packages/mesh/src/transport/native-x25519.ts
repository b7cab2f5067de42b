import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';

interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

/** Bytes in one piece or several (`Uint8ArrayList`). */
interface Bytes {
  subarray(): Uint8Array;
}

/** The part of `@libp2p/noise`'s crypto that is replaced here; not in its interface, so its presence is checked. */
export interface NoiseCrypto {
  generateKeypair(): KeyPair;
  dh(pair: KeyPair, publicKey: Bytes): Uint8Array;
  hkdf(chainingKey: Uint8Array, input: Uint8Array): [Uint8Array, Uint8Array, Uint8Array];
}

/** What stands before the 32 bytes of a key in DER (RFC 8410). */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b656e032100', 'hex');

/**
 * Diffie-Hellman over X25519 and HKDF-SHA256, as noise needs them, by OpenSSL alone. `@libp2p/noise` takes each key through
 * its encoding anew, three times per handshake, which cost 1.6 ms, and has HKDF in JavaScript, which is slow in a member that
 * has just started.
 */
export function nativeX25519(): NoiseCrypto {
  const privateKeys = new WeakMap<Uint8Array, KeyObject>();
  const publicKeys = new WeakMap<Bytes, KeyObject>();
  return {
    generateKeypair() {
      const { publicKey, privateKey } = generateKeyPairSync('x25519');
      const bytes = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(PRIVATE_HEAD.length);
      privateKeys.set(bytes, privateKey);
      const told = publicKey.export({ type: 'spki', format: 'der' }).subarray(PUBLIC_HEAD.length);
      return { publicKey: told, privateKey: bytes };
    },
    dh(pair, told) {
      let privateKey = privateKeys.get(pair.privateKey);
      if (privateKey === undefined) {
        const key = Buffer.concat([PRIVATE_HEAD, pair.privateKey]);
        privateKey = createPrivateKey({ key, type: 'pkcs8', format: 'der' });
        privateKeys.set(pair.privateKey, privateKey);
      }
      let publicKey = publicKeys.get(told);
      if (publicKey === undefined) {
        const key = Buffer.concat([PUBLIC_HEAD, told.subarray()]);
        publicKey = createPublicKey({ key, type: 'spki', format: 'der' });
        publicKeys.set(told, publicKey);
      }
      return diffieHellman({ privateKey, publicKey });
    },
    hkdf(chainingKey, input) {
      const bytes = new Uint8Array(hkdfSync('sha256', input, chainingKey, '', 96));
      return [bytes.subarray(0, 32), bytes.subarray(32, 64), bytes.subarray(64, 96)];
    },
  };
}
