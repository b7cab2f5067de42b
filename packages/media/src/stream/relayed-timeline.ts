import type { SourceLine } from './source-timeline.js';

/**
 * The line of a relay: its owner has put the frames on one already, which is kept as it is. What the owner sent over minutes
 * may come at once here, so the time of arrival tells nothing about a gap.
 */
export class RelayedTimeline implements SourceLine {
  #endMs: number | null = null;

  get endMs(): number {
    return this.#endMs ?? 0;
  }

  place(_track: number, timestampMs: number): number {
    const endMs = this.#endMs;
    // The owner's clock has 32 bits.
    const timeMs = endMs === null ? timestampMs : endMs + ((timestampMs - (endMs >>> 0)) | 0);
    this.#endMs = Math.max(endMs ?? timeMs, timeMs);
    return timeMs;
  }
}
