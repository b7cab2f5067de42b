import type { Delta, Directory, StreamKey } from '@headwater/directory';

/** Which streams may have other owners, or owners in another order, than at the last look: by what the directory tells. */
export class TouchedStreams {
  #keys = new Set<StreamKey>();
  #areAll = true;

  constructor(directory: Directory) {
    const all = (): void => {
      this.#areAll = true;
    };
    directory.observe({
      deltaApplied: (delta) => this.#note(delta),
      memberReplaced: all,
      livenessSet: all,
      reachSet: all,
      claimsVoided: all,
      memberForgotten: all,
    });
  }

  /** Since it was asked last; null: any. */
  take(): ReadonlySet<StreamKey> | null {
    const keys = this.#areAll ? null : this.#keys;
    this.#keys = new Set();
    this.#areAll = false;
    return keys;
  }

  #note({ from, entries }: Delta): void {
    // A newer generation voids what was before it.
    if (from === 0) this.#areAll = true;
    for (const entry of entries) {
      if (entry.kind === 'claim') this.#keys.add(entry.claim.key);
      else if (entry.kind === 'release') this.#keys.add(entry.key);
      else this.#areAll = true;
    }
  }
}
