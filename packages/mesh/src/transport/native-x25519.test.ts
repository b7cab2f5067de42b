import { pureJsCrypto } from '@libp2p/noise';
import { describe, expect, it } from 'vitest';
import { nativeX25519 } from './native-x25519.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'hex');

describe('nativeX25519', () => {
  it('gives what RFC 7748, section 5.2, says', () => {
    const privateKey = bytes('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
    const told = bytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
    const shared = nativeX25519().dh({ publicKey: new Uint8Array(32), privateKey }, told);
    expect(Buffer.from(shared).toString('hex')).toBe(
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    );
  });

  it('makes keys that the other implementation takes, again and again', () => {
    const native = nativeX25519();
    const [one, two] = [native.generateKeypair(), native.generateKeypair()];
    const other = pureJsCrypto.generateX25519KeyPair();
    for (let round = 0; round < 2; round += 1) {
      expect(native.dh(one, two.publicKey)).toEqual(native.dh(two, one.publicKey));
      expect(Buffer.from(native.dh(one, other.publicKey))).toEqual(
        Buffer.from(pureJsCrypto.generateX25519SharedKey(other.privateKey, one.publicKey)),
      );
    }
    expect(one.privateKey).toHaveLength(32);
  });

  it.each([0, 32])('derives keys as the other implementation does, from %i bytes', (length) => {
    const chainingKey = new Uint8Array(32).fill(7);
    const input = new Uint8Array(length).fill(9);
    const expected = pureJsCrypto.getHKDF(chainingKey, input);
    const derived = nativeX25519().hkdf(chainingKey, input);
    expect(derived.map((key) => Buffer.from(key))).toEqual(expected.map((key) => Buffer.from(key)));
  });
});
