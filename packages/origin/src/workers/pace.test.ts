import { describe, expect, it } from 'vitest';
import { OwnTime } from './own-time.js';
import { RestartPace } from './restart-pace.js';

describe('the pace of restarts', () => {
  it('is slower with each, and as at first after one that lived long', () => {
    const pace = new RestartPace(0);
    const waits = [1, 2, 3, 4, 5, 6].map((at) => {
      pace.started(at);
      return pace.ended(at + 1);
    });
    expect(waits).toEqual([50, 200, 800, 3200, 12_800, 15_000]);
    pace.started(100);
    expect(pace.ended(60_100)).toBe(50);
    expect(pace.restarts).toBe(7);
  });

  it('is as at first again after one that lived long and was replaced', () => {
    const pace = new RestartPace(0);
    for (const at of [1, 2, 3]) {
      pace.started(at);
      pace.ended(at + 1);
    }
    pace.started(100);
    pace.replaced(60_100);
    expect(pace.ended(60_200)).toBe(50);
    pace.started(60_300);
    pace.replaced(70_300);
    expect(pace.ended(70_400)).toBe(200);
  });
});

describe('own time', () => {
  it('goes on as a clock does, but for stretches in which this process did not run', () => {
    const time = new OwnTime(1000, 500);
    expect([time.at(1250), time.at(1500), time.at(61_500), time.at(61_600)]).toEqual([250, 500, 1000, 1100]);
  });
});
