import { describe, expect, it } from 'vitest';
import { MediaClock } from './media-clock.js';

describe('MediaClock', () => {
  it('goes by arrival or by the line, whichever tells more', () => {
    const live = new MediaClock(1000);
    expect(live.advance(1000, 70_000)).toBe(0);
    expect(live.advance(1040, 70_000)).toBe(40);
    expect(live.advance(1040, 70_100)).toBe(140);
    expect(live.advance(1080, 70_120)).toBe(180);
  });

  it('counts silence and jumps for half a second, and never goes back', () => {
    const clock = new MediaClock(0);
    expect(clock.advance(0, 0)).toBe(0);
    expect(clock.advance(60_000, 0)).toBe(500);
    expect(clock.advance(60_000, 60_000)).toBe(1000);
    expect(clock.advance(59_000, 50_000)).toBe(1000);
  });

  it('tells what has passed by now', () => {
    const clock = new MediaClock(0);
    clock.advance(100, 0);
    expect([100, 300, 5000].map((now) => clock.at(now))).toEqual([100, 300, 600]);
  });
});
