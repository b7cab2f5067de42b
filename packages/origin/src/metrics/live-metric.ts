import type { HistogramFigures } from '@headwater/media';
import {
  Counter,
  Gauge,
  Histogram,
  type HistogramConfiguration,
  type MetricValueWithName,
  type Registry,
} from 'prom-client';

/** What a metric is called, and what it says; the names of its labels. */
export interface Described<L extends string> {
  /** With its unit at the end, as Prometheus names are; `_total` where it only grows. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** One value, with a text for each label. */
export type Sample<L extends string> = readonly [value: number, labels?: Readonly<Record<L, string>>];

type Read<L extends string> = () => Iterable<Sample<L>> | Promise<Iterable<Sample<L>>>;

/** A value that goes up and down, read at each scrape. A sample that is not read any more is gone. */
export function gauge<L extends string = never>(
  registry: Registry,
  described: Described<L>,
  read: Read<L>,
): void {
  new Gauge<L>(
    readAtScrape<L, Gauge<L>>(registry, described, read, (metric, of, value) => metric.set(of, value)),
  );
}

/** A total that is kept elsewhere, read at each scrape. */
export function counter<L extends string = never>(
  registry: Registry,
  described: Described<L>,
  read: Read<L>,
): void {
  new Counter<L>(
    readAtScrape<L, Counter<L>>(registry, described, read, (metric, of, value) => metric.inc(of, value)),
  );
}

function readAtScrape<L extends string, M extends { reset(): void }>(
  registry: Registry,
  { name, help, labels = [] }: Described<L>,
  read: Read<L>,
  put: (metric: M, labels: Record<L, string>, value: number) => void,
) {
  return {
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect(this: M) {
      const samples = await read();
      this.reset();
      for (const [value, of] of samples) put(this, of ?? ({} as Record<L, string>), value);
    },
  };
}

/** A histogram that is kept elsewhere, read at each scrape. `bounds`: of its buckets, ascending. */
export function histogram<L extends string = never>(
  registry: Registry,
  { name, help, labels = [], bounds }: Described<L> & { readonly bounds: readonly number[] },
  read: () => Iterable<readonly [HistogramFigures, Readonly<Record<string, string>>]>,
): void {
  registry.registerMetric(
    new KeptHistogram({ name, help, labelNames: [...labels], buckets: [...bounds], registers: [] }, read),
  );
}

/** prom-client's histogram observes values one by one; this one says what others have observed. */
class KeptHistogram<L extends string> extends Histogram<L> {
  readonly #read: () => Iterable<readonly [HistogramFigures, Readonly<Record<string, string>>]>;
  readonly #about: { readonly name: string; readonly help: string; readonly bounds: readonly number[] };

  constructor(
    configuration: HistogramConfiguration<L>,
    read: () => Iterable<readonly [HistogramFigures, Readonly<Record<string, string>>]>,
  ) {
    super(configuration);
    this.#read = read;
    const { name, help, buckets = [] } = configuration;
    this.#about = { name, help, bounds: buckets };
  }

  /** What the registry makes its text from. Not in the library's types. */
  async getForPromString(): Promise<object> {
    const { name, help, bounds } = this.#about;
    const values: MetricValueWithName<L>[] = [];
    for (const [{ counts, sum }, labels] of this.#read()) {
      let count = 0;
      for (const [index, le] of [...bounds, '+Inf'].entries()) {
        count += counts[index] ?? 0;
        values.push({ metricName: `${name}_bucket`, value: count, labels: { le, ...labels } as never });
      }
      values.push({ metricName: `${name}_sum`, value: sum, labels: labels as never });
      values.push({ metricName: `${name}_count`, value: count, labels: labels as never });
    }
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  }
}
