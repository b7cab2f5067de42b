import { parentPort, workerData } from 'node:worker_threads';
import { runSeed, type SeedOptions } from './run-seed.js';

/** Runs the seeds that it is given, one after the other, and tells what came of each. */
const options = workerData as SeedOptions;
parentPort?.on('message', (seed: number) => parentPort?.postMessage(runSeed(seed, options)));
