import type { StreamKey } from '@headwater/directory';
import type { WorkerAddress } from '@headwater/media';

/**
 * The worker that pulls a stream of other members for all workers: by rendezvous hashing, so that all choose the same one
 * without a word, and only those streams move of which the worker ended. Null: there are not several.
 */
export function choosePuller(key: StreamKey, workers: readonly WorkerAddress[]): WorkerAddress | null {
  if (workers.length < 2) return null;
  let best: WorkerAddress | null = null;
  let highest = -1;
  for (const worker of workers) {
    const score = hash(`${worker.worker} ${key}`);
    if (score <= highest) continue;
    highest = score;
    best = worker;
  }
  return best;
}

/** FNV-1a with the last step of MurmurHash3, by which names that differ in one character differ in all bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
