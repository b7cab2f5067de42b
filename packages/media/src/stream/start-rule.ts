/** What a frame is to who begins with it. */
export type Opening = 'sound' | 'keyframe' | 'recovery' | 'inter';

/** Sound alone is a start when no picture came for this long, though one was expected. */
const FIRST_PICTURE_WAIT_MS = 1500;
/** Sound alone is a start when the pictures stopped so long ago: what was cached of them has aged. */
const PICTURE_AGE_MAX_MS = 2000;
/** A source that sent pictures for this long and no keyframe refreshes in another way. */
const FIRST_KEYFRAME_WAIT_MS = 2000;
/**
 * The same for one whose last keyframe is so old, or twice as old as keyframes ever lay apart. Longer than the GOPs that
 * encoders make by themselves (x264: 250 frames, 10 s at 25 fps).
 */
const KEYFRAME_AGE_MAX_MS = 20_000;
/** A longer distance of keyframes is not learned. */
const KEYFRAME_INTERVAL_MAX_MS = 30_000;

/**
 * Where players may start. At keyframes, and at pictures that say that decoding may begin with them; at any picture where
 * keyframes don't come; at sound where no picture is expected, or none comes. Times are `MediaClock`'s.
 */
export class StartRule {
  #firstAtMs: number | null = null;
  #firstPictureAtMs: number | null = null;
  #pictureAtMs: number | null = null;
  #keyframeAtMs: number | null = null;
  #intervalMs = 0;
  /** Pictures stopped while sound went on; until the next picture that players may start at. */
  #isSoundAlone = false;

  /** `expectsPicture`: video is announced, though none came yet. */
  isStart(opening: Opening, atMs: number, expectsPicture: boolean): boolean {
    this.#firstAtMs ??= atMs;
    return opening === 'sound'
      ? this.#isSoundStart(atMs, expectsPicture)
      : this.#isPictureStart(opening, atMs);
  }

  /** Pictures from here on go on from none that joiners can have: only a keyframe of their own counts. */
  awaitKeyframe(): void {
    this.#keyframeAtMs = null;
    this.#firstPictureAtMs = null;
  }

  #isSoundStart(atMs: number, expectsPicture: boolean): boolean {
    if (this.#pictureAtMs === null)
      return !expectsPicture || atMs - (this.#firstAtMs ?? atMs) >= FIRST_PICTURE_WAIT_MS;
    if (!this.#isSoundAlone && atMs - this.#pictureAtMs >= PICTURE_AGE_MAX_MS) {
      this.#isSoundAlone = true;
      this.awaitKeyframe();
    }
    return this.#isSoundAlone;
  }

  #isPictureStart(opening: Exclude<Opening, 'sound'>, atMs: number): boolean {
    this.#pictureAtMs = atMs;
    this.#firstPictureAtMs ??= atMs;
    if (opening === 'inter' && !this.#isAnyPictureStart(atMs)) return false;
    this.#isSoundAlone = false;
    if (opening !== 'inter') {
      if (this.#keyframeAtMs !== null) this.#learn(atMs - this.#keyframeAtMs);
      this.#keyframeAtMs = atMs;
    }
    return true;
  }

  #isAnyPictureStart(atMs: number): boolean {
    if (this.#keyframeAtMs === null) return atMs - (this.#firstPictureAtMs ?? atMs) >= FIRST_KEYFRAME_WAIT_MS;
    return atMs - this.#keyframeAtMs > Math.max(KEYFRAME_AGE_MAX_MS, 2 * this.#intervalMs);
  }

  #learn(intervalMs: number): void {
    this.#intervalMs = Math.max(this.#intervalMs, Math.min(KEYFRAME_INTERVAL_MAX_MS, intervalMs));
  }
}
