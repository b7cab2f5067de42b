import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceTimeline, toUint32 } from './source-timeline.js';

const VIDEO = 0;
const AUDIO = 256;
const WRAP_24 = 2 ** 24;
const WRAP_32 = 2 ** 32;

interface Step {
  readonly track: number;
  /** By the encoder's own clock, without wraps. */
  readonly clockMs: number;
}

/** Two tracks as encoders interleave them: 40 and 23 ms apart, a little jitter. */
const interleaved = (steps: number) =>
  fc
    .record({
      jitter: fc.array(fc.integer({ min: -15, max: 15 }), { minLength: steps, maxLength: steps }),
      lead: fc.integer({ min: -800, max: 800 }),
    })
    .map(({ jitter, lead }) => {
      const all: Step[] = jitter.flatMap((by, i) => [
        { track: VIDEO, clockMs: 2000 + i * 40 + by },
        { track: AUDIO, clockMs: 2000 + lead + i * 40 },
      ]);
      return all;
    });

/** Arrival is of no account but where a test says so: a burst. */
function placed(line: SourceTimeline, steps: readonly Step[], rawOf: (ms: number) => number): number[] {
  return steps.map(({ track, clockMs }) => line.place(track, rawOf(clockMs), 0));
}

/** Each track's own times. */
function timesOf(track: number, steps: readonly Step[], times: readonly number[]): number[] {
  return times.filter((_, i) => steps[i]?.track === track);
}

