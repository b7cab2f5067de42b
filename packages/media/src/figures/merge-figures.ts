import type { MediaFigures } from './media-tally.js';
import type { Figures, HistogramFigures } from './tally.js';

export const NO_FIGURES: MediaFigures = { totals: {}, histograms: {}, gauges: {} };

/** Of two processes together. */
export function addFigures(a: MediaFigures, b: MediaFigures): MediaFigures {
  return {
    totals: merge(a.totals, b.totals, plus),
    histograms: merge(a.histograms, b.histograms, addHistograms),
    gauges: merge(a.gauges, b.gauges, plus),
  };
}

/** What stays true of a process that has ended: what it had counted. */
export function endedFigures({ totals, histograms }: MediaFigures): MediaFigures {
  return { totals, histograms, gauges: {} };
}

const plus = (a: number, b: number): number => a + b;

const addHistograms = (a: HistogramFigures, b: HistogramFigures): HistogramFigures => ({
  counts: a.counts.map((count, index) => count + (b.counts[index] ?? 0)),
  sum: a.sum + b.sum,
});

function merge<V>(a: Figures<V>, b: Figures<V>, together: (a: V, b: V) => V): Figures<V> {
  const all: Record<string, Record<string, V>> = {};
  for (const figures of [a, b]) {
    for (const [name, sets] of Object.entries(figures)) {
      const merged = all[name] ?? {};
      all[name] = merged;
      for (const [labels, value] of Object.entries(sets)) {
        const before = merged[labels];
        merged[labels] = before === undefined ? value : together(before, value);
      }
    }
  }
  return all;
}
