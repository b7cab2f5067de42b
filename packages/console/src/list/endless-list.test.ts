import { describe, expect, it } from 'vitest';
import { EndlessList } from './endless-list.js';

interface Asked {
  readonly query: string;
  readonly cursor: string;
  readonly limit: number;
  readonly answer: () => void;
}

/** Of a list of numbers; answers when it is told to, or at once. */
function listOf(count: number, { isHeld = false } = {}) {
  const asked: Asked[] = [];
  let failing: string | null = null;
  const rows = Array.from({ length: count }, (_, index) => String(index).padStart(5, '0'));
  const list = new EndlessList<{ rows: string[]; next: string | undefined }, string>(
    {
      idOf: (row) => row,
      rowsOf: (answer) => answer,
      read: (query, cursor, limit) =>
        new Promise((resolve, reject) => {
          const answer = (): void => {
            if (failing !== null) {
              reject(new Error(failing));
              return;
            }
            const found = rows.filter((row) => row.endsWith(query) && row > cursor);
            const some = found.slice(0, limit);
            resolve({ rows: some, next: found.length > limit ? some.at(-1) : undefined });
          };
          asked.push({ query, cursor, limit, answer });
          if (!isHeld) answer();
        }),
    },
    null,
    0,
  );
  const until = (length: number) => expect.poll(() => list.shown.value?.rows.length).toBe(length);
  return { list, asked, rows, until, fail: (why: string | null) => (failing = why) };
}

describe('an endless list', () => {
  it('reads more as somebody comes near its end, and no more than that', async () => {
    const { list, asked, until, rows } = listOf(250);
    list.ask('');
    await until(100);
    list.see(0, 30);
    expect(asked.length).toBe(1);
    list.see(40, 70);
    await until(200);
    list.see(120, 150);
    await until(250);
    expect(list.shown.value).toMatchObject({ rows, isWhole: true });
    list.see(220, 249);
    expect(asked.map(({ cursor }) => cursor)).toEqual(['', '00099', '00199']);
    list.stop();
  });

  it('reads anew what is in view alone', async () => {
    const { list, asked, until } = listOf(300);
    list.ask('');
    await until(100);
    list.see(60, 90);
    await until(200);
    list.see(110, 140);
    asked.splice(0);
    list.ask('');
    await expect.poll(() => asked.length).toBe(1);
    expect(asked.map(({ cursor, limit }) => [cursor, limit])).toEqual([['00099', 51]]);
    list.stop();
  });

  it('shows what was asked for before until an answer to what is asked now has come', async () => {
    const { list, asked, until } = listOf(20, { isHeld: true });
    list.ask('1');
    await expect.poll(() => asked.length).toBe(1);
    list.ask('2');
    // Too late: nobody wants it any more.
    asked[0]?.answer();
    await expect.poll(() => asked.length).toBe(2);
    expect(list.shown.value).toBeNull();
    asked[1]?.answer();
    await until(2);
    list.ask('');
    await expect.poll(() => asked.length).toBe(3);
    expect(list.shown.value).toMatchObject({ query: '2', rows: ['00002', '00012'] });
    asked[2]?.answer();
    await until(20);
    list.stop();
  });

  it('says why more did not come, asks for it again when it is told to, and not before', async () => {
    const { list, asked, until, fail } = listOf(150);
    list.ask('');
    await until(100);
    fail('no');
    list.see(80, 99);
    await expect.poll(() => list.problem.value).toBe('no');
    list.see(81, 99);
    list.see(82, 99);
    expect(asked.length).toBe(2);
    fail(null);
    list.tryAgain();
    await expect.poll(() => list.problem.value).toBe(null);
    list.see(82, 99);
    await until(150);
    list.stop();
  });
});
