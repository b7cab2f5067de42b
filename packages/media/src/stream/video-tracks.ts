/** The default track has gone when it sends no picture for this long while another sends a keyframe. */
const DEFAULT_GONE_MS = 2000;

/**
 * The video tracks of a source (Enhanced RTMP v2, multitrack). Players start by the default one: the track without an id,
 * which is 0, else the first that came. After each start at a keyframe of it, every other track is left out until it has a
 * keyframe of its own, so that whoever starts there gets no picture that refers to one from before.
 */
export class VideoTracks {
  #defaultId: number | null = null;
  #defaultAtMs = 0;
  #isClosed = false;
  readonly #open = new Set<number>();

  get defaultId(): number | null {
    return this.#defaultId;
  }

  /** A picture of this track came. Says whether it is the default one. Times are `MediaClock`'s. */
  came(id: number, isKeyframe: boolean, atMs: number): boolean {
    const isGone = isKeyframe && atMs - this.#defaultAtMs >= DEFAULT_GONE_MS;
    if (this.#defaultId === null || id === 0 || isGone) this.#defaultId = id;
    if (id !== this.#defaultId) return false;
    this.#defaultAtMs = atMs;
    return true;
  }

  /** Players may start at a picture of the default track. Where keyframes don't come, no track waits for one. */
  started(isKeyframe: boolean): void {
    this.#isClosed = isKeyframe;
    this.#open.clear();
  }

  /** Whether pictures of this track came since the last start, or none need to. */
  isOpen(id: number): boolean {
    return !this.#isClosed || id === this.#defaultId || this.#open.has(id);
  }

  /** A keyframe of this track came. */
  open(id: number): void {
    if (this.#isClosed) this.#open.add(id);
  }
}
