import { generateKeyPair } from '@libp2p/crypto/keys';
import type { ConnectionEncrypter, Upgrader } from '@libp2p/interface';
import type { NoiseComponents } from '@libp2p/noise';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MeshKey } from '../derived-key.js';
import { meshKeys } from '../mesh-key.js';
import { KeyRing } from './key-ring.js';
import { silentLogger } from './silent-logger.js';

const [A, B, C] = meshKeys(
  ['a', 'b', 'c'].map((letter) => letter.repeat(32)),
  '127.0.0.1',
) as [MeshKey, MeshKey, MeshKey];
const nameOf = ({ id }: MeshKey): string => `/noise/${id}`;
const unheard = { undecryptable() {}, brokenOff() {}, answered() {} };

let components: NoiseComponents;
/** What libp2p offers, and looks at anew for each connection. */
let offered: Map<string, ConnectionEncrypter>;
let ring: KeyRing;
beforeAll(async () => {
  const privateKey = await generateKeyPair('Ed25519');
  const upgrader = { getConnectionEncrypters: () => offered } as unknown as Upgrader;
  components = { peerId: peerIdFromPrivateKey(privateKey), privateKey, upgrader, logger: silentLogger };
});
beforeEach(() => {
  offered = new Map();
  ring = new KeyRing([A, B], unheard);
});

/** As libp2p does when it is made. */
function make(): void {
  for (const encrypter of ring.encrypters()) {
    const made = encrypter(components);
    offered.set(made.protocol, made);
  }
  ring.service(components);
}

describe('KeyRing', () => {
  it('offers its keys in their order', () => {
    make();
    expect([...offered.keys()]).toEqual([nameOf(A), nameOf(B)]);
    expect(ring.ids).toEqual([A.id, B.id]);
  });

  it('replaces them for all connections to come, in their new order', () => {
    make();
    const before = offered.get(nameOf(B));
    ring.replace([C, B]);
    expect([...offered.keys()]).toEqual([nameOf(C), nameOf(B)]);
    expect([...offered].every(([name, { protocol }]) => name === protocol)).toBe(true);
    expect(offered.get(nameOf(B))).not.toBe(before);
    expect(ring.ids).toEqual([C.id, B.id]);
  });

  it('can be replaced again and again', () => {
    make();
    for (const keys of [[B], [C, A], [A]]) {
      ring.replace(keys);
      expect([...offered.keys()]).toEqual(keys.map(nameOf));
    }
  });

  it('keeps what it has where libp2p is not made yet', () => {
    expect(() => ring.replace([C])).toThrow('libp2p is not made yet');
    expect(ring.ids).toEqual([A.id, B.id]);
  });
});
