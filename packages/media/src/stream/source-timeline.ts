/** Where a source's frames lie on its line. */
export interface SourceLine {
  /** The furthest that any track has come, without wraps; 0 before the first frame. */
  readonly endMs: number;
  /** The frame's time on the line in ms, without wraps. */
  place(track: number, timestampMs: number, nowMs: number): number;
}

/** One track's clock, and how it lies on the source's line. */
interface Line {
  /** The track's last timestamp, as it came. */
  rawMs: number;
  /** Where that lies on the line: unwrapped, what was given out but for `floorMs`. */
  timeMs: number;
  /** What was given out last. */
  givenMs: number;
  /** While the track is put on another's clock, and behind what it had already: nothing at or before this is given out. */
  floorMs: number;
  /** Distance of the track's last two frames that went forward. */
  stepMs: number;
  /** When its last frame came. */
  atMs: number;
  /** How often a track had been put anew when this one began, or jumped itself. */
  anewCount: number;
}

const WRAP_24 = 2 ** 24;
/** A larger step of one track, back or forth, must be explained, by its other tracks or by the time that passed. */
const STEP_MAX_MS = 3000;
/** The same where there is no other track to tell a jump from a slide show. */
const LONE_STEP_MAX_MS = 10_000;
/** Less is no jump. */
const JUMP_MIN_MS = 500;
/** What no muxer lets lie further apart: a track that is more than this behind stood still while the others went on. */
const TRACKS_APART_MAX_MS = 10_000;
/** Muxers let one track lead the other by less: tracks that jump together do so within this time. */
const NEAR_MS = 1500;
/** Distance of a track's frames where nothing is known, and its bounds. */
const STEP_MS = { first: 20, min: 1, max: 100 } as const;

/**
 * Puts a source's frames on one line, each track for itself. Pure: time is an argument, and matters for one question only.
 *
 * - A track that steps as tracks do (at most 3 s back or forth) keeps its steps, wobble backwards as well, across
 *   wraps of its clock at 2^32 and at 2^24.
 * - Forward by more, to where the other tracks are now, or by as much as time passed: it was away (camera off), or all were,
 *   and the gap is kept.
 * - A track that begins after a pause of all, by another's clock: the gap is kept, and it is on that one's clock.
 * - A track whose new timestamp fits the clock that another track goes by is put on that one's clock. So tracks that jump
 *   or restart together keep their distance: the first is put anew, the others follow it.
 * - Forward by more, by no more than the time that passed since its last frame: the source paused; the gap is kept.
 * - All else (a restart, a jump of the clock, or a clock that stood still while the others went on) goes on one step after
 *   the furthest track. No other track moves.
 * - A track that jumps with the others, by so little that its step alone could be ordinary or the end of a gap, follows them all
 *   the same.
 * - A track never goes back further than its own wobble: where another's clock would have it so, its frames are given
 *   1 ms apart until they are past what was given out.
 */
export class SourceTimeline implements SourceLine {
  readonly #lines = new Map<number, Line>();
  #endMs = 0;
  /** How often a track was put one step after the furthest, and how far the furthest was and what time it was when one was so last. */
  #anewCount = 0;
  #anewAtMs = 0;
  #anewNowMs = 0;

  /** The furthest that any track has come, without wraps; 0 before the first frame. */
  get endMs(): number {
    return this.#endMs;
  }

