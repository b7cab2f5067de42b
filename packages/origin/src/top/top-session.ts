import * as v from 'valibot';
import type { Terminal } from '../cli/io.js';
import type { Paint } from '../cli/paint.js';
import { drawFrame } from './draw-frame.js';
import { renderTop } from './render-top.js';
import { type ReadApi, readTop } from './top-reader.js';
import { TOP_EVENT, type TopEvent, type TopReading } from './top-reading.js';
import { keysOf, pressKey, type TopExtent, type TopState } from './top-state.js';

/** Events kept for the view of them. */
const EVENTS_MAX = 500;
/** Ages move although nothing was read, ms. */
const DRAW_EVERY_MS = 1000;
/** What came together is drawn, or read for, once, ms. */
const TOGETHER_MS = 50;
/** After so long it is tried again to follow the events, ms. */
const FOLLOW_AGAIN_MS = 1000;

export interface TopSessionParts {
  readonly terminal: Terminal;
  readonly read: ReadApi;
  /** Calls back with each line of the events until they end, or the signal aborts. */
  readonly follow: (path: string, onLine: (line: string) => void, signal: AbortSignal) => Promise<unknown>;
  /** How often is read, ms. */
  readonly everyMs: number;
  /** Unix ms. */
  readonly now: () => number;
  readonly paint: Paint;
}

/** `headwater top` on a terminal: reads, follows what happens, takes keys, and draws, until it is told to end. */
export class TopSession {
  readonly #parts: TopSessionParts;
  readonly #ended = new AbortController();
  #reading: TopReading;
  #state: TopState;
  #extent: TopExtent = { page: 0, rows: 0, columns: 1 };
  #drawn: readonly string[] | null = null;
  #isReading = false;
  #drawTimer: NodeJS.Timeout | undefined;
  #readTimer: NodeJS.Timeout | undefined;

  constructor(parts: TopSessionParts, reading: TopReading, state: TopState) {
    this.#parts = parts;
    this.#reading = reading;
    this.#state = state;
  }

  /** Resolves when it has ended, by a key or by `end`. */
  async run(): Promise<void> {
    const { terminal, everyMs } = this.#parts;
    terminal.onKeys((text) => this.#press(text));
    terminal.onResize(() => {
      this.#drawn = null;
      this.#draw();
    });
    const ages = setInterval(() => this.#draw(), DRAW_EVERY_MS);
    this.#draw();
    void this.#follow();
    this.#readIn(everyMs);
    await new Promise<void>((resolve) => {
      if (this.#isOver) resolve();
      this.#ended.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    clearInterval(ages);
    clearTimeout(this.#drawTimer);
    clearTimeout(this.#readTimer);
  }

  end(): void {
    this.#ended.abort();
  }

  get #isOver(): boolean {
    return this.#ended.signal.aborted;
  }

  #press(text: string): void {
    for (const key of keysOf(text)) {
      const next = pressKey(this.#state, key, this.#extent);
      if (next === null) {
        this.end();
        return;
      }
      if (next.view !== this.#state.view || next.filter !== this.#state.filter || this.#state.isHeld)
        this.#readIn(TOGETHER_MS);
      this.#state = next;
      this.#draw();
    }
  }

  #draw(): void {
    if (this.#isOver) return;
    const { terminal, now, paint } = this.#parts;
    const { lines, extent } = renderTop(this.#reading, this.#state, terminal.size(), now(), paint);
    this.#extent = extent;
    const text = drawFrame(this.#drawn, lines);
    this.#drawn = lines;
    if (text !== '') terminal.write(text);
  }

  /** What comes together is drawn once. */
  #drawSoon(): void {
    this.#drawTimer ??= setTimeout(() => {
      this.#drawTimer = undefined;
      this.#draw();
    }, TOGETHER_MS);
  }

  #readIn(ms: number): void {
    clearTimeout(this.#readTimer);
    this.#readTimer = setTimeout(() => void this.#read(), ms);
  }

  async #read(): Promise<void> {
    if (this.#isReading || this.#isOver) return;
    const { read, now, everyMs } = this.#parts;
    if (this.#state.isHeld) return;
    this.#isReading = true;
    const { view, filter } = this.#state;
    try {
      const next = await readTop(read, { view, filter }, this.#reading, now);
      // Events came meanwhile.
      this.#reading = { ...next, events: this.#reading.events };
    } catch (error) {
      this.#reading = { ...this.#reading, problem: error instanceof Error ? error.message : String(error) };
    }
    this.#isReading = false;
    if (this.#isOver) return;
    this.#draw();
    const isOther = view !== this.#state.view || filter !== this.#state.filter;
    this.#readIn(isOther ? 0 : everyMs);
  }

  async #follow(): Promise<void> {
    let since: string | undefined;
    while (!this.#isOver) {
      const query = since === undefined ? '' : `&since=${encodeURIComponent(since)}`;
      try {
        await this.#parts.follow(
          `/api/v1/events?scope=mesh${query}`,
          (line) => {
            since = this.#take(line) ?? since;
          },
          this.#ended.signal,
        );
      } catch {
        // What is read says why.
      }
      await new Promise((resolve) => setTimeout(resolve, FOLLOW_AGAIN_MS).unref());
    }
  }

  /** The place that the line says that one has come to; undefined where it says none. */
  #take(line: string): string | undefined {
    if (line.startsWith('id: ')) return line.slice('id: '.length);
    if (!line.startsWith('data: ')) return undefined;
    const event = readEvent(line.slice('data: '.length));
    if (event === undefined) return undefined;
    if (!this.#state.isHeld) {
      this.#reading = { ...this.#reading, events: [...this.#reading.events, event].slice(-EVENTS_MAX) };
      this.#drawSoon();
      if (!this.#isReading && event.kind.startsWith('member-')) this.#readIn(TOGETHER_MS);
    }
    return undefined;
  }
}

function readEvent(text: string): TopEvent | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), TOP_EVENT), text);
  return parsed.success ? parsed.output : undefined;
}
