import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KEY } from '../../testing/frames.js';
import { MemoryPlay } from '../../testing/memory-play.js';
import { CLAIM, claim, fail, flow, KEY_S, memberA } from '../../testing/play-member.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a waiting play', () => {
  it('that follows a redirect opens no relay when its stream appears, and leaves none', () => {
    const { b, play, streams, plays } = memberA();
    const edges = [play({ followsRedirect: true }), play({ followsRedirect: true })];
    claim(b);
    expect(edges.map(({ told }) => told)).toEqual(Array(2).fill(['wait', 'redirect 127.0.0.1']));
    expect([streams.opened.length, [...streams.values()].length]).toEqual([0, 0]);
    b.release(KEY_S);
    const [edge, other] = [play({ followsRedirect: true, remote: '10.7.7.7:1' }), play()];
    claim(b);
    expect([edge.told.at(-1), other.told]).toEqual(['redirect 127.0.0.1', ['wait']]);
    expect(streams.relays).toHaveLength(1);
    plays.leave(other);
  });

  it('goes on here when it is published here', () => {
    const { play, publish, routes } = memberA();
    const session = play();
    expect(session.told).toEqual(['wait']);
    publish().push(KEY(0, 1));
    expect(session.told).toEqual(['wait', 'begin']);
    expect(routes()).toEqual(['wait not-published', 'local published-here']);
  });

  it('goes on by redirect or relay when it is published elsewhere', () => {
    const { b, play, streams } = memberA();
    const edge = play({ followsRedirect: true });
    const other = play();
    claim(b);
    expect(edge.told).toEqual(['wait', 'redirect 127.0.0.1']);
    expect(other.told).toEqual(['wait']);
    expect(streams.relays).toHaveLength(1);
  });

  it('is relayed where nothing can be said any more', () => {
    const { b, plays, streams } = memberA({ apps: { live: { play: { mode: 'redirect' } } } });
    const session = new MemoryPlay({ followsRedirect: true });
    session.canRedirectNow = false;
    plays.play(session);
    claim(b);
    expect(session.told).toEqual(['wait']);
    expect(streams.relays).toHaveLength(1);
  });

  it('ends at the limit, with an answer', () => {
    const { play, streams, log } = memberA();
    const session = play();
    vi.advanceTimersByTime(29_999);
    expect(session.told).toEqual(['wait']);
    vi.advanceTimersByTime(1);
    expect(session.told).toEqual(['wait', 'refuse stream-not-found']);
    expect([...streams.values()]).toEqual([]);
    expect(log.of('player timed out waiting for stream')).toHaveLength(1);
  });

  it('has no limit any more once it plays, and a new one when its source is gone', () => {
    const { play, publish } = memberA();
    const session = play();
    vi.advanceTimersByTime(20_000);
    const feed = publish();
    feed.push(KEY(0, 1));
    vi.advanceTimersByTime(60_000);
    feed.end();
    expect(session.told).toEqual(['wait', 'begin', 'wait']);
    vi.advanceTimersByTime(30_000);
    expect(session.told.at(-1)).toBe('refuse stream-not-found');
  });

  it('ends likewise where no owner can be reached, and runs anew when an owner’s media ends', () => {
    const { b, play, streams } = memberA();
    claim(b);
    const lost = play();
    vi.advanceTimersByTime(20_000);
    expect(lost.told).toEqual([]);
    flow(streams.relays[0]);
    b.claim({ ...CLAIM, silent: true });
    vi.advanceTimersByTime(60_000);
    expect(lost.told).toEqual([]);
    fail(streams.relays[0]);
    b.release(KEY_S);
    // It was lost, so it may come back at another owner within a second.
    expect(lost.told).toEqual([]);
    vi.advanceTimersByTime(1000);
    vi.advanceTimersByTime(29_999);
    expect(lost.told).toEqual(['wait']);
    vi.advanceTimersByTime(1);
    expect(lost.told).toEqual(['wait', 'refuse stream-not-found']);
  });

  it('leaves nothing behind when its client goes', () => {
    const { plays, play, streams } = memberA();
    const session = play();
    plays.leave(session);
    plays.leave(session);
    expect([...streams.values()]).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    expect(session.told).toEqual(['wait']);
  });

  it('tells a waiting play once, however often owners change', () => {
    const { plays, play, routes } = memberA();
    const session = play();
    for (let i = 0; i < 3; i += 1) plays.reconsider(KEY_S);
    expect([session.told, routes()]).toEqual([['wait'], ['wait not-published']]);
  });
});
