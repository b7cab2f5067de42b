import { open } from 'node:inspector';

/**
 * Imported into each process of a member that is measured (`--import`): opens the inspector, on the port in its
 * environment, of the one that serves media. Workers take no `--inspect`, and main's port is main's.
 */
const isWorker = process.argv[1]?.endsWith('worker-main.js') === true;
const { BENCH_INSPECT_PORT: port, BENCH_INSPECT: which } = process.env;
if (port !== undefined && isWorker === (which === 'worker')) open(Number(port), '127.0.0.1');
