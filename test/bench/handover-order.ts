import type { Claim } from '@headwater/directory';

/** What a worker of `handover` is. */
export interface WorkerOrder {
  /** From 1. */
  readonly number: number;
  /** Of all workers' unix sockets, the first worker's first. */
  readonly paths: readonly string[];
}

/** Messages between a worker and its parent. A handover comes with a socket. */
export type WorkerTold =
  | { readonly kind: 'ready'; readonly rtmpPort: number; readonly doorPort: number }
  | { readonly kind: 'claim'; readonly claim: Claim; readonly worker: number }
  | { readonly kind: 'handover'; readonly said: string };
