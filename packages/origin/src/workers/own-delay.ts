import { type IntervalHistogram, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { MediaFigures } from '@headwater/media';

/** How often the delay of the event loop is sampled, ms. Each sample wakes the process, and costs an idle one 50 to 70 us. */
export const SAMPLE_MS = 50;
/** What is told when an observed pause was of no kind that Node names. */
const KINDS: Readonly<Record<number, string>> = { 1: 'minor', 4: 'major', 8: 'incremental', 16: 'weakcb' };

/** How late the event loop of this process was since the last look, s. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Watches this process's event loop, and what garbage collection takes of its time. */
export class OwnDelay {
  readonly #delay: IntervalHistogram;
  readonly #seconds: Record<string, number> = {};
  readonly #observer: PerformanceObserver;
  readonly #worker: number;

  constructor(worker: number, delay = monitorEventLoopDelay({ resolution: SAMPLE_MS })) {
    this.#worker = worker;
    this.#delay = delay;
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { duration } = entry;
        const detail = 'detail' in entry ? (entry.detail as { readonly kind?: number } | null) : null;
        const kind = KINDS[detail?.kind ?? 0] ?? 'other';
        const labels = `${this.#worker} ${kind}`;
        this.#seconds[labels] = (this.#seconds[labels] ?? 0) + duration / 1000;
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Whether this process serves anybody: while it does not, nobody waits for its event loop, and it is left to sleep. */
  serves(anybody: boolean): void {
    if (!anybody) this.#delay.disable();
    // The time until then is no delay.
    else if (this.#delay.enable()) this.#delay.reset();
  }

  /** Since the last call; nothing while nobody is served. The time between two samples themselves is no delay. */
  look(): LoopDelay {
    const delay = this.#delay;
    const seconds = (ns: number): number => Math.max(0, ns / 1e9 - SAMPLE_MS / 1000) || 0;
    const look = {
      p50: seconds(delay.percentile(50)),
      p99: seconds(delay.percentile(99)),
      max: seconds(delay.count > 0 ? delay.max : 0),
    };
    delay.reset();
    return look;
  }

  /** The figures of this process with the time of garbage collection among them. */
  addTo(figures: MediaFigures): MediaFigures {
    return { ...figures, totals: { ...figures.totals, gcSeconds: { ...this.#seconds } } };
  }
}
