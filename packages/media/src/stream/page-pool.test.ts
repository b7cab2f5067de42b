import { describe, expect, it } from 'vitest';
import { PAGE_BYTES, type Page, PagePool } from './page-pool.js';

/** Pages that come from the system at once. */
const PIECE = 64;
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
    const pages = taken(pool, 128);
    const memory = new Set(pages.map(({ bytes }) => bytes.buffer));
    for (const page of pages.filter((_, index) => index % 3 === 0)) page.leave();
    const again = taken(pool, 43);
    expect(again.every(({ bytes }) => memory.has(bytes.buffer))).toBe(true);
    expect([pool.lent, pool.spareBytes]).toEqual([128, 0]);
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

  it('keeps but a little that nobody uses, and gives the rest back to the system at once', () => {
    const pool = new PagePool();
    const pages = taken(pool, PIECE * 100);
    const held = () =>
      new Set(pages.map(({ bytes }) => bytes.buffer).filter(({ byteLength }) => byteLength > 0)).size;
    expect(held()).toBe(100);
    for (const page of pages.slice(0, PIECE * 68)) page.leave();
    expect([pool.lent, held()]).toEqual([PIECE * 32, 32 + 2 + 32 / 16]);
    expect(pool.spareBytes).toBe(4 * PIECE * PAGE_BYTES);
    for (const page of pages.slice(PIECE * 68)) page.leave();
    expect([pool.lent, held(), pool.spareBytes]).toEqual([0, 2, 2 * PIECE * PAGE_BYTES]);
    const again = taken(pool, 2 * PIECE);
    expect([pool.lent, pool.spareBytes]).toEqual([2 * PIECE, 0]);
    expect(again.every(({ bytes }) => bytes.length === PAGE_BYTES)).toBe(true);
  });

  it('fills up pieces that are in use before others, so that what is used last is little', () => {
    const pool = new PagePool();
    const pages = taken(pool, PIECE * 10);
    // Every second page is free; all that was in use is used anew once, as frames are.
    for (const page of pages.filter((_, index) => index % 2 === 0)) page.leave();
    for (const page of pages.filter((_, index) => index % 2 === 1)) {
      pool.take();
      page.leave();
    }
    expect(pool.lent).toBe(PIECE * 5);
    expect(pool.spareBytes).toBeLessThanOrEqual(3 * PIECE * PAGE_BYTES);
  });
});
