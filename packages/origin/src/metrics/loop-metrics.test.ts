import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type DelayHistogram, LOOP_METRICS, loopMetrics } from './loop-metrics.js';

/** A histogram whose one sample, ns, is given; `null`: none yet, of which Node's tells the largest number and NaN. */
class Sampled implements DelayHistogram {
  sample: number | null = null;
  looks = 0;

  get count(): number {
    this.looks += 1;
    return this.sample === null ? 0 : 1;
  }

  get min(): number {
    return this.sample ?? 9_223_372_036_854_776_000;
  }

  get max(): number {
    return this.sample ?? 0;
  }

  get mean(): number {
    return this.sample ?? Number.NaN;
  }

  get stddev(): number {
    return this.sample === null ? Number.NaN : 0;
  }

  enable(): boolean {
    return true;
  }

  percentile(): number {
    return this.sample ?? 0;
  }

  reset(): void {
    this.sample = null;
  }
}

async function metricsOf(delay: Sampled): Promise<() => Promise<Map<string, number>>> {
  const registry = new Registry();
  await loopMetrics(registry, delay);
  return async () => {
    const told = [...(await registry.metrics()).matchAll(/^(nodejs_\w+) (\S+)$/gm)];
    return new Map(told.map(([, name = '', value]) => [name, Number(value)]));
  };
}

describe('the metrics of the event loop', () => {
  it('tell what was sampled, in s, under the names that dashboards know', async () => {
    const delay = new Sampled();
    delay.sample = 75_000_000;
    const told = await (await metricsOf(delay))();
    expect([...told.keys()].sort()).toEqual([...LOOP_METRICS].sort());
    for (const what of ['min', 'max', 'mean', 'p50', 'p90', 'p99'])
      expect(told.get(`nodejs_eventloop_lag_${what}_seconds`)).toBe(0.075);
    expect(told.get('nodejs_eventloop_lag_stddev_seconds')).toBe(0);
    expect(told.get('nodejs_eventloop_lag_seconds')).toBeGreaterThan(0);
  });

  it('wait for the first sample, however late it comes', async () => {
    const delay = new Sampled();
    const metrics = metricsOf(delay);
    while (delay.looks < 4) await new Promise((done) => setTimeout(done, 1));
    delay.sample = 51_000_000;
    expect((await (await metrics)()).get('nodejs_eventloop_lag_min_seconds')).toBe(0.051);
  });

  it('tell the same again where nothing was sampled since, and then what was', async () => {
    const delay = new Sampled();
    delay.sample = 60_000_000;
    const scrape = await metricsOf(delay);
    for (const seconds of [0.06, 0.06, 0.06]) {
      const told = await scrape();
      expect(told.get('nodejs_eventloop_lag_min_seconds')).toBe(seconds);
      expect(told.get('nodejs_eventloop_lag_mean_seconds')).toBe(seconds);
      expect(told.get('nodejs_eventloop_lag_stddev_seconds')).toBe(0);
    }
    delay.sample = 90_000_000;
    expect((await scrape()).get('nodejs_eventloop_lag_max_seconds')).toBe(0.09);
  });
});
