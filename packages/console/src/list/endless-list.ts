import { type ReadonlySignal, signal } from '@preact/signals';
import { Reread } from '../state/reread.js';
import {
  type LoadedRows,
  type Mark,
  markBefore,
  markOfMore,
  noRows,
  type RowsAnswer,
  takeRows,
} from './loaded-rows.js';

/** Rows of one answer. With figures the API gives no more. */
const PAGE_ROWS = 100;
/** Rows read beyond those in view, for what comes between them meanwhile. */
const SPARE_ROWS = 10;
/** Answers that are read anew for one look at what is in view. */
const ANSWERS_PER_LOOK = 4;
/** Between two reads while somebody types, ms. */
const ASKED_MS = 150;
/** Rows that are read at once to come back to a place in the list. */
const RETURN_ROWS_MAX = 2000;

/** What of a list is on show. */
export interface ShownList<A, R> extends LoadedRows<R> {
  /** The answer that came last. */
  readonly answer: A;
  /** What was asked for. */
  readonly query: string;
  /** When the last answer came, by this page's clock, ms. */
  readonly heardMs: number;
}

export interface EndlessSource<A, R> {
  /** Rejects with the reason, in words. */
  read(query: string, cursor: string, limit: number): Promise<A>;
  rowsOf(answer: A): RowsAnswer<R>;
  idOf(row: R): string;
}

/**
 * A list that the server gives answer by answer: more of it is read as somebody comes near its end, and of what was read
 * only what is in view is read again. Rows of another query stay on show until the first answer of the new one.
 */
export class EndlessList<A, R> {
  readonly #source: EndlessSource<A, R>;
  readonly #shown = signal<ShownList<A, R> | null>(null);
  readonly #problem = signal<string | null>(null);
  readonly #isMore = signal(false);
  readonly #look: Reread;
  #query = '';
  #view = { first: 0, last: 0 };
  /** Rows to be there before anybody has looked at them. */
  #wanted: number;
  /** More could not be read: not asked for again before something else was. */
  #hasFailed = false;

  constructor(source: EndlessSource<A, R>, kept: ShownList<A, R> | null, wanted: number) {
    this.#source = source;
    this.#shown.value = kept;
    this.#query = kept?.query ?? '';
    this.#wanted = Math.min(wanted, RETURN_ROWS_MAX);
    this.#look = new Reread(() => this.#readView());
  }

  /** Null: nothing came yet. */
  get shown(): ReadonlySignal<ShownList<A, R> | null> {
    return this.#shown;
  }

  /** Why the last read failed; null: it did not. */
  get problem(): ReadonlySignal<string | null> {
    return this.#problem;
  }

  /** Whether more of the list is being read. */
  get isReadingMore(): ReadonlySignal<boolean> {
    return this.#isMore;
  }

  /** Asks for this, now: somebody waits for it. */
  ask(query: string): void {
    if (query !== this.#query) this.#view = { first: 0, last: 0 };
    this.#query = query;
    this.tryAgain();
  }

  /** Reads what is in view again, soon: something may have changed. */
  refresh(): void {
    this.#look.soon();
  }

  /** After a read that failed. */
  tryAgain(): void {
    this.#hasFailed = false;
    this.#look.soon(0, ASKED_MS);
  }

  /** Rows that are in view. */
  see(first: number, last: number): void {
    this.#view = { first, last };
    const shown = this.#shown.value;
    if (shown === null || shown.query !== this.#query || this.#hasFailed) return;
    if (last + PAGE_ROWS / 2 >= shown.rows.length || shown.rows.length < this.#wanted) void this.#readMore();
  }

  stop(): void {
    this.#look.stop();
  }

  async #readView(): Promise<void> {
    const { first, last } = this.#view;
    const query = this.#query;
    const idOf = this.#source.idOf;
    for (let answers = 0, at = first; answers < ANSWERS_PER_LOOK; answers += 1) {
      const shown = this.#shown.value?.query === query ? this.#shown.value : null;
      const mark = markBefore(shown ?? noRows<R>(), at, idOf);
      const start = shown === null ? 0 : shown.rows.findIndex((row) => idOf(row) > mark.after);
      const rows = shown === null ? PAGE_ROWS : last - Math.max(0, start) + 1 + SPARE_ROWS;
      const taken = await this.#read(query, mark, Math.min(PAGE_ROWS, rows));
      if (taken === null) return;
      const end = this.#source.rowsOf(taken.answer).rows.at(-1);
      const next = end === undefined ? -1 : taken.rows.findIndex((row) => idOf(row) > idOf(end));
      if (next < 0 || next > last) return;
      at = next;
    }
  }

  async #readMore(): Promise<void> {
    const shown = this.#shown.value;
    const mark = shown === null ? null : markOfMore(shown);
    if (shown === null || mark === null || this.#isMore.value) return;
    this.#isMore.value = true;
    const taken = await this.#read(shown.query, mark, PAGE_ROWS);
    this.#isMore.value = false;
    if (taken === null) return;
    if (taken.isWhole) this.#wanted = 0;
    this.see(this.#view.first, this.#view.last);
  }

  /** Null: it failed, or something else was asked for meanwhile. */
  async #read(query: string, mark: Mark, limit: number): Promise<ShownList<A, R> | null> {
    try {
      const answer = await this.#source.read(query, mark.cursor, limit);
      if (query !== this.#query) {
        this.#look.soon(0, ASKED_MS);
        return null;
      }
      const before = this.#shown.value?.query === query ? this.#shown.value : noRows<R>();
      const taken = {
        ...takeRows(before, mark, this.#source.rowsOf(answer), this.#source.idOf),
        answer,
        query,
        heardMs: Date.now(),
      };
      this.#shown.value = taken;
      this.#problem.value = null;
      this.#hasFailed = false;
      return taken;
    } catch (error) {
      this.#problem.value = error instanceof Error ? error.message : String(error);
      this.#hasFailed = true;
      return null;
    }
  }
}
