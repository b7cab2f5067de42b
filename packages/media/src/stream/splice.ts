import type { Frame } from '../wire/frame.js';
import { hasSamePayload } from './packet.js';

/** What is known, beside the frames, of how two copies of a stream lie to each other. */
export interface SpliceHints {
  /** What was to be added to the last owner's timestamps: an encoder that writes to two owners uses one clock. */
  readonly offsetMs: number;
  /** Time since the last delivered frame came: how much further the copy is if it lags no more than the other did. */
  readonly elapsedMs: number;
}

export type Splice<F extends Frame = Frame> =
  /** The same encode: `frames` are the ones of the copy that were not delivered yet. */
  | {
      readonly kind: 'exact';
      /** To be added to the copy's timestamps, so that they go on from those delivered. */
      readonly offsetMs: number;
      readonly frames: readonly F[];
    }
  /** The same encode, but the copy has not come to the last delivered frame yet. */
  | { readonly kind: 'behind'; readonly lagMs: number }
  /** Nothing in the copy is known to be what was delivered. */
  | { readonly kind: 'none' };

/** Identical frames in a row, in one track, that are no coincidence; in all tracks, where no more was delivered. */
const RUN_MIN = 3;
/** So many in a row are enough, though a frame before them is missing in one of the copies. */
const RUN_ENOUGH = 16;
/** More are not counted. */
const RUN_MAX = 200;
/** So many times one of the copies may lack frames meanwhile. */
const GAPS_MAX = 8;
/** Newest frames of each track that are looked at; five seconds of any real stream are fewer. */
const DELIVERED_MAX = 600;
const COPY_MAX = 1200;
/** Places that are looked at in all tracks, the likeliest of those that the leading one allows. */
const PLACES_MAX = 8;
/** Two copies' timestamps are rounded to ms, each by itself. */
const OFFSET_TOLERANCE_MS = 3;

type Track = 'video' | 'audio';

interface Numbered {
  readonly frame: Frame;
  /** Its place among all frames of the copy. */
  readonly index: number;
}

/** One way to lay a track of the copy on the same track of what was delivered. */
interface Alignment {
  readonly offsetMs: number;
  /** Identical frames, counted back from the newest that both have. */
  readonly run: number;
  /** All that both have is identical. */
  readonly isUnbroken: boolean;
  /** The copy has the last delivered frame. */
  readonly isReached: boolean;
  /** Index in the copy of the track's first frame that was not delivered; its end where there is none yet. */
  readonly next: number;
}

/** One way to lay the copy on what was delivered, all tracks together. */
interface Candidate {
  readonly offsetMs: number;
  /** Identical frames of all tracks. */
  readonly run: number;
  readonly isUnbroken: boolean;
  readonly isReached: boolean;
  readonly next: ReadonlyMap<Track, number>;
  /** How much further the copy's newest frame is than the last delivered one; negative where it lags. */
  readonly aheadMs: number;
}

/**
 * Finds where another copy of a stream goes on from what was delivered, by the frames' bytes alone. Each track is laid
 * on itself, since two outputs of an encoder may interleave them differently; all tracks must agree on one offset of time.
 * A picture that stands still and silence repeat themselves: runs of frames count, and where several places fit, the
 * likeliest does, and a wrong one of those could not be seen or heard.
 */
export function findSplice<F extends Frame>(
  delivered: readonly Frame[],
  copy: readonly F[],
  hints: SpliceHints,
): Splice<F> {
  const tail = tracksOf(delivered, DELIVERED_MAX);
  const fresh = tracksOf(copy, COPY_MAX);
  const best = candidatesOf(tail, fresh, copy.length, hints).sort(likeliest(hints))[0];
  if (best === undefined) return { kind: 'none' };
  if (!best.isReached) return { kind: 'behind', lagMs: Math.max(0, -best.aheadMs) };
  const first = withDataBefore(copy, Math.min(...best.next.values()));
  const frames = copy.filter((frame, index) => index >= (nextOf(best, frame) ?? first));
  return { kind: 'exact', offsetMs: best.offsetMs, frames };
}

/** Data is delivered with the frame that it stands before. */
function withDataBefore(copy: readonly Frame[], at: number): number {
  let first = at;
  while (copy[first - 1]?.kind === 'data') first -= 1;
  return first;
}

/** Headers, data and tracks that were never delivered have no place of their own. */
function nextOf(candidate: Candidate, frame: Frame): number | undefined {
  return frame.kind === 'data' || frame.isHeader ? undefined : candidate.next.get(frame.kind);
}

interface Place {
  readonly isUnbroken: boolean;
  readonly offsetMs: number;
  readonly aheadMs: number;
}

const likeliest = (hints: SpliceHints) => (a: Place, b: Place) =>
  Number(b.isUnbroken) - Number(a.isUnbroken) ||
  Number(isNear(b.offsetMs, hints.offsetMs)) - Number(isNear(a.offsetMs, hints.offsetMs)) ||
  Math.abs(a.aheadMs - hints.elapsedMs) - Math.abs(b.aheadMs - hints.elapsedMs);

