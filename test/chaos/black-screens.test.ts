import { expect, it } from 'vitest';
import { BlackScreens, type Watched } from './black-screens.js';
import { EventLog } from './event-log.js';
import { MemberStates } from './member-states.js';

const OWN_MS = 1000;
const LATE_MS = 100;

/** One player whose media ends at 10 s, looked at every 50 ms. */
class Watch {
  nowMs = 10_000;
  usableMs: number | null = 0;
  lastMs = 10_000;
  isGone = false;
  isFresh = false;
  readonly states = new MemberStates(1);
  readonly log = new EventLog(() => this.nowMs);
  readonly black = new BlackScreens({
    log: this.log,
    states: this.states,
    supply: { usableSinceMs: () => this.usableMs },
    lateness: { since: () => LATE_MS },
    ownMs: () => OWN_MS,
  });

  until(atMs: number): this {
    const player: Watched = {
      name: 'p',
      stream: 's',
      isGone: this.isGone,
      isFresh: this.isFresh,
      sinceMs: (track) => (track === 'audio' ? this.nowMs : this.lastMs),
    };
    for (; this.nowMs < atMs; this.nowMs += 50) this.black.look([player]);
    return this;
  }

  get told(): readonly string[] {
    this.black.end();
    return this.log.violations.map(({ what }) => what);
  }
}

it('finds a player that has nothing for longer than the bound, once, with how it ended', () => {
  const watch = new Watch().until(14_000);
  watch.lastMs = 14_000;
  watch.until(15_000);
  expect(watch.told).toEqual(['video: nothing for 4.00 s (3.60 s allowed), then it went on']);
  expect(new Watch().until(16_000).told).toEqual(['video: nothing for 6.00 s (3.60 s allowed), to the end']);
  expect(watch.black.longestMs).toBeGreaterThan(3_600);
});

it('finds nothing where media comes within the bound, where nobody has any, or only since a moment', () => {
  expect(new Watch().until(13_500).told).toEqual([]);
  const none = new Watch();
  none.usableMs = null;
  expect(none.until(60_000).told).toEqual([]);
  const back = new Watch();
  back.usableMs = 57_000;
  expect(back.until(60_000).told).toEqual([]);
});

it('allows for a member that hangs only where a new connection may lead to it', () => {
  for (const isFresh of [true, false]) {
    const watch = new Watch();
    watch.states.become(0, 'stopped', 10_100);
    watch.isFresh = isFresh;
    expect(watch.until(15_000).told).toHaveLength(isFresh ? 0 : 1);
  }
});

it('does not go by what it saw when it was late itself', () => {
  const watch = new Watch();
  watch.nowMs = 20_000;
  watch.black.look([]);
  expect(watch.told).toEqual([]);
});

it('ends with the player', () => {
  const watch = new Watch().until(14_000);
  watch.isGone = true;
  watch.until(20_000);
  expect(watch.told).toEqual(['video: nothing for 4.00 s (3.60 s allowed), until it left']);
});

it('ends with who left, also where it is late itself when it hears of that', () => {
  const watch = new Watch().until(14_000);
  watch.isGone = true;
  watch.nowMs += 1_000;
  watch.until(15_050);
  expect(watch.told).toEqual(['video: nothing for 5.00 s (3.60 s allowed), until it left']);
});
