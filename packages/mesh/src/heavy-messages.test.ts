import { until } from '@headwater/testing/until';
import { describe, expect, it } from 'vitest';
import { HEAVY_BYTES, HEAVY_WAITING_BYTES_MAX, HeavyMessages } from './heavy-messages.js';

function messages(onGiven: () => void = () => {}) {
  const given: string[] = [];
  const heavy = new HeavyMessages((peer, bytes) => {
    given.push(`${peer} ${bytes.byteLength}`);
    onGiven();
  });
  return { heavy, given };
}

describe('messages of members', () => {
  it('are given on at once where they are small, before heavy ones that came sooner', async () => {
    const { heavy, given } = messages();
    heavy.take('a', new Uint8Array(HEAVY_BYTES));
    heavy.take('a', new Uint8Array(HEAVY_BYTES - 1));
    expect(given).toEqual([`a ${HEAVY_BYTES - 1}`]);
    await until(() => given.length === 2, 'both');
    expect(given[1]).toBe(`a ${HEAVY_BYTES}`);
  });

  it('are given on in the order in which they came, one slice in each turn where they are heavy', async () => {
    let turn = 0;
    const turns: number[] = [];
    const { heavy, given } = messages(() => {
      turns.push(turn);
      const endsAt = performance.now() + 2;
      while (performance.now() < endsAt) {}
    });
    for (let index = 0; index < 4; index += 1) heavy.take('a', new Uint8Array(HEAVY_BYTES + index));
    const count = (): void => {
      turn += 1;
      if (given.length < 4) setImmediate(count);
    };
    setImmediate(count);
    await until(() => given.length === 4, 'all four');
    expect(given).toEqual([0, 1, 2, 3].map((index) => `a ${HEAVY_BYTES + index}`));
    expect(new Set(turns).size).toBe(4);
  });

  it('wait no more than there is room for', () => {
    const { heavy, given } = messages();
    const half = HEAVY_WAITING_BYTES_MAX / 2;
    heavy.take('a', new Uint8Array(half));
    heavy.take('b', new Uint8Array(half));
    expect(given).toEqual([]);
    heavy.take('c', new Uint8Array(HEAVY_BYTES));
    expect(given).toEqual([`a ${half}`]);
    heavy.stop();
  });

  it('are not given on after the end', async () => {
    const { heavy, given } = messages();
    heavy.take('a', new Uint8Array(HEAVY_BYTES));
    heavy.stop();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(given).toEqual([]);
  });
});
