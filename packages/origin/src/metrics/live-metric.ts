import { Counter, Gauge, type Registry } from 'prom-client';

/** What a metric is called, and what it says; the names of its labels. */
export interface Described<L extends string> {
  /** With its unit at the end, as Prometheus names are; `_total` where it only grows. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** One value, with a text for each label. */
export type Sample<L extends string> = readonly [value: number, labels?: Readonly<Record<L, string>>];

/** A value that goes up and down, read at each scrape. A sample that is not read any more is gone. */
export function gauge<L extends string = never>(
  registry: Registry,
  { name, help, labels = [] }: Described<L>,
  read: () => Iterable<Sample<L>> | Promise<Iterable<Sample<L>>>,
): void {
  new Gauge<L>({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const samples = await read();
      this.reset();
      for (const [value, of] of samples) this.set(of ?? ({} as Record<L, string>), value);
    },
  });
}

/** A total that is kept elsewhere, read at each scrape. */
export function counter<L extends string = never>(
  registry: Registry,
  { name, help, labels = [] }: Described<L>,
  read: () => Iterable<Sample<L>> | Promise<Iterable<Sample<L>>>,
): void {
  new Counter<L>({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const samples = await read();
      this.reset();
      for (const [value, of] of samples) this.inc(of ?? ({} as Record<L, string>), value);
    },
  });
}