describe('SourceTimeline', () => {
  it('keeps a source as it is, wobble and all, from anywhere and across both wraps', () => {
    const starts = fc.oneof(
      fc.constantFrom(0, WRAP_24 - 3000, WRAP_32 - 3000, WRAP_32 - 1, 2 ** 31 - 2000),
      fc.integer({ min: 0, max: WRAP_32 - 1 }),
    );
    fc.assert(
      fc.property(interleaved(200), starts, fc.constantFrom(WRAP_24, WRAP_32), (steps, start, wrap) => {
        const line = new SourceTimeline();
        const first = (steps[0]?.clockMs ?? 0) + start;
        const times = placed(line, steps, (ms) => (ms + start) % wrap);
        const moved = times.map((time, i) => time - (steps[i]?.clockMs ?? 0));
        expect(new Set(moved)).toEqual(new Set([(first % wrap) - (steps[0]?.clockMs ?? 0)]));
      }),
    );
  });

  it('goes on for 50 days and more', () => {
    const line = new SourceTimeline();
    const days = 120;
    let last = 0;
    for (let ms = 0; ms < days * 86_400_000; ms += 2900) last = line.place(VIDEO, ms % WRAP_32, ms);
    expect(last).toBe(Math.floor((days * 86_400_000 - 1) / 2900) * 2900);
    expect(toUint32(last)).toBe(last % WRAP_32);
  });

  it('does so for an encoder that wraps at 24 bits', () => {
    const line = new SourceTimeline();
    let last = 0;
    let apart = 0;
    for (let ms = 0; ms < 60 * 86_400_000; ms += 2900) {
      last = line.place(VIDEO, ms % WRAP_24, ms);
      if (line.place(AUDIO, ms % WRAP_24, ms) !== last) apart += 1;
    }
    expect(last).toBe(Math.floor((60 * 86_400_000 - 1) / 2900) * 2900);
    expect(apart).toBe(0);
  });

  it('finds a track that was away while both clocks wrapped', () => {
    for (const wrap of [WRAP_24, WRAP_32]) {
      const line = new SourceTimeline();
      const start = wrap - 10_000;
      line.place(VIDEO, start, 0);
      for (let ms = 0; ms <= 60_000; ms += 20) line.place(AUDIO, (start + ms) % wrap, ms);
      expect(line.place(VIDEO, 50_000, 60_000)).toBe(start + 60_000);
    }
  });

  it('rebases a track that restarts against the other, which does not move', () => {
    fc.assert(
      fc.property(
        fc.constantFrom([VIDEO, AUDIO] as const, [AUDIO, VIDEO] as const),
        fc.integer({ min: 10_000, max: WRAP_32 - 100_000 }),
        fc.integer({ min: 0, max: 5000 }),
        ([restarts, goesOn], at, to) => {
          const line = new SourceTimeline();
          for (let ms = 0; ms <= 1000; ms += 40) {
            line.place(restarts, at + ms, ms);
            line.place(goesOn, at + ms, ms);
          }
          for (let ms = 0; ms < 2000; ms += 40) {
            const time = line.place(restarts, to + ms, 1000 + ms);
            expect(line.place(goesOn, at + 1040 + ms, 1000 + ms)).toBe(at + 1040 + ms);
            expect(time).toBe(at + 1040 + ms);
          }
        },
      ),
    );
  });

  it('rebases sound that fell from 2400 to 0 while the picture went on to 62400', () => {
    const line = new SourceTimeline();
    for (let ms = 0; ms <= 2400; ms += 40) {
      line.place(VIDEO, ms, ms);
      line.place(AUDIO, ms, ms);
    }
    for (let ms = 2440; ms <= 62_400; ms += 40) line.place(VIDEO, ms, ms);
    expect(line.place(AUDIO, 0, 62_400)).toBe(62_440);
    expect(line.place(VIDEO, 62_440, 62_440)).toBe(62_440);
    expect(line.place(AUDIO, 23, 62_423)).toBe(62_463);
  });

  it('takes a jump of both tracks, either way, for one jump with one offset', () => {
    fc.assert(
      fc.property(
        interleaved(60),
        fc.oneof(fc.integer({ min: 15_000, max: 2 ** 30 }), fc.integer({ min: -(2 ** 30), max: -15_000 })),
        fc.integer({ min: 30, max: 90 }),
        fc.boolean(),
        (steps, jump, at, isAudioFirst) => {
          const line = new SourceTimeline();
          const start = 2 ** 31;
          // The tracks jump at the same time of the clock, in whatever order that comes through.
          const from = 2000 + at * 20;
          const ordered = isAudioFirst
            ? steps
            : steps.flatMap((step, i) => (i % 2 === 0 ? [steps[i + 1] ?? step, step] : []));
          const times = placed(line, ordered, (ms) => (ms >= from ? ms + jump : ms) + start);
          const offsets = ordered
            .map(({ clockMs, track }, i) => ({ track, clockMs, offset: (times[i] ?? 0) - start - clockMs }))
            .filter(({ clockMs }) => clockMs >= from + 2500);
          for (const track of [VIDEO, AUDIO]) {
            const own = timesOf(track, ordered, times);
            const clocks = ordered.filter((step) => step.track === track).map(({ clockMs }) => clockMs);
            own.slice(1).forEach((time, i) => {
              const wobble = Math.max(0, (clocks[i] ?? 0) - (clocks[i + 1] ?? 0));
              expect(time).toBeGreaterThanOrEqual((own[i] ?? 0) - wobble);
              expect(time - (own[i] ?? 0)).toBeLessThan(3000);
            });
          }
          expect(new Set(offsets.map(({ offset }) => offset)).size).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('keeps the gap of a track that was away while the other went on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3040, max: 10_000_000 }), fc.boolean(), (gap, isBurst) => {
        const line = new SourceTimeline();
        line.place(VIDEO, 1000, 0);
        line.place(AUDIO, 1000, 0);
        for (let ms = 0; ms <= gap; ms += 2500) line.place(AUDIO, 1000 + ms, isBurst ? 0 : ms);
        expect(line.place(VIDEO, 1000 + gap, isBurst ? 0 : gap)).toBe(1000 + gap);
      }),
    );
  });

  it('takes a jump of one track alone out, and keeps a pause of both', () => {
    const jumped = new SourceTimeline();
    for (const track of [VIDEO, AUDIO]) jumped.place(track, 1000, 0);
    expect(jumped.place(VIDEO, 61_040, 40)).toBe(1020);
    expect(jumped.place(AUDIO, 1023, 40)).toBe(1023);
    expect(jumped.place(VIDEO, 61_080, 80)).toBe(1060);

    const paused = new SourceTimeline();
    for (const track of [VIDEO, AUDIO]) paused.place(track, 1000, 0);
    expect(paused.place(VIDEO, 61_000, 60_000)).toBe(61_000);
    expect(paused.place(AUDIO, 61_010, 60_000)).toBe(61_010);
  });

  it('keeps a slide show as it is, also in a burst, and takes longer jumps out', () => {
    const line = new SourceTimeline();
    expect([0, 10_000, 20_000, 30_000].map((ms) => line.place(VIDEO, ms, 0))).toEqual([
      0, 10_000, 20_000, 30_000,
    ]);
    expect(line.place(VIDEO, 90_000, 60_000)).toBe(90_000);
    expect(line.place(VIDEO, 190_000, 60_000)).toBe(90_020);
  });

  it('lets a small step back be, and takes a large one for a restart', () => {
    const line = new SourceTimeline();
    for (const ms of [10_000, 10_040]) line.place(VIDEO, ms, 0);
    expect(line.place(VIDEO, 7040, 0)).toBe(7040);
    expect(line.place(VIDEO, 10_080, 0)).toBe(10_080);
    expect(line.place(VIDEO, 7079, 0)).toBe(10_120);
  });

  it('puts a late track where it says, or beside the others where it has a clock of its own', () => {
    const late = (raw: number): number => {
      const line = new SourceTimeline();
      for (let ms = 0; ms <= 62_400; ms += 40) line.place(VIDEO, ms, ms);
      return line.place(AUDIO, raw, 62_400);
    };
    expect([62_380, 59_400, 65_400].map(late)).toEqual([62_380, 59_400, 65_400]);
    expect([0, 59_399, 65_401, WRAP_32 - 1].map(late)).toEqual([62_420, 62_420, 62_420, 62_420]);
  });

  it('puts a track that begins after a pause of all on the clock that went on', () => {
    const line = new SourceTimeline();
    line.place(AUDIO, 1000, 0);
    expect(line.place(VIDEO, 6000, 5040)).toBe(6000);
    expect(line.place(AUDIO, 6010, 5050)).toBe(6010);
    const jumped = new SourceTimeline();
    jumped.place(AUDIO, 1000, 0);
    expect(jumped.place(VIDEO, 6000, 40)).toBe(1020);
    const late = new SourceTimeline();
    late.place(AUDIO, 1000, 5000);
    expect(late.place(VIDEO, 6000, 10_040)).toBe(6000);
  });

  it('puts a track that begins beside those that went on, though its clock is that of one that stays behind', () => {
    const line = new SourceTimeline();
    line.place(VIDEO, 1000, 0);
    expect(line.place(AUDIO, 500_000, 0)).toBe(1020);
    for (const ms of [4000, 7000, 10_000]) line.place(VIDEO, ms, 0);
    expect(line.place(1, 500_010, 0)).toBe(10_020);
  });

  it('puts a track that was away while all clocks restarted beside the others, however near to its own its clock is', () => {
    const line = new SourceTimeline();
    for (let at = 0; at <= 5000; at += 40) {
      line.place(VIDEO, at, at);
      line.place(AUDIO, at, at);
    }
    for (let at = 0; at < 2000; at += 40) line.place(VIDEO, at, 5040 + at);
    const shown = line.place(VIDEO, 2020, 7060);
    expect(shown).toBe(7060);
    expect(line.place(AUDIO, 2020, 7060)).toBe(shown);
    expect(line.place(AUDIO, 2043, 7083)).toBe(shown + 23);
  });

  it('gives a track that is put back by the other’s clock 1 ms steps until it is past what it had', () => {
    const line = new SourceTimeline();
    line.place(VIDEO, 50_000, 0);
    line.place(AUDIO, 50_000, 0);
    expect(line.place(VIDEO, 200, 0)).toBe(50_020);
    expect([100, 123, 146, 169, 192, 215].map((ms) => line.place(AUDIO, ms, 0))).toEqual([
      50_001, 50_002, 50_003, 50_004, 50_012, 50_035,
    ]);
  });

  it('never goes back further than a track’s own wobble, whatever comes', () => {
    const anything = fc.array(
      fc.record({
        track: fc.constantFrom(VIDEO, AUDIO, 1),
        raw: fc.oneof(
          fc.integer({ min: 0, max: WRAP_32 - 1 }),
          fc.integer({ min: 0, max: 20_000 }),
          fc.integer({ min: WRAP_24 - 5000, max: WRAP_24 + 5000 }),
        ),
        after: fc.integer({ min: 0, max: 20_000 }),
      }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(anything, (frames) => {
        const line = new SourceTimeline();
        const last = new Map<number, number>();
        let now = 0;
        for (const { track, raw, after } of frames) {
          now += after;
          const time = line.place(track, raw, now);
          expect(Number.isSafeInteger(time)).toBe(true);
          expect(line.endMs).toBeGreaterThanOrEqual(time);
          expect(time).toBeGreaterThanOrEqual((last.get(track) ?? time) - 3000);
          last.set(track, time);
        }
      }),
    );
  });

  it('keeps tracks together that jump together, one of them by a little more than is ordinary', () => {
    for (const [video, audio] of [
      [3020, 2984],
      [2984, 3020],
      [-3020, -2984],
    ] as const) {
      const line = new SourceTimeline();
      for (let at = 5000; at <= 5080; at += 40) {
        line.place(0, at, at);
        line.place(1, at + 4, at);
      }
      const shown = line.place(0, 5080 + video, 5080);
      const heard = line.place(1, 5084 + audio, 5080);
      expect(Math.abs(shown - heard - (video - audio)), `${video} ${audio}`).toBeLessThan(60);
    }
  });
});
