import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceTimeline } from './source-timeline.js';

const VIDEO = 0;
const AUDIO = 256;
const DATA = 1;
const WRAP_24 = 2 ** 24;

type Frame = readonly [track: number, timestampMs: number, nowMs?: number];

/** Times of the frames on a new line; all at one moment where nothing is said. */
function placed(...frames: readonly Frame[]): number[] {
  const line = new SourceTimeline();
  return frames.map(([track, timestampMs, nowMs = 0]) => line.place(track, timestampMs, nowMs));
}

/** Time of the last of them. */
const lastOf = (...frames: readonly Frame[]): number => placed(...frames).at(-1) ?? Number.NaN;

describe('bounds of SourceTimeline', () => {
  it('takes a step of 3 s as it is, and one of more only with the time that passed', () => {
    const both: readonly Frame[] = [
      [VIDEO, 1000],
      [AUDIO, 1000],
    ];
    expect(lastOf(...both, [VIDEO, 4000])).toBe(4000);
    expect(lastOf(...both, [VIDEO, 4001])).toBe(1020);
    expect(lastOf(...both, [VIDEO, 4001, 1])).toBe(4001);
    expect(lastOf(...both, [VIDEO, 64_000, 60_000])).toBe(64_000);
    expect(lastOf(...both, [VIDEO, 64_001, 60_000])).toBe(1020);
  });

  it('counts the time that passed from the last frame of the very track', () => {
    const frames: readonly Frame[] = [
      [VIDEO, 1000, 0],
      [AUDIO, 1000, 0],
      [VIDEO, 3000, 5000],
    ];
    expect(lastOf(...frames, [VIDEO, 6050, 5050])).toBe(6050);
    expect(lastOf(...frames, [VIDEO, 6051, 5050])).toBe(3100);
  });

  it('takes 10 s as they are where there is one track, and more with the time that passed', () => {
    expect(lastOf([VIDEO, 0], [VIDEO, 10_000])).toBe(10_000);
    expect(lastOf([VIDEO, 0], [VIDEO, 10_001])).toBe(20);
    expect(lastOf([VIDEO, 0], [VIDEO, 10_001, 7000])).toBe(20);
    expect(lastOf([VIDEO, 0], [VIDEO, 10_001, 7001])).toBe(10_001);
  });

  it('goes on by the distance of the last two frames that went forward, between 1 and 100 ms', () => {
    const afar: Frame = [VIDEO, 2 ** 30];
    expect(lastOf([VIDEO, 0], [VIDEO, 2000], afar)).toBe(2100);
    expect(lastOf([VIDEO, 0], [VIDEO, 3000], afar)).toBe(3100);
    expect(lastOf([VIDEO, 0], [VIDEO, 1], afar)).toBe(2);
    expect(lastOf([VIDEO, 0], [VIDEO, 40], [VIDEO, 20], afar)).toBe(80);
    expect(lastOf([VIDEO, 0], [VIDEO, 40], [VIDEO, 40], afar)).toBe(80);
  });

  it('lets a track be 10 s behind, and puts one that stands still further back beside the others', () => {
    const until = (endMs: number): readonly Frame[] => [
      [AUDIO, 20_000],
      ...[20_000, 22_500, 25_000, 27_500, endMs].map((ms) => [VIDEO, ms] as const),
    ];
    expect(lastOf(...until(30_000), [AUDIO, 20_000])).toBe(20_000);
    expect(lastOf(...until(30_001), [AUDIO, 20_000])).toBe(30_021);
  });

  it('keeps the gap of a track that was away up to 3 s from the others, on either side', () => {
    const away: readonly Frame[] = [
      [VIDEO, 1000],
      ...[1000, 4000, 7000, 10_000].map((ms) => [AUDIO, ms] as const),
    ];
    for (const ms of [7000, 13_000]) expect(lastOf(...away, [VIDEO, ms])).toBe(ms);
    for (const ms of [6999, 13_001]) expect(lastOf(...away, [VIDEO, ms])).toBe(10_020);
  });

  it('has a track follow the jump of another one from a step of half a second on', () => {
    const jumped = (by: number): readonly Frame[] => [
      [VIDEO, 5000],
      [AUDIO, 5000],
      [VIDEO, 5000 + by],
    ];
    expect(placed(...jumped(3020), [AUDIO, 5499])).toEqual([5000, 5000, 5020, 5499]);
    // By the other's clock it is at 2500, which is before what it had.
    expect(placed(...jumped(3020), [AUDIO, 5500], [AUDIO, 8000])).toEqual([5000, 5000, 5020, 5001, 5002]);
    expect(placed(...jumped(3020), [AUDIO, 5500], [AUDIO, 8025])).toEqual([5000, 5000, 5020, 5001, 5025]);
    expect(placed(...jumped(-3020), [AUDIO, 4501])).toEqual([5000, 5000, 5020, 4501]);
    expect(placed(...jumped(-3020), [AUDIO, 4500])).toEqual([5000, 5000, 5020, 7540]);
  });

  it('keeps tracks together that jump together, by however little', () => {
    const any = fc.record({
      jump: fc.oneof(
        // Back by 3 s give or take a frame is left out: a wobble for one track, and a restart for the other.
        fc.integer({ min: -16_000, max: -3200 }),
        fc.integer({ min: -2900, max: 16_000 }),
        fc.integer({ min: 2900, max: 3100 }),
        fc.integer({ min: 9900, max: 10_100 }),
      ),
      videoMs: fc.integer({ min: 10, max: 100 }),
      audioMs: fc.integer({ min: 10, max: 100 }),
      lead: fc.integer({ min: -400, max: 400 }),
    });
    fc.assert(
      fc.property(any, ({ jump, videoMs, audioMs, lead }) => {
        const line = new SourceTimeline();
        const start = 100_000;
        const offsets = { [VIDEO]: 0, [AUDIO]: 0 };
        const next = { [VIDEO]: start, [AUDIO]: start + lead };
        while (Math.min(next[VIDEO], next[AUDIO]) < start + 4000) {
          // As muxers do: the earlier one first.
          const track = next[VIDEO] - start <= next[AUDIO] - start - lead ? VIDEO : AUDIO;
          const clockMs = next[track];
          const hasJumped = clockMs >= start + 1000;
          offsets[track] = line.place(track, hasJumped ? clockMs + jump : clockMs, 0) - clockMs;
          next[track] += track === VIDEO ? videoMs : audioMs;
        }
        expect(Math.abs(offsets[VIDEO] - offsets[AUDIO])).toBeLessThan(500);
      }),
      { numRuns: 5000 },
    );
  });

  it('leaves a track where it is that does not jump with the others', () => {
    // By the other's clock, which jumped by a minute, it is nowhere near.
    expect(placed([VIDEO, 5000], [AUDIO, 5000], [VIDEO, 65_000], [AUDIO, 4400])).toEqual([
      5000, 5000, 5020, 4400,
    ]);
    // By the clock of the one that did not jump either it is where it says.
    expect(lastOf([VIDEO, 5000], [AUDIO, 5000], [DATA, 5000], [DATA, 65_000], [AUDIO, 4400])).toBe(4400);
    // It jumped itself, and has a gap now.
    expect(
      lastOf([VIDEO, 1000], [AUDIO, 1000], [VIDEO, 4005], [AUDIO, 1490], [AUDIO, 1520], [VIDEO, 4505]),
    ).toBe(1520);
  });

  it('has a track that went on meanwhile follow within 1.5 s, and take a later gap for its own', () => {
    const until = (endMs: number): readonly Frame[] => [
      [VIDEO, 5000],
      [AUDIO, 5000],
      [VIDEO, 8005],
      ...[5400, 5800, endMs].flatMap((ms): Frame[] => [
        [VIDEO, ms + 2985],
        [AUDIO, Math.min(ms, 6000)],
      ]),
    ];
    expect(placed(...until(6500)).slice(-2)).toEqual([6500, 6000]);
    expect(lastOf(...until(6500), [AUDIO, 6500])).toBe(6001);
    expect(lastOf(...until(6501), [AUDIO, 6501])).toBe(6501);
  });

  it('keeps the gap of a track that had jumped before: it is back where the others are, or after as much time', () => {
    // Its clock is 2,985 ms ahead of the other's from its third frame on.
    const jumped: readonly Frame[] = [
      [VIDEO, 1000, 1000],
      [AUDIO, 1000, 1000],
      [VIDEO, 4005, 1000],
      ...Array.from({ length: 14 }, (_, at): Frame => [AUDIO, 1000 + (at + 1) * 430, 1000]),
    ];
    expect(placed(...jumped)[2]).toBe(1020);
    expect(lastOf(...jumped)).toBe(7020);
    expect(lastOf(...jumped, [VIDEO, 7020 + 2985, 1000])).toBe(7020);
    expect(lastOf(...jumped, [VIDEO, 5520 + 2985, 1000])).toBe(5520);
    expect(lastOf(...jumped, [VIDEO, 5519 + 2985, 1000])).toBe(5519 + 2985);
    expect(lastOf(...jumped, [VIDEO, 5020 + 2985, 5000])).toBe(5020);
  });

  it('has it follow once: what it does after that is its own', () => {
    const frames: readonly Frame[] = [
      [VIDEO, 5000],
      [AUDIO, 5000],
      [VIDEO, 8020],
      [AUDIO, 8020],
      [VIDEO, 8060],
      [AUDIO, 8720],
      [AUDIO, 8120],
    ];
    expect(placed(...frames)).toEqual([5000, 5000, 5020, 5020, 5060, 5720, 5120]);
  });

  it('gives 1 ms steps up to what was given, that included, and lets a track wobble again after it', () => {
    const restarted: readonly Frame[] = [
      [VIDEO, 50_000],
      [AUDIO, 50_000],
      [VIDEO, 200],
    ];
    expect(placed(...restarted, [AUDIO, 180], [AUDIO, 230], [AUDIO, 215])).toEqual([
      50_000, 50_000, 50_020, 50_001, 50_050, 50_035,
    ]);
  });

  it('goes by the clock of the nearest of several tracks, of two as near by that of the first', () => {
    const third = (timestampMs: number): number => lastOf([VIDEO, 1000], [AUDIO, 5000], [DATA, timestampMs]);
    expect(placed([VIDEO, 1000], [AUDIO, 5000])).toEqual([1000, 1020]);
    expect(third(3000)).toBe(3000);
    expect(third(3010)).toBe(3010);
    expect(third(3011)).toBe(-969);
  });

  it('takes a clock for one of 24 bits up to a step of 3 s, either way, and no clock that has been past them', () => {
    const before = WRAP_24 - 1000;
    expect(lastOf([VIDEO, before], [VIDEO, 2000])).toBe(WRAP_24 + 2000);
    expect(lastOf([VIDEO, before], [VIDEO, 2001])).toBe(before + 20);
    expect(lastOf([VIDEO, 2000], [VIDEO, before])).toBe(-1000);
    expect(lastOf([VIDEO, 2001], [VIDEO, before])).toBe(2021);
    expect(lastOf([VIDEO, WRAP_24], [VIDEO, 1000])).toBe(WRAP_24 + 20);
    expect(lastOf([VIDEO, 1000], [VIDEO, WRAP_24])).toBe(1020);
  });

  it('says how far the furthest track has come', () => {
    const line = new SourceTimeline();
    expect(line.endMs).toBe(0);
    line.place(VIDEO, 5000, 0);
    line.place(AUDIO, 4000, 0);
    expect(line.endMs).toBe(5000);
    line.place(VIDEO, 4990, 0);
    expect(line.endMs).toBe(5000);
  });
});
