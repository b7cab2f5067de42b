import { Slabs } from '../wire/slabs.js';
import { PAGE_BYTES, PAGES, type Page, type PagePool } from './page-pool.js';

/** Memory of copies. They are read at once, or sent. */
const COPIES = new Slabs();
const CAPACITY_MIN = 16;

/**
 * Payloads of one stream in pages, one after the other, each for as long as somebody holds it. They have numbers, which are
 * never used again; there is no object for each of them, which would be old by the time that it is garbage. They are
 * never given out as they lie, only copied: once nobody holds one, others' bytes are written there.
 */
export class KeptLog {
  readonly #pool: PagePool;
  /** Page that is written to. */
  #page: Page | null = null;
  #used = 0;
  /** Of the oldest one that may be held. */
  #first = 0;
  /** Of the next one. */
  #next = 0;
  /** Each number has its place in these, which are used in circles: where it begins, how long it is, how many hold it. */
  #pages: (Page | null)[] = Array.from({ length: CAPACITY_MIN }, () => null);
  #starts = new Uint16Array(CAPACITY_MIN);
  #lengths = new Uint32Array(CAPACITY_MIN);
  #holders = new Uint16Array(CAPACITY_MIN);

  constructor(pool: PagePool = PAGES) {
    this.#pool = pool;
  }

  /** Puts a copy of it at the end; the caller holds it. Returns its number. */
  write(bytes: Buffer): number {
    if (this.#next - this.#first === this.#pages.length) this.#grow();
    let page = this.#page ?? this.#nextPage(null);
    if (this.#used === PAGE_BYTES) page = this.#nextPage(page);
    const place = this.#next % this.#pages.length;
    this.#pages[place] = page;
    this.#starts[place] = this.#used;
    this.#lengths[place] = bytes.length;
    this.#holders[place] = 1;
    page.use();
    for (let from = 0; ; ) {
      const count = bytes.copy(page.bytes, this.#used, from);
      this.#used += count;
      from += count;
      if (from === bytes.length) break;
      page = this.#nextPage(page);
      page.use();
    }
    this.#next += 1;
    return this.#next - 1;
  }

  /** One more holds it; false where nobody does any more. */
  hold(number: number): boolean {
    const place = this.#heldPlace(number);
    if (place < 0) return false;
    this.#holders[place] = this.#count(place) + 1;
    return true;
  }

  /** One of those who hold it does so no longer. */
  release(number: number): void {
    const place = this.#place(number);
    const left = this.#count(place) - 1;
    this.#holders[place] = left;
    if (left > 0) return;
    let page = this.#pages[place] ?? null;
    this.#pages[place] = null;
    for (let bytes = this.#start(place) + this.#length(place); page !== null; bytes -= PAGE_BYTES) {
      const next: Page | null = bytes > PAGE_BYTES ? page.next : null;
      page.leave();
      page = next;
    }
    while (this.#first < this.#next && this.#count(this.#first % this.#pages.length) === 0) this.#first += 1;
  }

  /** Its length in bytes. */
  lengthOf(number: number): number {
    return this.#length(this.#place(number));
  }

  /** The same bytes, in memory that nothing else is written to. */
  copy(number: number): Buffer {
    const place = this.#place(number);
    const length = this.#length(place);
    const copy = COPIES.take(length);
    let page = this.#pages[place] ?? null;
    let from = this.#start(place);
    for (let at = 0; at < length && page !== null; page = page.next) {
      at += page.bytes.copy(copy, at, from, Math.min(PAGE_BYTES, from + length - at));
      from = 0;
    }
    return copy;
  }

  /** Whether they are the same bytes as those of this number there. */
  equals(number: number, other: KeptLog, otherNumber: number): boolean {
    const [place, otherPlace] = [this.#place(number), other.#place(otherNumber)];
    const length = this.#length(place);
    if (other.#length(otherPlace) !== length) return false;
    let [page, from] = [this.#pages[place] ?? null, this.#start(place)];
    let [otherPage, otherFrom] = [other.#pages[otherPlace] ?? null, other.#start(otherPlace)];
    for (let left = length; left > 0 && page !== null && otherPage !== null; ) {
      const bytes = Math.min(left, PAGE_BYTES - from, PAGE_BYTES - otherFrom);
      const [to, otherTo] = [from + bytes, otherFrom + bytes];
      if (page.bytes.compare(otherPage.bytes, otherFrom, otherTo, from, to) !== 0) return false;
      left -= bytes;
      [page, from] = to < PAGE_BYTES ? [page, to] : [page.next, 0];
      [otherPage, otherFrom] = otherTo < PAGE_BYTES ? [otherPage, otherTo] : [otherPage.next, 0];
    }
    return true;
  }

  /** Nothing is written for now: the page that was begun is used by what lies in it alone. */
  end(): void {
    this.#page?.leave();
    this.#page = null;
    this.#used = 0;
  }

  #nextPage(before: Page | null): Page {
    const page = this.#pool.take();
    if (before !== null) {
      before.next = page;
      before.leave();
    }
    this.#page = page;
    this.#used = 0;
    return page;
  }

  /** -1 where nobody holds it. */
  #heldPlace(number: number): number {
    if (number < this.#first || number >= this.#next) return -1;
    const place = number % this.#pages.length;
    return this.#count(place) > 0 ? place : -1;
  }

  #place(number: number): number {
    const place = this.#heldPlace(number);
    if (place < 0) throw new Error('a kept payload was asked for after all who held it had let it go');
    return place;
  }

  #start(place: number): number {
    return this.#starts[place] ?? 0;
  }

  #length(place: number): number {
    return this.#lengths[place] ?? 0;
  }

  #count(place: number): number {
    return this.#holders[place] ?? 0;
  }

  #grow(): void {
    const before = this.#pages.length;
    const [pages, starts, lengths, holders] = [this.#pages, this.#starts, this.#lengths, this.#holders];
    this.#pages = Array.from({ length: 2 * before }, () => null);
    this.#starts = new Uint16Array(2 * before);
    this.#lengths = new Uint32Array(2 * before);
    this.#holders = new Uint16Array(2 * before);
    for (let number = this.#first; number < this.#next; number += 1) {
      const [from, to] = [number % before, number % (2 * before)];
      this.#pages[to] = pages[from] ?? null;
      this.#starts[to] = starts[from] ?? 0;
      this.#lengths[to] = lengths[from] ?? 0;
      this.#holders[to] = holders[from] ?? 0;
    }
  }
}
