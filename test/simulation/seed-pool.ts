import { Worker } from 'node:worker_threads';
import { runSeed, type SeedOptions, type SeedResult } from './run-seed.js';

export interface SeedRange {
  readonly from: number;
  readonly count: number;
}

/**
 * Runs seeds on so many threads at once, and tells each result as it comes: in order where `jobs` is 1.
 * @throws whatever the simulator itself throws, which is never a seed's fault.
 */
export async function runSeeds(
  { from, count }: SeedRange,
  jobs: number,
  options: SeedOptions,
  tell: (result: SeedResult) => void,
): Promise<void> {
  const end = from + count;
  if (jobs === 1) {
    for (let seed = from; seed < end; seed += 1) tell(runSeed(seed, options));
    return;
  }
  let next = from;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./seed-worker.js', import.meta.url), { workerData: options });
      const advance = (): void => {
        if (next < end) worker.postMessage(next++);
        else worker.terminate().then(() => resolve(), reject);
      };
      worker.on('message', (result: SeedResult) => {
        tell(result);
        advance();
      });
      worker.on('error', reject);
      advance();
    });
  await Promise.all(Array.from({ length: Math.min(jobs, count) }, work));
}
