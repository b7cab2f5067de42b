import type { MemberId } from '@headwater/directory';
import { Dispute } from '../dispute.js';

/** The generation of the one that is accused. */
export const OWN_GENERATION = 1_000;

/** It is judged this often, ms. */
export const STEP_MS = 200;

/** Those connected with it, where nothing else is said. */
export const ALL: readonly MemberId[] = ['a', 'b', 'c', 'd'];

export interface Accusation {
  readonly by: readonly MemberId[];
  readonly generation?: number;
  readonly heard?: boolean | null;
}

/** A member of which others say that somebody else holds its identity. */
export class Accused {
  /** It runs for ten hours. */
  now = 36_000_000;
  dispute = new Dispute(OWN_GENERATION, 800, this.now);

  /** So many ms in which these say so again and again. Returns when a generation is to be taken, and which. */
  go(
    ms: number,
    accusations: readonly Accusation[],
    {
      own = OWN_GENERATION,
      connected = ALL,
    }: { readonly own?: number; readonly connected?: readonly MemberId[] } = {},
  ): { readonly afterMs: number; readonly generation: number } | null {
    for (let afterMs = 0; afterMs < ms; afterMs += STEP_MS) {
      this.now += STEP_MS;
      for (const { by, generation = OWN_GENERATION + 5, heard = true } of accusations)
        for (const id of by) this.dispute.told(id, generation, heard, this.now);
      const generation = this.dispute.judge(own, connected, this.now);
      if (generation !== null) return { afterMs, generation };
    }
    return null;
  }
}
