import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What the member under test tells of itself. */
export interface ProbeSample {
  /** Held after a full collection: V8's heap, and memory outside of it. */
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly rssBytes: number;
  /** Longest time that the event loop stood still since the sample before. */
  readonly stalledMs: number;
  readonly handles: number;
}

// Loaded into the member before its own program; answers the fuzzer, and keeps nothing alive.
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
process.on('message', () => {
  const stalledMs = delay.max / 1e6;
  globalThis.gc?.();
  // What finalizers let go of goes with the next collection.
  setImmediate(() => {
    globalThis.gc?.();
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    const sample: ProbeSample = {
      heapBytes: heapUsed,
      externalBytes: Math.max(external, arrayBuffers),
      rssBytes: rss,
      stalledMs,
      handles: process.getActiveResourcesInfo().length,
    };
    process.send?.(sample);
    delay.reset();
  });
});
process.channel?.unref();
