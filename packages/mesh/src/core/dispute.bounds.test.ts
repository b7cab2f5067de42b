import { beforeEach, describe, expect, it } from 'vitest';
import {
  GENERATION_MAX,
  MEMBERS_MAX,
  TWIN_ALONE_MS,
  TWIN_DOUBT_MS,
  TWIN_FORGIVEN_MS,
  TWIN_SKEW_MAX_MS,
  TWIN_WORDS_MAX,
} from './limits.js';
import { Accused, ALL, OWN_GENERATION, STEP_MS } from './testing/accused.js';

/** Words count for so long here. */
const FRESH_MS = 3_000;

const NEWER = OWN_GENERATION + 5;
const DENIED = [{ by: ALL, heard: false }];
const UNTOLD = [{ by: ALL, heard: null }];
const NOBODY = { connected: [] };

let accused: Accused;

beforeEach(() => {
  accused = new Accused();
});

const isDisputed = (): boolean => accused.dispute.disputed !== null;

function standStill(ms: number): void {
  accused.now += ms;
  accused.dispute.excuse(ms);
}

describe('the greatest generation that a clock may count', () => {
  it('is believed of members', () => {
    accused.go(STEP_MS, [{ by: ALL, generation: GENERATION_MAX }]);
    expect(accused.dispute.disputed?.generation).toBe(GENERATION_MAX);
  });

  it('is believed of the own signature', () => {
    accused.dispute.proved({ generation: GENERATION_MAX, version: 1 }, accused.now);
    accused.go(STEP_MS, []);
    expect(accused.dispute.disputed?.generation).toBe(GENERATION_MAX);
  });
});

describe('what is remembered', () => {
  const ids = Array.from({ length: MEMBERS_MAX }, (_, index) => `m${index}`);

  it('is the word of as many as there may be, and of one more only in place of theirs', () => {
    for (const id of ids) accused.dispute.told(id, NEWER, true, accused.now);
    accused.dispute.judge(OWN_GENERATION, ids, accused.now);
    expect(accused.dispute.disputed?.by).toEqual(ids);
    accused.dispute.told('one more', NEWER + 1, true, accused.now);
    accused.dispute.judge(OWN_GENERATION, ['one more', 'm0'], accused.now);
    accused.dispute.judge(OWN_GENERATION, ['one more'], accused.now);
    expect(accused.dispute.disputed?.by).toEqual(['one more']);
    accused.go(FRESH_MS, [], { connected: ['m0'] });
    expect(isDisputed()).toBe(false);
  });

  /** Whether one member's word against two that say nothing moves this one. */
  const heeds = (by: string): boolean => {
    accused.dispute.told(by, NEWER, false, accused.now);
    return accused.dispute.judge(OWN_GENERATION, [by, 'c', 'd'], accused.now) !== null;
  };
  const heedsEach = (by: readonly string[]): readonly boolean[] => by.map(heeds);
  const threeTimes = Array(TWIN_WORDS_MAX).fill(true);

  it('is of each member how often it was heeded within an hour', () => {
    expect(accused.go(TWIN_ALONE_MS, [{ by: ['a'], heard: false }])).toBeNull();
    accused.now += STEP_MS;
    expect(heedsEach(['a', 'b', 'a', 'b', 'a', 'b'])).toEqual([...threeTimes, ...threeTimes]);
    expect(heedsEach(['a', 'b'])).toEqual([false, false]);
  });

  it('is that of no more members than there may be', () => {
    expect(accused.go(TWIN_ALONE_MS, [{ by: ['a'], heard: false }])).toBeNull();
    accused.now += STEP_MS;
    expect(heedsEach(['m0', 'm0', 'm0', 'm0'])).toEqual([...threeTimes, false]);
    heedsEach(ids.slice(1));
    expect(heeds('m0')).toBe(false);
    expect(heeds('one more')).toBe(true);
    expect(heeds('m0')).toBe(true);
  });

  it('is forgiven after an hour', () => {
    const wordOfA = [{ by: ['a'], heard: false }];
    expect(accused.go(TWIN_ALONE_MS, wordOfA)).toBeNull();
    accused.now += STEP_MS;
    expect(heedsEach(['a', 'a', 'a', 'a'])).toEqual([...threeTimes, false]);
    accused.now += TWIN_FORGIVEN_MS - TWIN_ALONE_MS - STEP_MS;
    expect(accused.go(TWIN_ALONE_MS, wordOfA)).toBeNull();
    expect(accused.go(STEP_MS, wordOfA)).not.toBeNull();
  });
});

