import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KEY } from '../../testing/frames.js';
import { CLAIM, claim, fail, flow, KEY_S, memberA } from '../../testing/play-member.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('thousands of plays of one stream', () => {
  const CROWD = 500;
  /** So many wait, and the clock that slices go by passes as fast as told. */
  const crowd = (more: Parameters<ReturnType<typeof memberA>['play']>[0] = {}) => {
    const world = memberA();
    const sessions = Array.from({ length: CROWD }, () => world.play(more));
    const real = performance.now.bind(performance);
    let passedMs = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => {
      passedMs += 1;
      return real() + passedMs;
    });
    const relayed = () => world.routes().filter((line) => line.startsWith('relay')).length;
    return { ...world, sessions, relayed, restore: () => now.mockRestore() };
  };

  it('go on in slices when its owners change', () => {
    const { b, relayed, restore } = crowd();
    claim(b);
    const first = relayed();
    expect(first).toBeGreaterThanOrEqual(64);
    expect(first).toBeLessThan(CROWD);
    vi.advanceTimersToNextTimer();
    expect(relayed()).toBeGreaterThan(first);
    for (let turns = 0; relayed() < CROWD && turns < CROWD; turns += 1) vi.advanceTimersToNextTimer();
    expect(relayed()).toBe(CROWD);
    restore();
  });

  it('are sent away in slices where they follow, before a relay is opened for those who stay', () => {
    const { b, play, streams, sessions, restore } = crowd({ followsRedirect: true });
    const other = play();
    const sent = () => sessions.filter(({ told }) => told.length > 1).length;
    claim(b);
    expect(sent()).toBeGreaterThanOrEqual(64);
    expect(sent()).toBeLessThan(CROWD);
    for (let turns = 0; sent() < CROWD && turns < CROWD; turns += 1) {
      expect(streams.opened).toEqual([]);
      // News that come meanwhile do not begin it anew.
      b.claim({ ...CLAIM, sinceMs: turns + 2 });
      vi.advanceTimersToNextTimer();
    }
    expect(new Set(sessions.map(({ told }) => told.join()))).toEqual(new Set(['wait,redirect 127.0.0.1']));
    for (let turns = 0; streams.opened.length === 0 && turns < CROWD; turns += 1)
      vi.advanceTimersToNextTimer();
    expect([streams.opened.length, other.told]).toEqual([1, ['wait']]);
    restore();
  });

  it('may all leave while they are looked at: a relay that lingers hears of its owners nevertheless', () => {
    const { b, c, play, plays, streams, sessions, restore } = crowd({
      followsRedirect: true,
      mark: 'redirected',
    });
    claim(b);
    for (let turns = 0; streams.opened.length === 0 && turns < CROWD; turns += 1)
      vi.advanceTimersToNextTimer();
    flow(streams.opened[0]).push(KEY(0, 1));
    c.claim({ ...CLAIM, sinceMs: 2 });
    for (const session of sessions) plays.leave(session);
    expect(streams.relays.map(({ owner }) => owner)).toEqual(['b']);
    play({ mark: 'redirected' });
    fail(streams.opened[0]);
    expect(streams.opened.map(({ owner }) => owner)).toEqual(['b', 'c']);
    restore();
  });

  it('hold up nobody who waits for another stream', () => {
    const { b, play, relayed, routes, restore } = crowd();
    const other = '__defaultVhost__/live/other';
    play({ key: other });
    claim(b);
    const first = relayed();
    b.claim({ ...CLAIM, key: other });
    expect(relayed()).toBe(first + 1);
    expect(routes().at(-1)).toBe('relay client-follows-no-redirects');
    restore();
  });

  it('are all looked at where those of several streams wait for their turn', () => {
    const { b, play, relayed, restore } = crowd();
    const other = '__defaultVhost__/live/other';
    for (let i = 0; i < CROWD; i += 1) play({ key: other });
    claim(b);
    b.claim({ ...CLAIM, key: other });
    for (let turns = 0; relayed() < 2 * CROWD && turns < CROWD; turns += 1) vi.advanceTimersToNextTimer();
    expect(relayed()).toBe(2 * CROWD);
    restore();
  });

  it('go by what is true at the end, whatever changes meanwhile, and leave when they like', () => {
    const { b, plays, sessions, relayed, restore } = crowd();
    claim(b);
    b.release(KEY_S);
    for (const session of sessions.slice(100, 200)) plays.leave(session);
    for (let turns = 0; turns < CROWD; turns += 1) vi.advanceTimersByTime(1);
    // Whoever was told of the owner waits again, and has been told so.
    const told = relayed();
    expect(told).toBeLessThan(CROWD);
    expect(sessions.filter((session) => session.told.join() === 'wait,wait')).toHaveLength(told);
    expect(sessions.filter((session) => session.told.join() === 'wait')).toHaveLength(CROWD - told);
    restore();
  });

  it('are let go of at once when this member stops', () => {
    const { b, plays, sessions, relayed, restore } = crowd();
    claim(b);
    const first = relayed();
    plays.stop();
    for (let turns = 0; turns < 10; turns += 1) vi.advanceTimersByTime(1);
    expect(relayed()).toBe(first);
    expect(sessions.every((session) => session.told.at(-1) === 'end stopping')).toBe(true);
    restore();
  });
});
