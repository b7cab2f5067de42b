import { describe, expect, it } from 'vitest';
import { ROUND_TRIP_MAX_MS, RoundTrip } from './round-trip.js';

function tripOf(...measures: readonly number[]): RoundTrip {
  const trip = new RoundTrip();
  for (const ms of measures) trip.take(ms);
  return trip;
}
const times = (count: number, ms: number): number[] => Array<number>(count).fill(ms);

describe('RoundTrip', () => {
  it('knows nothing before the first measure, and doubts that one', () => {
    expect([tripOf().lastMs, tripOf().expectedMs]).toEqual([null, null]);
    expect([tripOf(100).lastMs, tripOf(100).expectedMs]).toEqual([100, 200]);
  });

  it('is not believed by its first measures where they are far from what is usual with others', () => {
    expect(tripOf().believedMs(null)).toBeNull();
    expect(tripOf().believedMs(50)).toBe(50);
    expect(tripOf(1_000).believedMs(null)).toBe(2_000);
    expect(tripOf(1_500).believedMs(50)).toBe(200);
    expect(tripOf(10).believedMs(50)).toBe(20);
    expect(tripOf(...times(3, 500)).believedMs(50)).toBe(200);
    expect(tripOf(...times(4, 500)).believedMs(50)).toBeGreaterThan(500);
  });

  it('comes down to the round trip where that is steady', () => {
    expect(tripOf(...times(30, 500)).expectedMs).toBeLessThan(510);
  });

  it('follows the path where that becomes longer or shorter', () => {
    const longer = tripOf(...times(20, 100), ...times(40, 300)).expectedMs;
    expect(longer).toBeGreaterThanOrEqual(300);
    expect(longer).toBeLessThan(320);
    const shorter = tripOf(...times(20, 300), ...times(40, 100)).expectedMs;
    expect(shorter).toBeGreaterThanOrEqual(100);
    expect(shorter).toBeLessThan(120);
  });

  it('expects more where it varies', () => {
    const varied = Array.from({ length: 40 }, (_, index) => (index % 8 < 4 ? 100 : 300));
    expect(tripOf(...varied).expectedMs).toBeGreaterThan(500);
  });

  it('is not moved by one answer that comes late, hardly by two, and follows several', () => {
    expect(tripOf(...times(20, 2), 1_500).expectedMs).toBeLessThan(3);
    expect(tripOf(...times(20, 2), 1_500, 1_500).expectedMs).toBeLessThan(160);
    expect(tripOf(...times(20, 2), ...times(8, 500)).expectedMs).toBeGreaterThan(500);
  });

  it('begins anew with the second measure where the first came very late', () => {
    expect(tripOf(304, 2).expectedMs).toBe(4);
    expect(tripOf(304, 2, 2).expectedMs).toBeLessThan(5);
    expect(tripOf(304, 150).expectedMs).toBeGreaterThan(500);
    expect(tripOf(2, 304, 2).expectedMs).toBeLessThan(5);
  });

  it('knows the path itself by the shortest of the last measures', () => {
    expect([tripOf().shortestMs, tripOf(90, 30, 700).shortestMs, tripOf(90, 30, 700).pathMs]).toEqual([
      null,
      null,
      null,
    ]);
    expect([tripOf().pathSoFarMs, tripOf(90).pathSoFarMs, tripOf(90, 30).pathSoFarMs]).toEqual([
      null,
      90,
      30,
    ]);
    expect(tripOf(90, 30, 700, 60).shortestMs).toBe(30);
    expect(tripOf(30, ...times(16, 90)).shortestMs).toBe(90);
  });

  it('takes a long one that is the only measure of all for no path', () => {
    expect(tripOf(2_104).believedMs(null)).toBeNull();
    expect(tripOf(2_104).presentMs(null)).toBeNull();
    expect(tripOf(2_104).believedMs(1)).toBe(102);
    expect(tripOf(1_500, 1_500).believedMs(null)).toBeGreaterThan(1_500);
    expect(tripOf(2_104, 1).believedMs(null)).toBeLessThan(10);
  });

  it('takes no lateness for a part of the path, also when neither side is late any more', () => {
    const trip = new RoundTrip();
    for (const ms of [301, 305, 410, 301]) trip.take(ms, 300);
    expect([trip.shortestMs, trip.pathMs]).toEqual([301, 1]);
    trip.take(2);
    expect([trip.shortestMs, trip.pathMs]).toEqual([2, 2]);
  });

  it('knows a long path in spite of a late moment, and where all measures were late for more than they took', () => {
    const far = tripOf(...times(4, 300));
    far.take(310, 250);
    expect(far.pathMs).toBe(300);
    const trip = new RoundTrip();
    for (const ms of [100, 90, 100, 100]) trip.take(ms, 300);
    expect(trip.pathMs).toBe(0);
  });

  it('knows by two measures in a row that what disturbed the path is over', () => {
    const disturbed = tripOf(1_237, 1_986, 1, 2);
    expect(disturbed.expectedMs).toBeGreaterThan(2_000);
    expect(disturbed.presentMs(5)).toBe(104);
    expect(tripOf(1_237, 1_986, 1).presentMs(5)).toBe(tripOf(1_237, 1_986, 1).believedMs(5));
    expect(tripOf(937).presentMs(null)).toBe(tripOf(937).expectedMs);
    expect(tripOf(...times(30, 500)).presentMs(5)).toBe(tripOf(...times(30, 500)).expectedMs);
    expect(tripOf().presentMs(null)).toBeNull();
    expect(tripOf().presentMs(50)).toBe(50);
    // Where they are all that was measured, two are enough.
    const [longMs, shortMs] = [1_000, 450];
    expect(tripOf(longMs, shortMs).believedMs(null)).toBeGreaterThan(2 * longMs + 100);
    expect(tripOf(longMs, shortMs).presentMs(null)).toBe(2 * longMs + 100);
  });

  it('takes off what both sides were late by of late, not long before', () => {
    const trip = new RoundTrip();
    trip.take(301, 0);
    for (const ms of times(16, 301)) trip.take(ms, 300);
    expect(trip.pathMs).toBe(1);
  });

  it('takes no measure for more than the most, nor for less than nothing', () => {
    expect(tripOf(1e12).lastMs).toBe(ROUND_TRIP_MAX_MS);
    expect(tripOf(-5).lastMs).toBe(0);
  });
});
