import { BOTH_TRACKS, type Tracks } from '../wire/flv/flv-header.js';

/** How long the first frame of an announced track is waited for. */
const ANNOUNCED_WAIT_MS = 1500;
/** How long a second track is waited for where nothing was announced. */
const SECOND_TRACK_WAIT_MS = 600;
/** A track that sent nothing for this long, while the other went on, is not there any more. */
const GONE_MS = 10_000;

type Kind = 'audio' | 'video';

const ONLY: Readonly<Record<Kind, Tracks>> = {
  audio: { audio: true, video: false },
  video: { audio: false, video: true },
};

/**
 * Which tracks are really there: those of which frames came. A header or an announcement alone is a reason to wait, and
 * no track. Times are `MediaClock`'s.
 */
export class TrackDecision {
  #firstAtMs: number | null = null;
  readonly #lastAtMs: Record<Kind, number | null> = { audio: null, video: null };
  readonly #hasHeader: Record<Kind, boolean> = { audio: false, video: false };
  #announced: Tracks | null = null;

  /** What metadata announces; null where it speaks of no track. */
  announce(tracks: Tracks | null): void {
    if (tracks !== null) this.#announced = tracks;
  }

  header(kind: Kind): void {
    this.#hasHeader[kind] = true;
  }

  frame(kind: Kind, atMs: number): void {
    this.#firstAtMs ??= atMs;
    this.#lastAtMs[kind] = atMs;
  }

  /** Whether frames of this track may still come first. */
  expects(kind: Kind): boolean {
    return this.#hasHeader[kind] || (this.#announced?.[kind] ?? false);
  }

  /** What came so far. */
  get present(): Tracks {
    const { audio, video } = this.#lastAtMs;
    return { audio: audio !== null, video: video !== null };
  }

  /** Null while it is not decided. What was decided changes where the truth does. */
  at(atMs: number): Tracks | null {
    const { audio, video } = this.#lastAtMs;
    if (this.#firstAtMs === null) return null;
    if (audio !== null && video !== null) {
      if (audio - video >= GONE_MS) return ONLY.audio;
      return video - audio >= GONE_MS ? ONLY.video : BOTH_TRACKS;
    }
    const [present, missing]: [Kind, Kind] = audio === null ? ['video', 'audio'] : ['audio', 'video'];
    return atMs - this.#firstAtMs < this.#waitMs(missing) ? null : ONLY[present];
  }

  #waitMs(missing: Kind): number {
    if (this.expects(missing)) return ANNOUNCED_WAIT_MS;
    return this.#announced === null ? SECOND_TRACK_WAIT_MS : 0;
  }
}
