import { describe, expect, it } from 'vitest';
import { PAGE_BYTES, type Page, PagePool } from './page-pool.js';

const taken = (pool: PagePool, count: number): Page[] => Array.from({ length: count }, () => pool.take());

describe('PagePool', () => {
  it('lends each page to one at a time', () => {
    const pool = new PagePool();
    const pages = taken(pool, 100);
    expect(new Set(pages).size).toBe(100);
    for (const [index, { bytes }] of pages.entries()) bytes.fill(index);
    for (const [index, { bytes }] of pages.entries())
      expect(bytes.equals(Buffer.alloc(PAGE_BYTES, index))).toBe(true);
    expect(pool.lent).toBe(100);
  });

  it('lends again what was given back, before it asks for more', () => {
    const pool = new PagePool();
    const pages = taken(pool, 64);
    const memory = new Set(pages.map(({ bytes }) => bytes.buffer));
    for (const page of pages.filter((_, index) => index % 3 === 0)) page.leave();
    const again = taken(pool, 22);
    expect(again.every(({ bytes }) => memory.has(bytes.buffer))).toBe(true);
    expect([pool.lent, pool.spareBytes]).toEqual([64, 0]);
  });

  it('has a page back when its last user has left it, and without what followed it', () => {
    const pool = new PagePool();
    const page = pool.take();
    page.use();
    page.next = pool.take();
    page.leave();
    expect([pool.lent, page.next === null]).toEqual([2, false]);
    page.leave();
    expect([pool.lent, page.next]).toEqual([1, null]);
  });

  it('keeps but a little that nobody uses: a part of what is used, and some pieces', () => {
    const pool = new PagePool();
    const pages = taken(pool, 8 * 1_000);
    for (const page of pages.slice(0, 8 * 800)) page.leave();
    expect(pool.lent).toBe(8 * 200);
    expect(pool.spareBytes).toBeLessThanOrEqual((8 + 200 / 16 + 1) * 8 * PAGE_BYTES);
    for (const page of pages.slice(8 * 800)) page.leave();
    expect(pool.spareBytes).toBe(8 * 8 * PAGE_BYTES);
    taken(pool, 64);
    expect([pool.lent, pool.spareBytes]).toEqual([64, 0]);
  });
});
