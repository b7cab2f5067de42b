/** A histogram: `counts[i]` values up to `bounds[i]`, the last one all that are larger. Not cumulative. */
export interface HistogramFigures {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Values by name and then by labels: their values in a fixed order, with a space between two. Plain data. */
export interface Figures<V> {
  readonly [name: string]: { readonly [labels: string]: V };
}

/** Sets of labels that one name may have; what comes beyond is counted as `other`. */
export const LABEL_SETS_MAX = 200;

/** Counts and histograms of one process, since its start. */
export class Tally<Total extends string, Histogram extends string> {
  readonly #bounds: Readonly<Record<Histogram, readonly number[]>>;
  readonly #totals = new Map<Total, Map<string, number>>();
  readonly #histograms = new Map<Histogram, Map<string, { counts: number[]; sum: number }>>();

  /** `bounds`: of each histogram, ascending. */
  constructor(bounds: Readonly<Record<Histogram, readonly number[]>>) {
    this.#bounds = bounds;
  }

  add(name: Total, labels: string, count = 1): void {
    const sets = setsOf(this.#totals, name);
    const key = boundedKey(sets, labels);
    sets.set(key, (sets.get(key) ?? 0) + count);
  }

  /** The histogram is there, and empty yet. */
  begin(name: Histogram, labels: string): { counts: number[]; sum: number } {
    const sets = setsOf(this.#histograms, name);
    const key = boundedKey(sets, labels);
    const present = sets.get(key);
    if (present !== undefined) return present;
    const histogram = { counts: new Array<number>(this.#bounds[name].length + 1).fill(0), sum: 0 };
    sets.set(key, histogram);
    return histogram;
  }

  observe(name: Histogram, labels: string, value: number): void {
    const histogram = this.begin(name, labels);
    const bounds = this.#bounds[name];
    const place = bounds.findIndex((bound) => value <= bound);
    const index = place < 0 ? bounds.length : place;
    histogram.counts[index] = (histogram.counts[index] ?? 0) + 1;
    histogram.sum += value;
  }

  total(name: Total, labels: string): number {
    return this.#totals.get(name)?.get(labels) ?? 0;
  }

  totals(): Figures<number> {
    return plain(this.#totals, (value) => value);
  }

  histograms(): Figures<HistogramFigures> {
    return plain(this.#histograms, ({ counts, sum }) => ({ counts: [...counts], sum }));
  }
}

function setsOf<N, V>(all: Map<N, Map<string, V>>, name: N): Map<string, V> {
  const present = all.get(name);
  if (present !== undefined) return present;
  const sets = new Map<string, V>();
  all.set(name, sets);
  return sets;
}

/** Each value of the labels is `other` where there are too many sets. */
function boundedKey(sets: ReadonlyMap<string, unknown>, labels: string): string {
  if (sets.size < LABEL_SETS_MAX || sets.has(labels)) return labels;
  return labels
    .split(' ')
    .map(() => 'other')
    .join(' ');
}

function plain<V, P>(all: ReadonlyMap<string, ReadonlyMap<string, V>>, of: (value: V) => P): Figures<P> {
  return Object.fromEntries(
    [...all].map(([name, sets]) => [
      name,
      Object.fromEntries([...sets].map(([labels, value]) => [labels, of(value)])),
    ]),
  );
}