  /**
   * The frame's time on the line in ms, without wraps (`toUint32`). `track` is any number for the track; `nowMs` is by a
   * monotonic clock.
   */
  place(track: number, timestampMs: number, nowMs: number): number {
    const line = this.#lines.get(track);
    if (line === undefined) return this.#begin(track, timestampMs, nowMs);
    const step = stepBetween(line.rawMs, timestampMs);
    const own = line.timeMs + step;
    const hasJumpedAlong = this.#hasJumpedAlong(line, timestampMs, step);
    const isOrdinary =
      step >= -STEP_MAX_MS && step <= STEP_MAX_MS && own >= this.#endMs - TRACKS_APART_MAX_MS;
    if (!hasJumpedAlong && isOrdinary) {
      if (step > 0) line.stepMs = Math.min(STEP_MS.max, Math.max(STEP_MS.min, step));
      line.timeMs = own;
    } else {
      const elapsedMs = nowMs - line.atMs;
      const hasGap = step > STEP_MAX_MS && (this.#isNearOthers(own) || isNear(step, elapsedMs));
      if (hasGap && !hasJumpedAlong) line.timeMs = own;
      else this.#putAnew(line, timestampMs, own, nowMs);
      line.anewCount = this.#anewCount;
    }
    line.rawMs = timestampMs;
    line.atMs = nowMs;
    return this.#give(line);
  }

  #begin(track: number, timestampMs: number, nowMs: number): number {
    const timeMs =
      this.#lines.size === 0
        ? timestampMs
        : (this.#besideOthers(null, timestampMs) ??
          this.#afterPause(timestampMs, nowMs) ??
          this.#endMs + STEP_MS.first);
    const line: Line = {
      rawMs: timestampMs,
      timeMs,
      givenMs: timeMs,
      floorMs: Number.NEGATIVE_INFINITY,
      stepMs: STEP_MS.first,
      atMs: nowMs,
      anewCount: this.#anewCount,
    };
    this.#lines.set(track, line);
    return this.#give(line);
  }

  /** Another track jumped a moment ago by just so much more that it was put anew, and this one jumps with it. */
  #hasJumpedAlong(line: Line, timestampMs: number, step: number): boolean {
    if (line.anewCount === this.#anewCount || Math.abs(step) < JUMP_MIN_MS) return false;
    // One that sent nothing since then may have been away for long.
    if (this.#endMs - this.#anewAtMs > NEAR_MS && line.atMs >= this.#anewNowMs) return false;
    const beside = this.#besideOthers(line, timestampMs);
    return beside !== null && Math.abs(beside - (line.timeMs + step)) >= JUMP_MIN_MS;
  }

  #putAnew(line: Line, timestampMs: number, own: number, nowMs: number): void {
    const beside = this.#besideOthers(line, timestampMs);
    if (beside !== null) {
      line.timeMs = beside;
      line.floorMs = line.givenMs;
      return;
    }
    const explained = nowMs - line.atMs + STEP_MAX_MS;
    const stepMax = this.#lines.size > 1 ? explained : Math.max(explained, LONE_STEP_MAX_MS);
    const step = own - line.timeMs;
    const isPause = step > 0 && step <= stepMax;
    if (!isPause) {
      // Stryker disable next-line AssignmentOperator: any number that it was not yet would do.
      this.#anewCount += 1;
      this.#anewAtMs = this.#endMs;
      this.#anewNowMs = nowMs;
    }
    line.timeMs = isPause ? own : this.#endMs + line.stepMs;
    line.floorMs = Number.NEGATIVE_INFINITY;
  }

  #give(line: Line): number {
    if (line.timeMs > line.floorMs) {
      line.floorMs = Number.NEGATIVE_INFINITY;
      line.givenMs = line.timeMs;
    } else {
      line.floorMs += 1;
      line.givenMs = line.floorMs;
    }
    this.#endMs = Math.max(this.#endMs, line.givenMs);
    return line.givenMs;
  }

  /** Where a timestamp lies by the clock of another track that is about there at the moment; null where by none. */
  #besideOthers(line: Line | null, timestampMs: number): number | null {
    let nearest: number | null = null;
    for (const other of this.#lines.values()) {
      if (other === line) continue;
      const time = other.timeMs + stepBetween(other.rawMs, timestampMs);
      const distance = Math.abs(time - this.#endMs);
      if (distance <= STEP_MAX_MS && (nearest === null || distance < Math.abs(nearest - this.#endMs))) {
        nearest = time;
      }
    }
    return nearest;
  }

  /** Where a timestamp lies by the clock of a track that has paused for about as long as the clock went on. */
  #afterPause(timestampMs: number, nowMs: number): number | null {
    for (const other of this.#lines.values()) {
      const step = stepBetween(other.rawMs, timestampMs);
      if (step > STEP_MAX_MS && isNear(step, nowMs - other.atMs)) return other.timeMs + step;
    }
    return null;
  }

  /** Of a time that is further from the track's own last one than that is near. */
  #isNearOthers(timeMs: number): boolean {
    let end = Number.NEGATIVE_INFINITY;
    for (const { givenMs } of this.#lines.values()) end = Math.max(end, givenMs);
    return isNear(timeMs, end);
  }
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= NEAR_MS;

/** How far a clock went from one timestamp to the next, whether it has 32 bits or 24. */
function stepBetween(fromMs: number, toMs: number): number {
  const step = (toMs - fromMs) | 0;
  if (fromMs >= WRAP_24 || toMs >= WRAP_24) return step;
  if (Math.abs(step + WRAP_24) <= STEP_MAX_MS) return step + WRAP_24;
  if (Math.abs(step - WRAP_24) <= STEP_MAX_MS) return step - WRAP_24;
  return step;
}

/** A time on a line as RTMP and FLV carry it. */
export function toUint32(timeMs: number): number {
  return timeMs >>> 0;
}