describe('one word against most', () => {
  it.each([
    ['as far ahead as clocks may differ', true, 0],
    ['further ahead', false, 1],
  ])('for a generation %s is heeded: %s', (_, isHeeded, more) => {
    const startedAt = accused.now;
    const heeded = () => {
      const generation = OWN_GENERATION + (accused.now + STEP_MS - startedAt) + TWIN_SKEW_MAX_MS + more;
      return accused.go(STEP_MS, [{ by: ['a'], generation, heard: false }]);
    };
    for (let ms = 0; ms < TWIN_ALONE_MS; ms += STEP_MS) expect(heeded()).toBeNull();
    expect(heeded() !== null).toBe(isHeeded);
  });
});

describe('most, that say different things,', () => {
  it('are all content with what is taken, as far as clocks may show it', () => {
    const last = { by: ['d'], generation: NEWER + 4, heard: false };
    const taken = accused.go(10_000, [{ by: ['a', 'b', 'c'], heard: false }, last]);
    expect(taken?.generation).toBe(NEWER + 5);
  });
});

describe('a dispute', () => {
  it('that the signature shows ends when words of that age count no more', () => {
    accused.dispute.proved({ generation: NEWER, version: 3 }, accused.now);
    accused.go(FRESH_MS - STEP_MS, []);
    // Its repetition is no sign of life.
    accused.dispute.proved({ generation: NEWER, version: 3 }, accused.now);
    accused.go(FRESH_MS - STEP_MS, []);
    expect(isDisputed()).toBe(true);
    accused.go(STEP_MS, []);
    expect(isDisputed()).toBe(false);
  });

  it('outlasts a standstill of this process', () => {
    accused.go(1_000, UNTOLD);
    standStill(30_000);
    accused.go(FRESH_MS - 2 * STEP_MS, []);
    expect(isDisputed()).toBe(true);
    accused.go(2 * STEP_MS, []);
    expect(isDisputed()).toBe(false);
  });
});

describe('a pause', () => {
  it.each([
    [FRESH_MS - STEP_MS, 'goes on', 0],
    [FRESH_MS, 'begins anew', TWIN_ALONE_MS],
  ])('after a silence of %i ms %s', (silenceMs, _, afterMs) => {
    accused.go(STEP_MS, UNTOLD);
    // That word counts up to here, and just not any more after this.
    accused.now += FRESH_MS - STEP_MS;
    accused.dispute.judge(OWN_GENERATION, ALL, accused.now);
    accused.now += silenceMs - STEP_MS;
    expect(accused.go(10_000, DENIED)?.afterMs).toBe(afterMs);
  });

  it('goes on after a standstill', () => {
    accused.go(2_000, DENIED);
    standStill(30_000);
    expect(accused.go(10_000, DENIED)?.afterMs).toBe(TWIN_ALONE_MS - 2_000);
  });

  it('begins where most heard the other one last, also before a standstill', () => {
    accused.go(20_000, [{ by: ALL }]);
    standStill(30_000);
    const taken = accused.go(2 * TWIN_DOUBT_MS, [{ by: ['a', 'b', 'c'], heard: false }, { by: ['d'] }]);
    expect(taken?.afterMs).toBe(TWIN_DOUBT_MS - STEP_MS);
  });

  it.each([
    ['after a standstill', 1_000, 0],
    ['before one', 0, 2 * TWIN_DOUBT_MS],
  ])('begins where nobody can be asked any more, %s', (_, beforeMs, afterMs) => {
    accused.go(20_000, UNTOLD);
    standStill(beforeMs);
    expect(accused.go(1_000, [], NOBODY)).toBeNull();
    standStill(afterMs);
    expect(accused.go(2 * TWIN_DOUBT_MS, [], NOBODY)?.afterMs).toBe(TWIN_DOUBT_MS - 1_000);
  });
});
