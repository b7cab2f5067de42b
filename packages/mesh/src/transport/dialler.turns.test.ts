import { awaitCondition } from '@headwater/testing/await-condition';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { diallerIn, namesOf, settled } from '../testing/network-of-addresses.js';
import { DIALS_MAX, DIALS_PER_SECOND_MAX } from './dialler.js';

/** Time goes by, and what it brought about is done. */
async function pass(ms: number): Promise<void> {
  await settled();
  await vi.advanceTimersByTimeAsync(ms);
  await settled();
}

const A = '10.0.0.1:7946';
const B = '10.0.0.2:7946';
const C = '10.0.0.3:7946';

const silentAt = (addresses: readonly string[]) =>
  Object.fromEntries(addresses.map((address) => [address, 'silent'] as const));

describe('Dialler, by the clock', () => {
  beforeEach(async () => {
    await settled();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  describe('dials under way', () => {
    it('are no more at once than there may be, and who is slow keeps nobody waiting', async () => {
      const many = Array.from({ length: 3 * DIALS_MAX }, (_, index) => `10.0.0.${index}:7946`);
      const { dialler, dialled } = diallerIn(silentAt(many));
      for (const address of many) void dialler.dial(`peer at ${address}`, [address]);
      await settled();
      expect(dialler.gauges).toEqual({
        dialTurns: DIALS_MAX,
        dialsWaiting: 2 * DIALS_MAX,
        dialsBegun: DIALS_MAX,
      });
      await pass(1_000);
      expect(dialled).toHaveLength(2 * DIALS_MAX);
      await pass(1_000);
      expect(dialled).toEqual(many);
    });

    it('keep to their rate, however many fail at once', async () => {
      const { dialler } = diallerIn({});
      const many = Array.from({ length: DIALS_PER_SECOND_MAX + 10 }, (_, index) => `peer ${index}`);
      const all = Promise.all(many.map((peer, index) => dialler.dial(peer, [`10.0.0.${index}:1`])));
      const begun = (): number => dialler.gauges.dialsBegun;
      await awaitCondition('a second of dials at once', () => begun() >= DIALS_PER_SECOND_MAX);
      await vi.advanceTimersByTimeAsync(100);
      await awaitCondition('those of 100 ms more', () => begun() >= DIALS_PER_SECOND_MAX + 5);
      expect(begun()).toBe(DIALS_PER_SECOND_MAX + 5);
      await vi.advanceTimersByTimeAsync(1_000);
      await all;
      expect(begun()).toBe(many.length);
    });

    it('to members go before visits to seeds', async () => {
      const slow = Array.from({ length: DIALS_MAX }, (_, index) => `10.0.1.${index}:7946`);
      const { dialler, dialled } = diallerIn({ ...silentAt(slow), [A]: 'seed', [B]: 'peer' });
      for (const address of slow) void dialler.dial(`peer at ${address}`, [address]);
      await settled();
      const all = [dialler.visit(A), dialler.dial('peer', [B])];
      await pass(1_000);
      await Promise.all(all);
      expect(dialled.slice(DIALS_MAX)).toEqual([B, A]);
    });
  });

  describe('of several addresses of a member', () => {
    it('the next is dialled 250 ms after one that does not answer', async () => {
      const { dialler, dialled } = diallerIn(silentAt([A, B]));
      void dialler.dial('peer', [A, B]);
      await pass(249);
      expect(dialled).toEqual([A]);
      await pass(1);
      expect(dialled).toEqual([A, B]);
    });

    it.each([
      ['of several hosts', [A, B], {}],
      ['of one name', ['mesh.example:7946'], { 'mesh.example': { addresses: ['10.0.0.1', '10.0.0.2'] } }],
      ['of a name and beside it', ['mesh.example:7946', B], { 'mesh.example': { addresses: ['10.0.0.1'] } }],
    ])('%s, the next waits 3 s once somebody is there', async (_, addresses, resolved) => {
      const { dialler, dialled, report } = diallerIn(silentAt([A, B]), namesOf(resolved));
      void dialler.dial('peer', addresses);
      await pass(100);
      report(A, 'upgrader:encrypt-outbound-connection');
      await pass(2_999);
      expect(dialled).toEqual([A]);
      await pass(1);
      expect(dialled).toEqual([A, B]);
    });

    it('no other news of a dial delays the next', async () => {
      const { dialler, dialled, report } = diallerIn(silentAt([A, B]));
      void dialler.dial('peer', [A, B]);
      await pass(200);
      report(A, 'tcp:open-connection');
      await pass(50);
      expect(dialled).toEqual([A, B]);
    });

    it('none is dialled once the member has come by itself', async () => {
      const { dialler, dialled, connected } = diallerIn(silentAt([A]));
      const dialling = dialler.dial('peer', [A, B]);
      await settled();
      connected.add('peer');
      await pass(250);
      expect(await dialling).toBeNull();
      expect(dialled).toEqual([A]);
    });

    it('none is dialled while the first still waits for its turn', async () => {
      const slow = Array.from({ length: DIALS_MAX }, (_, index) => `10.0.1.${index}:7946`);
      const { dialler } = diallerIn(silentAt([...slow, A, B]));
      for (const address of slow) void dialler.dial(`peer at ${address}`, [address]);
      void dialler.dial('peer', [A, B]);
      await pass(999);
      expect(dialler.gauges).toMatchObject({ dialTurns: DIALS_MAX, dialsWaiting: 1 });
    });
  });

  describe('of two members that have never met', () => {
    it('the greater id lets the smaller one dial while somebody is at the door, but not for ever', async () => {
      const { dialler, dialled } = diallerIn({ [A]: 'a', [B]: 'z' }, undefined, { isAnswering: () => true });
      const toSmaller = dialler.dial('a', [A]);
      expect(await dialler.dial('z', [B])).toBeNull();
      await pass(4_800);
      expect(dialled).toEqual([B]);
      await pass(200);
      expect(await toSmaller).toBeNull();
      expect(dialled).toEqual([B, A]);
    });

    it('the greater id dials as soon as nobody is at the door any more', async () => {
      let isAnswering = true;
      const { dialler, dialled } = diallerIn({ [A]: 'a' }, undefined, { isAnswering: () => isAnswering });
      const dialling = dialler.dial('a', [A]);
      await pass(1_000);
      expect(dialled).toEqual([]);
      isAnswering = false;
      expect(await dialling).toBeNull();
    });

    it('the greater id waits until its own dials are done', async () => {
      const { dialler, dialled } = diallerIn({ [A]: 'a', [C]: 'silent' });
      void dialler.dial('z', [C]);
      await settled();
      const dialling = dialler.dial('a', [A]);
      await pass(800);
      expect(dialled).toEqual([C]);
      await pass(200);
      expect(await dialling).toBeNull();
      expect(dialled).toEqual([C, A]);
    });

    it('the greater id does not dial who came meanwhile', async () => {
      const { dialler, dialled, connected } = diallerIn({}, undefined, { isAnswering: () => true });
      const dialling = dialler.dial('a', [A]);
      connected.add('a');
      expect(await dialling).toBeNull();
      expect(dialled).toEqual([]);
    });

    it('neither waits for the other once they have met, whoever is at the door', async () => {
      const { dialler } = diallerIn({ [A]: 'a' }, undefined, { isAnswering: () => true, hasMet: () => true });
      expect(await dialler.dial('a', [A])).toBeNull();
    });
  });
});
