import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, INTER } from '../testing/frames.js';
import { BurstWatch } from './burst-watch.js';

const STEP_MS = 40;

/** Gives frames to it, each a step after the one before. */
class Sender {
  readonly watch = new BurstWatch();
  #timeMs = 0;

  frames(count: number, atMs: number, takesMs = 0): void {
    for (let i = 0; i < count; i += 1) {
      this.#timeMs += STEP_MS;
      this.watch.came(INTER(this.#timeMs), false, atMs + (i * takesMs) / count);
    }
  }

  /** Bursts of so much media, one each `everyMs`, each of which takes `takesMs`. Returns what is known after each. */
  bursts(count: number, { everyMs, bringsMs = everyMs, takesMs = 0, fromMs = 0 }: Bursts): number[] {
    return Array.from({ length: count }, (_, burst) => {
      this.frames(bringsMs / STEP_MS, fromMs + burst * everyMs, takesMs);
      return this.watch.pauseMs;
    });
  }
}

interface Bursts {
  readonly everyMs: number;
  readonly bringsMs?: number;
  readonly takesMs?: number;
  readonly fromMs?: number;
}

let sender: Sender;

beforeEach(() => {
  sender = new Sender();
});

describe('BurstWatch', () => {
  it('knows the pauses of who sends in bursts after two of them', () => {
    expect(sender.bursts(4, { everyMs: 6000 })).toEqual([0, 0, 6000, 6000]);
  });

  it('knows nothing of who sends steadily, or of jitter', () => {
    for (let at = 0; at < 60_000; at += STEP_MS) sender.frames(1, at);
    expect(sender.watch.pauseMs).toBe(0);
    expect(sender.bursts(20, { everyMs: 480, fromMs: 60_000 }).at(-1)).toBe(0);
  });

  it('knows nothing of who stops and goes on again and again: what it sends is as long as it sends it', () => {
    const stops = { everyMs: 4000, bringsMs: 1000, takesMs: 1000 };
    expect(sender.bursts(10, stops)).toEqual(Array(10).fill(0));
  });

  it('takes no gap of a clock for media', () => {
    const known = Array.from({ length: 10 }, (_, i) => {
      for (const ms of [0, 40, 80]) sender.watch.came(INTER(i * 4000 + ms), false, i * 4000 + ms);
      return sender.watch.pauseMs;
    });
    expect(known).toEqual(Array(10).fill(0));
  });

  it('knows pauses of half a second to 10 s', () => {
    expect(sender.bursts(3, { everyMs: 500, bringsMs: 520 })).toEqual([0, 0, 500]);
    sender = new Sender();
    expect(sender.bursts(3, { everyMs: 10_000 })).toEqual([0, 0, 10_000]);
    sender = new Sender();
    expect(sender.bursts(5, { everyMs: 10_040 })).toEqual(Array(5).fill(0));
  });

  it('forgets with a pause over 10 s, and needs two again', () => {
    sender.bursts(3, { everyMs: 6000 });
    expect(sender.bursts(3, { everyMs: 6000, fromMs: 24_000 })).toEqual([0, 0, 6000]);
  });

  it('takes three quarters of a pause for what makes up for it, and less for too little', () => {
    expect(sender.bursts(3, { everyMs: 4000, bringsMs: 3000 })).toEqual([0, 0, 4000]);
    sender = new Sender();
    expect(sender.bursts(3, { everyMs: 4000, bringsMs: 2960 })).toEqual([0, 0, 0]);
  });

  it('does not forget before steady media came for longer than the longest pause', () => {
    sender.bursts(2, { everyMs: 2000 });
    sender.bursts(1, { everyMs: 3000, fromMs: 5000 });
    for (let at = 5000; at <= 8000; at += STEP_MS) sender.frames(1, at);
    expect(sender.watch.pauseMs).toBe(3000);
    sender.frames(1, 8040);
    expect(sender.watch.pauseMs).toBe(0);
  });

  it('counts neither track for the other', () => {
    let time = 0;
    for (let at = 0; at < 60_000; at += 6000)
      for (let i = 0; i < 55; i += 1, time += 40) {
        sender.watch.came(INTER(time), false, at);
        sender.watch.came(AUDIO(time), false, at);
      }
    expect(sender.watch.pauseMs).toBe(0);
  });

  it('counts of a replay what is new, and the past that comes again with each not at all', () => {
    const replays = (newMs: number) => {
      const watch = new BurstWatch();
      for (let replay = 0; replay < 4; replay += 1)
        for (let ms = -5000; ms <= 0; ms += STEP_MS)
          watch.came(INTER(replay * newMs + ms), true, replay * 2000);
      return watch.pauseMs;
    };
    expect([replays(2000), replays(0)]).toEqual([2000, 0]);
  });

  it('goes on with a clock that began anew', () => {
    sender.bursts(3, { everyMs: 6000 });
    for (let at = 18_000, time = 0; at < 60_000; at += 6000) {
      for (let i = 0; i < 150; i += 1, time += 40) sender.watch.came(INTER(time), false, at);
      expect(sender.watch.pauseMs).toBe(6000);
    }
  });

  it('forgets once steady media came for longer than a pause, and not before', () => {
    sender.bursts(3, { everyMs: 6000 });
    for (let at = 12_000; at <= 18_000; at += STEP_MS) sender.frames(1, at);
    expect(sender.watch.pauseMs).toBe(6000);
    sender.frames(1, 18_040);
    expect(sender.watch.pauseMs).toBe(0);
  });

  it('counts no stall of a network after which all comes at once and then goes on as before', () => {
    for (let stall = 0; stall < 5; stall += 1) {
      const fromMs = stall * 10_000;
      sender.frames(50, fromMs);
      for (let at = fromMs; at < fromMs + 8000; at += STEP_MS) sender.frames(1, at);
      expect(sender.watch.pauseMs).toBe(0);
    }
  });

  it('forgets with a burst that does not make up for the pause before it', () => {
    sender.bursts(3, { everyMs: 6000 });
    sender.bursts(1, { everyMs: 6000, bringsMs: 400, fromMs: 18_000 });
    expect(sender.watch.pauseMs).toBe(6000);
    sender.bursts(1, { everyMs: 6000, fromMs: 24_000 });
    expect(sender.watch.pauseMs).toBe(0);
  });

  it('takes the longest of the last four pauses', () => {
    let fromMs = 0;
    const known = [2000, 2000, 3000, 2000, 2000, 2000, 2000].map((pauseMs) => {
      fromMs += pauseMs;
      sender.bursts(1, { everyMs: pauseMs, bringsMs: 4000, fromMs });
      return sender.watch.pauseMs;
    });
    expect(known).toEqual([0, 0, 3000, 3000, 3000, 3000, 2000]);
  });
});
