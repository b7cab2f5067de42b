import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { SAMPLE_MS } from '../workers/own-delay.js';
import { gauge } from './live-metric.js';

/** What `loopMetrics` reads of Node's histogram of the event loop's delay, ns. */
export interface DelayHistogram {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  enable(): boolean;
  percentile(percentile: number): number;
  reset(): void;
}

interface Delays {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** The names are prom-client's, which dashboards know; so is what they say. */
const NAME = 'nodejs_eventloop_lag';
const TOLD: Readonly<Record<keyof Delays, string>> = {
  min: 'The minimum recorded event loop delay.',
  max: 'The maximum recorded event loop delay.',
  mean: 'The mean of the recorded event loop delays.',
  stddev: 'The standard deviation of the recorded event loop delays.',
  p50: 'The 50th percentile of the recorded event loop delays.',
  p90: 'The 90th percentile of the recorded event loop delays.',
  p99: 'The 99th percentile of the recorded event loop delays.',
};

/** All of them, as prom-client calls them: it has them too, but of a scrape within a sample of another one it tells 292 years. */
export const LOOP_METRICS: readonly string[] = ['', ...Object.keys(TOLD).map((what) => `_${what}`)].map(
  (what) => `${NAME}${what}_seconds`,
);

/**
 * The delay of this process's event loop, sampled each `SAMPLE_MS`, that time included: of the time since the last scrape, or
 * what that told where nothing was sampled since. Resolves when there is something to tell, which takes two samples.
 */
export async function loopMetrics(
  registry: Registry,
  delay: DelayHistogram = monitorEventLoopDelay({ resolution: SAMPLE_MS }),
): Promise<void> {
  delay.enable();
  while (delay.count === 0) await sleep(SAMPLE_MS);
  let last = delaysOf(delay);
  gauge(registry, { name: `${NAME}_seconds`, help: 'Lag of event loop in seconds.' }, async () => {
    // The first of these metrics to be read, hence once a scrape.
    if (delay.count > 0) {
      last = delaysOf(delay);
      delay.reset();
    }
    const begun = performance.now();
    await nextTurn();
    return [[(performance.now() - begun) / 1000]];
  });
  for (const [what, help] of Object.entries(TOLD) as [keyof Delays, string][])
    gauge(registry, { name: `${NAME}_${what}_seconds`, help }, () => [[last[what]]]);
}

/** In s. */
function delaysOf(delay: DelayHistogram): Delays {
  const { min, max, mean, stddev } = delay;
  const seconds = (ns: number): number => ns / 1e9;
  return {
    min: seconds(min),
    max: seconds(max),
    mean: seconds(mean),
    stddev: seconds(stddev),
    p50: seconds(delay.percentile(50)),
    p90: seconds(delay.percentile(90)),
    p99: seconds(delay.percentile(99)),
  };
}
