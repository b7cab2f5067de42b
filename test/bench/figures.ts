import { cpus, loadavg } from 'node:os';

/** Times in ms: how many there are, and where they lie. */
export interface Spread {
  readonly count: number;
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The nearest-rank percentiles of some times. */
export function spreadOf(timesMs: readonly number[]): Spread {
  const sorted = [...timesMs].sort((a, b) => a - b);
  const at = (share: number) =>
    round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN);
  return {
    count: sorted.length,
    minMs: at(0),
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(1),
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;

/** What the figures were measured on: they mean nothing without it. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  readonly loadAverage1m: number;
  readonly loadAverage5m: number;
}

export function machine(): Machine {
  const [one, five] = loadavg();
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.version,
    loadAverage1m: round(one ?? 0),
    loadAverage5m: round(five ?? 0),
  };
}
