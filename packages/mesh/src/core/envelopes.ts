import type { Delta, LogPosition } from '@headwater/directory';
import { ENVELOPE_KEPT_BYTES_MAX, ENVELOPES_KEPT_BYTES_MAX, ENVELOPES_KEPT_MAX } from './limits.js';

interface Kept {
  readonly from: number;
  readonly to: number;
  readonly signedBytes: Uint8Array;
}

/**
 * The last news of one member, under its signature as they came, so that they can be handed on to who can't ask that
 * member itself. What is inside the envelopes is nobody's business here: whoever is given one checks it.
 */
export class Envelopes {
  #generation = 0;
  /** By their ends. */
  #kept: Kept[] = [];
  #bytes = 0;

  get count(): number {
    return this.#kept.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `signedBytes`: the envelope in which the delta came; it is copied. */
  keep({ generation, from, to }: Delta, signedBytes: Uint8Array): void {
    if (generation < this.#generation || signedBytes.byteLength > ENVELOPE_KEPT_BYTES_MAX) return;
    if (generation > this.#generation) this.clear();
    this.#generation = generation;
    // News mostly come in order.
    let index = this.#kept.length;
    while (index > 0 && (this.#kept[index - 1]?.to ?? 0) > to) index -= 1;
    const before = this.#kept[index - 1];
    if (before?.to === to && before.from <= from) return;
    this.#kept.splice(index, 0, { from, to, signedBytes: signedBytes.slice() });
    this.#bytes += signedBytes.byteLength;
    while (this.#kept.length > ENVELOPES_KEPT_MAX || this.#bytes > ENVELOPES_KEPT_BYTES_MAX)
      this.#bytes -= this.#kept.shift()?.signedBytes.byteLength ?? 0;
  }

  /** Those that lead on from a position without a gap; none where what is kept does not reach back so far. */
  since({ generation, version }: LogPosition): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    let reached = generation === this.#generation ? version : 0;
    if (generation > this.#generation) return found;
    for (const { from, to, signedBytes } of this.#kept) {
      if (to <= reached) continue;
      if (from > reached) break;
      found.push(signedBytes);
      reached = to;
    }
    return found;
  }

  clear(): void {
    this.#kept = [];
    this.#bytes = 0;
  }
}