function tracksOf(frames: readonly Frame[], framesMax: number): Map<Track, Numbered[]> {
  const tracks = new Map<Track, Numbered[]>();
  for (const [index, frame] of frames.entries()) {
    if (frame.kind === 'data' || frame.isHeader) continue;
    const track = tracks.get(frame.kind);
    if (track === undefined) tracks.set(frame.kind, [{ frame, index }]);
    else track.push({ frame, index });
  }
  for (const [track, numbered] of tracks) tracks.set(track, numbered.slice(-framesMax));
  return tracks;
}

function candidatesOf(
  tail: ReadonlyMap<Track, Numbered[]>,
  fresh: ReadonlyMap<Track, Numbered[]>,
  end: number,
  hints: SpliceHints,
): Candidate[] {
  const tracks = (['video', 'audio'] as const).map((leader) => {
    const delivered = tail.get(leader) ?? [];
    return { leader, delivered, all: alignments(delivered, fresh.get(leader) ?? [], end, null) };
  });
  const candidates = candidatesLedBy(
    tracks.map(({ leader, all }) => ({ leader, leading: all.filter(({ run }) => run >= RUN_MIN) })),
    tail,
    fresh,
    end,
    hints,
  );
  if (candidates.length > 0) return candidates;
  // A track that was not delivered yet has no place in the copy.
  if ([...fresh.keys()].some((track) => !tail.has(track))) return [];
  // A stream that has just begun has no run of one track yet. All of it is as good: on the same clock, or with enough
  // frames of all tracks together.
  return candidatesLedBy(
    tracks.map(({ leader, delivered, all }) => ({
      leader,
      leading: all.filter(({ run, isReached }) => isReached && run === delivered.length),
    })),
    tail,
    fresh,
    end,
    hints,
  ).filter(
    (candidate) =>
      candidate.isReached && (candidate.run >= RUN_MIN || isNear(candidate.offsetMs, hints.offsetMs)),
  );
}

function candidatesLedBy(
  leaders: readonly { readonly leader: Track; readonly leading: readonly Alignment[] }[],
  tail: ReadonlyMap<Track, Numbered[]>,
  fresh: ReadonlyMap<Track, Numbered[]>,
  end: number,
  hints: SpliceHints,
): Candidate[] {
  // The track that fits in fewest places tells most: a picture may stand still, a sound may be silence.
  // Stryker disable next-line MethodExpression,ArrowFunction,ArithmeticOperator: any order finds the same, this one soonest.
  for (const { leader, leading } of [...leaders].sort((a, b) => a.leading.length - b.leading.length)) {
    const candidates = leading
      .map((alignment) => ({ ...alignment, aheadMs: aheadOf(tail, fresh, alignment.offsetMs) }))
      .sort(likeliest(hints))
      .slice(0, PLACES_MAX)
      .flatMap((alignment) => follow(leader, alignment, tail, fresh, end) ?? []);
    if (candidates.length > 0) return candidates;
  }
  return [];
}

/** The candidate that lays every other track by the leading one's offset; null where one of them contradicts it. */
function follow(
  leader: Track,
  leading: Alignment,
  tail: ReadonlyMap<Track, Numbered[]>,
  fresh: ReadonlyMap<Track, Numbered[]>,
  end: number,
): Candidate | null {
  const next = new Map<Track, number>([[leader, leading.next]]);
  let { run, isReached, isUnbroken } = leading;
  for (const [track, delivered] of tail) {
    if (track === leader) continue;
    const copy = fresh.get(track) ?? [];
    const found = nearest(alignments(delivered, copy, end, leading.offsetMs), leading.offsetMs);
    if (found === undefined) {
      // Sound that begins only after what was delivered contradicts nothing; pictures must be seen to be the same.
      const from = track === 'audio' ? firstAfter(delivered, copy, leading.offsetMs) : null;
      if (from === null) return null;
      next.set(track, from);
      continue;
    }
    isReached &&= found.isReached;
    isUnbroken &&= found.isUnbroken;
    run += found.run;
    next.set(track, found.next);
  }
  return {
    offsetMs: leading.offsetMs,
    run,
    isReached,
    isUnbroken,
    next,
    aheadMs: aheadOf(tail, fresh, leading.offsetMs),
  };
}

function nearest(found: readonly Alignment[], offsetMs: number): Alignment | undefined {
  return [...found].sort(
    (a, b) => Math.abs(a.offsetMs - offsetMs) - Math.abs(b.offsetMs - offsetMs) || b.run - a.run,
  )[0];
}

/** Where the track begins in the copy, if all of it lies behind what was delivered. */
function firstAfter(
  delivered: readonly Numbered[],
  copy: readonly Numbered[],
  offsetMs: number,
): number | null {
  const last = delivered.at(-1);
  const first = copy[0];
  if (last === undefined || first === undefined) return null;
  return difference(last.frame, first.frame) < offsetMs ? first.index : null;
}

