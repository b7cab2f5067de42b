/** A worker as the next connection sees it. */
export interface Choosable {
  /** Connections that it has, those on their way included. */
  readonly open: number;
  /** Connections that were handed to it, which it has not taken. */
  readonly untaken: number;
  /** How long the oldest of them has been on its way, ms; 0 where there is none. */
  readonly waitingMs: number;
}

/** Most connections on their way to one worker: what it does not take can go to another. */
export const UNTAKEN_MAX = 32;
/** A worker that has not taken a connection for so long gets no other while there is one that has, ms. */
export const LATE_MS = 200;

/**
 * The worker for the next connection: the one with the fewest, of those that take what they are given; of late ones only
 * where all are. Null: none has room on its way.
 */
export function chooseWorker<T extends Choosable>(workers: readonly T[]): T | null {
  let best: T | null = null;
  for (const worker of workers) {
    if (worker.untaken >= UNTAKEN_MAX) continue;
    if (best === null || isBefore(worker, best)) best = worker;
  }
  return best;
}

function isBefore(a: Choosable, b: Choosable): boolean {
  const lateA = a.waitingMs >= LATE_MS;
  const lateB = b.waitingMs >= LATE_MS;
  return lateA === lateB ? a.open < b.open : lateB;
}
