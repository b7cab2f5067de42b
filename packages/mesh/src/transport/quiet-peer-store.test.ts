import type { PeerData, PeerId, PeerStore } from '@libp2p/interface';
import { describe, expect, it } from 'vitest';
import { quiet } from './quiet-peer-store.js';

const id = { toString: () => 'peer' } as PeerId;
const data: PeerData = { protocols: ['/meshsub/1.2.0'], metadata: { version: Buffer.of(1) } };

/** One that writes down what it is told. */
function storeWith(written: unknown[]): PeerStore {
  const write = (...args: unknown[]): Promise<never> => {
    written.push(args);
    return Promise.reject(new Error('the disk is full'));
  };
  return { merge: write, patch: write, save: write, get: write } as unknown as PeerStore;
}

describe('a quiet store', () => {
  it.each(['merge', 'patch', 'save'] as const)(
    'takes what it is to %s, and writes nothing down',
    async (how) => {
      const written: unknown[] = [];
      const store = storeWith(written);
      quiet(store);
      expect(await store[how](id, data)).toEqual({
        id,
        addresses: [],
        protocols: [],
        metadata: new Map(),
        tags: new Map(),
      });
      expect(written).toEqual([]);
    },
  );

  it('finds nobody, as libp2p expects to be told', async () => {
    const store = storeWith([]);
    quiet(store);
    await store.merge(id, data);
    await expect(store.get(id)).rejects.toMatchObject({
      name: 'NotFoundError',
      message: 'nobody is written down',
    });
  });
});