/** Every way to lay one track on itself; near this offset only, where one is given. */
function alignments(
  delivered: readonly Numbered[],
  copy: readonly Numbered[],
  end: number,
  offsetMs: number | null,
): Alignment[] {
  const found: Alignment[] = [];
  // `shift`: the copy's frame i lies on the delivered frame i + shift.
  for (let shift = 1 - copy.length; shift < delivered.length; shift += 1) {
    const from = Math.max(0, -shift);
    const to = Math.min(copy.length, delivered.length - shift) - 1;
    const newest = pairAt(delivered, copy, to, shift);
    if (newest === null) continue;
    if (offsetMs !== null && !isNear(newest, offsetMs)) continue;
    const { run, isUnbroken } = runTo(delivered, copy, to, shift, newest, Math.min(RUN_MAX, to - from + 1));
    if (!isUnbroken && run < RUN_ENOUGH) continue;
    const isReached = to + shift === delivered.length - 1;
    found.push({ offsetMs: newest, run, isUnbroken, isReached, next: copy[to + 1]?.index ?? end });
  }
  return found;
}

/**
 * Identical frames up to the copy's frame `to`, and whether all that both have is identical, within `overlap` frames. Where one
 * of them lacks frames, as an encoder's that was silent for a moment, it goes on before the gap.
 */
function runTo(
  delivered: readonly Numbered[],
  copy: readonly Numbered[],
  to: number,
  shift: number,
  offsetMs: number,
  overlap: number,
): Pick<Alignment, 'run' | 'isUnbroken'> {
  let [at, before, run] = [to, shift, 0];
  for (let gaps = 0; ; gaps += 1) {
    while (run < overlap && isSame(delivered, copy, at, before, offsetMs)) {
      run += 1;
      at -= 1;
    }
    if (run === overlap) return { run, isUnbroken: true };
    if (gaps > 0 && (at < 0 || at + before < 0)) return { run, isUnbroken: true };
    if (run < RUN_MIN || run >= RUN_ENOUGH || gaps >= GAPS_MAX) return { run, isUnbroken: false };
    const beyond = beyondGap(delivered, copy, at, before, offsetMs);
    if (beyond === 'different') return { run, isUnbroken: false };
    if (beyond === 'nothing') return { run, isUnbroken: true };
    ({ at, shift: before } = beyond);
  }
}

/** Where both have a frame again, counted back from here; `nothing`: that is before the first one of one of them. */
function beyondGap(
  delivered: readonly Numbered[],
  copy: readonly Numbered[],
  at: number,
  shift: number,
  offsetMs: number,
): { readonly at: number; readonly shift: number } | 'different' | 'nothing' {
  let [i, j] = [at, at + shift];
  const apart = (): number => (pairAt(delivered, copy, i, j - i) ?? Number.NaN) - offsetMs;
  const isCopyShort = apart() > 0;
  if (isNear(apart(), 0)) return 'different';
  while (isCopyShort ? apart() > OFFSET_TOLERANCE_MS : apart() < -OFFSET_TOLERANCE_MS) {
    if (isCopyShort) j -= 1;
    else i -= 1;
  }
  if (i < 0 || j < 0) return 'nothing';
  return isNear(apart(), 0) ? { at: i, shift: j - i } : 'different';
}

/** The offset of time between the copy's frame and the one that it is laid on. */
function pairAt(
  delivered: readonly Numbered[],
  copy: readonly Numbered[],
  at: number,
  shift: number,
): number | null {
  const sent = delivered[at + shift];
  const other = copy[at];
  return sent === undefined || other === undefined ? null : difference(sent.frame, other.frame);
}

function isSame(
  delivered: readonly Numbered[],
  copy: readonly Numbered[],
  at: number,
  shift: number,
  offsetMs: number,
): boolean {
  const sent = delivered[at + shift]?.frame;
  const other = copy[at]?.frame;
  if (sent === undefined || other === undefined) return false;
  return isNear(difference(sent, other), offsetMs) && hasSamePayload(sent, other);
}

function aheadOf(
  tail: ReadonlyMap<Track, Numbered[]>,
  fresh: ReadonlyMap<Track, Numbered[]>,
  offsetMs: number,
): number {
  const ahead: number[] = [];
  for (const [track, delivered] of tail) {
    const last = delivered.at(-1);
    const newest = fresh.get(track)?.at(-1);
    if (last !== undefined && newest !== undefined)
      ahead.push(offsetMs - difference(last.frame, newest.frame));
  }
  return Math.min(...ahead);
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= OFFSET_TOLERANCE_MS;

/** `a`'s time less `b`'s; clocks of 32 bits wrap. */
const difference = (a: Frame, b: Frame): number => (a.timestampMs - b.timestampMs) | 0;
