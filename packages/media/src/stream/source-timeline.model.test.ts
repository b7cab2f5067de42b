import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceTimeline } from './source-timeline.js';

const WRAPS = [2 ** 24, 2 ** 32] as const;
/** Clocks that lie no further apart may be taken for one, and a step of this size for a wobble. */
const ALIKE_MS = 4500;
/** The 24-bit wrap is known by steps of 3 s at most: a source that pauses across it begins anew. */
const PAUSE_MAX_MS = 90_000;

type Track = 0 | 1;

interface Event {
  readonly kind: 'restart' | 'jump' | 'gap';
  /** Null: both tracks. */
  readonly track: Track | null;
  readonly toMs: number;
  readonly byMs: number;
  readonly lengthMs: number;
  readonly restMs: number;
}

interface Encoder {
  readonly wrap: number;
  readonly startMs: number;
  /** Distance of each track's frames. */
  readonly stepsMs: readonly [number, number];
  /** How much later the second track's frames come than the first one's of the same moment. */
  readonly leadMs: number;
  readonly events: readonly (Event & { readonly atMs: number })[];
  readonly endMs: number;
}

const spread = (...bounds: readonly (readonly [number, number])[]) =>
  fc.oneof(...bounds.map(([min, max]) => fc.integer({ min, max })));

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom('restart', 'jump', 'gap'),
  track: fc.constantFrom(0, 1, null),
  toMs: spread([0, 0], [0, 100_000]),
  byMs: spread([400, 3500], [3000, 30_000], [30_000, 2 ** 30], [-30_000, -4600], [-(2 ** 30), -30_000]),
  lengthMs: spread([500, 3500], [3000, 15_000], [15_000, PAUSE_MAX_MS]),
  restMs: fc.integer({ min: 6000, max: 20_000 }),
});

const encoder: fc.Arbitrary<Encoder> = fc
  .record({
    wrap: fc.constantFrom(...WRAPS),
    stepsMs: fc.tuple(fc.integer({ min: 16, max: 100 }), fc.integer({ min: 10, max: 60 })),
    leadMs: fc.integer({ min: 0, max: 200 }),
    first: spread([0, 0], [0, 2 ** 24 - 1], [-60_000, -1000]),
    events: fc.array(event, { minLength: 1, maxLength: 4 }),
  })
  .map(({ wrap, first, events, ...rest }) => {
    let atMs = 4000;
    const timed = events.map((each) => {
      const one = { ...each, atMs };
      atMs += each.lengthMs + each.restMs;
      return one;
    });
    return { wrap, ...rest, startMs: (first + wrap) % wrap, events: timed, endMs: atMs };
  });

/** What a track's clock shows for a moment of capture. */
function clockOf({ wrap, startMs, events }: Encoder, track: Track, captureMs: number): number {
  let clock = startMs + captureMs;
  for (const one of events) {
    if (captureMs < one.atMs || (one.track !== null && one.track !== track)) continue;
    if (one.kind === 'restart') clock = one.toMs + captureMs - one.atMs;
    if (one.kind === 'jump') clock += one.byMs;
  }
  return ((clock % wrap) + wrap) % wrap;
}

const isAway = ({ events }: Encoder, track: Track, captureMs: number): boolean =>
  events.some(
    (one) =>
      one.kind === 'gap' &&
      (one.track === null || one.track === track) &&
      captureMs >= one.atMs &&
      captureMs < one.atMs + one.lengthMs,
  );

/** Nobody could tell: a clock that moves by little, or to where the other one's was or is, or a wrap that nobody sees. */
function isAmbiguous(source: Encoder): boolean {
  const { wrap, events } = source;
  const isAlike = (a: number, b: number): boolean =>
    // A clock of 32 bits that is small may be one of 24 bits.
    [wrap, ...(Math.max(a, b) < WRAPS[0] ? [WRAPS[0]] : [])].some((each) => {
      const apart = (((a - b) % each) + each) % each;
      return Math.min(apart, each - apart) < ALIKE_MS;
    });
  return events.some(({ kind, track, atMs, lengthMs, byMs }) => {
    const tracks: readonly Track[] = track === null ? [0, 1] : [track];
    return tracks.some((each) => {
      const other: Track = each === 0 ? 1 : 0;
      const before = clockOf(source, each, atMs - 1);
      const after = clockOf(source, each, atMs);
      if (kind === 'gap') return clockOf(source, each, atMs + lengthMs) < clockOf(source, each, atMs - 150);
      const others = [clockOf(source, other, atMs - 1), clockOf(source, other, atMs)];
      const isSmall = isAlike(before, after) && (track !== null || kind === 'restart' || byMs < 0);
      const hadOneClock = isAlike(before, others[0] ?? 0);
      const meetsOther =
        track === null ? !hadOneClock && isAlike(after, others[0] ?? 0) : isAlike(after, others[1] ?? 0);
      return isSmall || meetsOther;
    });
  });
}

describe('SourceTimeline, beside an encoder of two tracks', () => {
  it('keeps sound and picture together through restarts, jumps, gaps and pauses, of one track and of both', () => {
    fc.assert(
      fc.property(encoder, (source) => {
        fc.pre(!isAmbiguous(source));
        const { stepsMs, leadMs, events, endMs } = source;
        const line = new SourceTimeline();
        const next = [0, 0];
        /** How far each track's line lies from the moments of capture. */
        const offsets = [0, 0];
        let checked = 0;
        const check = (): void => {
          const lone = events.slice(0, checked).filter(({ kind, track }) => kind !== 'gap' && track !== null);
          // Where one track begins anew alone, its distance from the other is known to no more than a lead and a step.
          const apart = Math.abs((offsets[0] ?? 0) - (offsets[1] ?? 0));
          expect(apart).toBeLessThan(400 + 300 * lone.length);
        };
        while (Math.min(...next) < endMs) {
          const track: Track = (next[0] ?? 0) <= (next[1] ?? 0) + leadMs ? 0 : 1;
          const captureMs = next[track] ?? 0;
          next[track] = captureMs + stepsMs[track];
          const due = events[checked];
          if (due !== undefined && captureMs >= due.atMs - 500) {
            check();
            checked += 1;
          }
          if (isAway(source, track, captureMs)) continue;
          const nowMs = captureMs + (track === 1 ? leadMs : 0);
          offsets[track] = line.place(track, clockOf(source, track, captureMs), nowMs) - captureMs;
        }
        check();
      }),
      { numRuns: 500 },
    );
  });
});
