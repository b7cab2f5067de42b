/** Pages of one piece of memory, 1 MiB: a process may have some 65,000 such pieces (`vm.max_map_count`). */
const PAGES_OF_PIECE = 64;
export const PAGE_BYTES = 16_384;
/** Pieces that are kept though nothing is in them: a part of those in use, and some. */
const SPARE_PART = 1 / 16;
const SPARE_MIN = 2;

/** Memory of a fixed size that is lent, and used again by others after that. */
export class Page {
  readonly bytes: Buffer;
  readonly #piece: Piece;
  /** Who uses it; it is given back with the last. */
  #users = 0;
  /** Where what begins here goes on. */
  next: Page | null = null;

  constructor(bytes: Buffer, piece: Piece) {
    this.bytes = bytes;
    this.#piece = piece;
  }

  use(): void {
    this.#users += 1;
  }

  /** The caller does not look at it again. */
  leave(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.next = null;
    this.#piece.giveBack(this);
  }
}

/** Several pages that the system gave, and takes back, at once. */
class Piece {
  readonly #pool: PagePool;
  readonly #memory: ArrayBuffer;
  readonly #free: Page[] = [];
  /** Its place among those with free pages; -1 where it has none. */
  place = -1;

  constructor(pool: PagePool) {
    this.#pool = pool;
    const bytes = PAGES_OF_PIECE * PAGE_BYTES;
    this.#memory = new ArrayBuffer(bytes, { maxByteLength: bytes });
    for (let at = bytes; at > 0; at -= PAGE_BYTES)
      this.#free.push(new Page(Buffer.from(this.#memory, at - PAGE_BYTES, PAGE_BYTES), this));
  }

  /** The system has its memory back at once, not when the collector comes: where nothing is left to do that may be never. */
  end(): void {
    this.#memory.resize(0);
  }

  get freePages(): number {
    return this.#free.length;
  }

  get isUnused(): boolean {
    return this.#free.length === PAGES_OF_PIECE;
  }

  take(): Page | undefined {
    return this.#free.pop();
  }

  giveBack(page: Page): void {
    this.#free.push(page);
    this.#pool.givenBack(this);
  }
}

/**
 * Memory for what is kept for seconds and then dropped, such as a stream's last frames: it is used again at once, where the
 * collector would notice only when much of it is dead. A page belongs to those who use it, and nobody else may hold a
 * part of its bytes.
 */
export class PagePool {
  /** Pieces with free pages, and those of which no page is in use. */
  readonly #partly: Piece[] = [];
  readonly #unused: Piece[] = [];
  #lent = 0;

  /** Pages that are in use. */
  get lent(): number {
    return this.#lent;
  }

  /** Bytes that the pool has from the system and that nobody uses. */
  get spareBytes(): number {
    const pages = [...this.#partly, ...this.#unused].reduce((sum, { freePages }) => sum + freePages, 0);
    return pages * PAGE_BYTES;
  }

  /** A page that the caller uses; what is in it is of no meaning. */
  take(): Page {
    const partly = this.#partly.at(-1);
    const piece = partly ?? this.#unused.pop() ?? new Piece(this);
    const page = piece.take();
    if (page === undefined) throw new Error('a piece without a free page is among those that have some');
    if (partly === undefined && piece.freePages > 0) this.#addPartly(piece);
    else if (partly !== undefined && piece.freePages === 0) this.#removePartly(piece);
    this.#lent += 1;
    page.use();
    return page;
  }

  /** @internal A page of this piece is free again. */
  givenBack(piece: Piece): void {
    this.#lent -= 1;
    if (!piece.isUnused) {
      if (piece.place < 0) this.#addPartly(piece);
      return;
    }
    if (piece.place >= 0) this.#removePartly(piece);
    const spareMax = SPARE_MIN + (this.#lent / PAGES_OF_PIECE) * SPARE_PART;
    this.#unused.push(piece);
    while (this.#unused.length > spareMax) this.#unused.pop()?.end();
  }

  #addPartly(piece: Piece): void {
    piece.place = this.#partly.length;
    this.#partly.push(piece);
  }

  #removePartly(piece: Piece): void {
    const last = this.#partly.pop();
    if (last !== undefined && last !== piece) {
      this.#partly[piece.place] = last;
      last.place = piece.place;
    }
    piece.place = -1;
  }
}

/** The pool of this thread. */
export const PAGES = new PagePool();
