import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { replayEnd } from '../../stream/frame-history.js';
import { INTER, KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { MemoryPlay } from '../../testing/memory-play.js';
import { CLAIM, claim, fail, flow, KEY_S, memberA } from '../../testing/play-member.js';
import { REDIRECT_MEMORY_MS } from './redirect-memory.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a play', () => {
  it('of a stream published here is served here', () => {
    const { publish, play, routes } = memberA();
    const feed = publish();
    feed.push(KEY(0, 1));
    const session = play({ followsRedirect: true });
    expect(session.told).toEqual(['begin']);
    expect(session.story.at(-1)).toBe('video 0 key #1');
    expect(routes()).toEqual(['local published-here']);
  });

  it('of a stream published elsewhere is redirected where the client follows', () => {
    const { b, play, routes, streams } = memberA();
    claim(b);
    const session = play({ followsRedirect: true });
    expect(session.told).toEqual(['redirect 127.0.0.1']);
    expect(routes()).toEqual(['redirect client-follows-redirects']);
    expect([streams.opened.length, [...streams.values()].length]).toEqual([0, 0]);
  });

  it('is relayed where the client does not follow: one pull for all', () => {
    const { b, play, streams, routes } = memberA();
    claim(b);
    const sessions = [play(), play(), play()];
    expect(streams.opened).toHaveLength(1);
    const feed = flow(streams.opened[0]);
    feed.push(VIDEO_HEADER());
    feed.push(KEY(0, 1));
    for (const session of sessions) expect(session.story).toEqual(['video 0 header #0', 'video 0 key #1']);
    expect(routes()).toEqual(Array(3).fill('relay client-follows-no-redirects'));
  });

  it('that comes back after a redirect is relayed, for some seconds', () => {
    const { b, play } = memberA();
    claim(b);
    const edge = { followsRedirect: true, remote: '10.9.9.9:1000' };
    expect(play(edge).told).toEqual(['redirect 127.0.0.1']);
    const again = play({ ...edge, remote: '10.9.9.9:1001' });
    expect(again.told).toEqual([]);
    expect(play({ ...edge, remote: '10.9.9.8:1002' }).told).toEqual(['redirect 127.0.0.1']);
    vi.advanceTimersByTime(REDIRECT_MEMORY_MS);
    expect(play({ ...edge, remote: '10.9.9.9:1003' }).told).toEqual(['redirect 127.0.0.1']);
  });

  it('with a mark of another member is never redirected, and a pull never relayed', () => {
    const { b, play, streams } = memberA();
    claim(b);
    expect(play({ followsRedirect: true, mark: 'redirected' }).told).toEqual([]);
    expect(streams.relays).toHaveLength(1);
    expect(play({ mark: 'relay' }).told).toEqual(['refuse relay-of-unowned']);
  });

  it('goes by the mode of its app', () => {
    const { b, play } = memberA({ apps: { live: { play: { mode: 'redirect' } } } });
    claim(b);
    b.claim({ ...CLAIM, key: '__defaultVhost__/other/s' });
    expect(play().told).toEqual(['redirect 127.0.0.1']);
    expect(play({ key: '__defaultVhost__/other/s' }).told).toEqual([]);
  });

  it('leaves a play alone where another session of its name goes', () => {
    const { log, plays, play, publish } = memberA();
    const feed = publish();
    const session = play();
    const namesake = Object.assign(new MemoryPlay(), { id: session.id });
    plays.leave(namesake);
    feed.push(KEY(0, 1));
    expect([log.of('play ended'), session.story.at(-1)]).toEqual([[], 'video 0 key #1']);
  });
});

describe('when the publisher here goes', () => {
  it('players go on from another owner, on the same connection', () => {
    const { b, play, publish, streams } = memberA();
    const feed = publish();
    claim(b);
    const session = play();
    feed.push(KEY(1000, 1));
    feed.push(INTER(1040, 2));
    feed.end();
    expect(streams.relays.map(({ owner }) => owner)).toEqual(['b']);
    const relay = flow(streams.relays[0]);
    for (const frame of [VIDEO_HEADER(7), KEY(50_000, 3), replayEnd()]) relay.push(frame);
    vi.advanceTimersByTime(300);
    expect(session.told).toEqual(['begin']);
    expect(session.story.slice(-2)).toEqual(['video 1080 header #7', 'video 1080 key #3']);
  });

  it('edges are redirected to another owner', () => {
    const { b, play, publish } = memberA();
    const feed = publish();
    claim(b);
    const edge = play({ followsRedirect: true });
    feed.push(KEY(0, 1));
    feed.end();
    expect(edge.told).toEqual(['begin', 'redirect 127.0.0.1']);
  });

  it('players wait where nobody else has it, and go on when it comes back', () => {
    const { play, publish } = memberA();
    const first = publish();
    const session = play();
    first.push(KEY(1000, 1));
    first.push(INTER(1040, 2));
    first.end();
    const second = publish();
    second.push(KEY(0, 3));
    expect(session.told).toEqual(['begin', 'wait']);
    expect(session.story.at(-1)).toBe('video 1080 key #3');
  });

  it('pulls of other members end, so that they look elsewhere', () => {
    const { play, publish } = memberA();
    const feed = publish();
    const pull = play({ mark: 'relay' });
    feed.push(KEY(0, 1));
    feed.end();
    expect(pull.told).toEqual(['begin', 'refuse relay-of-unowned']);
  });
});

describe('another member’s pull of what is published here', () => {
  it('tells of the pulls of other members, one for each', () => {
    const { plays, play, publish } = memberA();
    publish();
    publish('__defaultVhost__/live/t');
    const [first] = [play({ mark: 'relay' }), play({ mark: 'relay' }), play()];
    play({ mark: 'relay', key: '__defaultVhost__/live/t' });
    expect(plays.pulls()).toEqual([KEY_S, KEY_S, '__defaultVhost__/live/t']);
    plays.leave(first);
    expect(plays.pulls()).toEqual([KEY_S, '__defaultVhost__/live/t']);
  });

  it('feeds a pull the past that it asks for, and others what players get', () => {
    const { plays, publish } = memberA();
    const feed = publish();
    for (let i = 0; i < 4; i += 1) feed.push(KEY(i * 40, i));
    const pull = Object.assign(new MemoryPlay({ mark: 'relay' }), { replayMs: 5000 });
    plays.play(pull);
    expect(pull.story.filter((line) => line.includes('key'))).toHaveLength(4);
    const short = new MemoryPlay({ mark: 'relay' });
    plays.play(short);
    const player = Object.assign(new MemoryPlay(), { replayMs: 5000 });
    plays.play(player);
    for (const session of [short, player])
      expect(session.story.filter((line) => line.includes('key'))).toEqual(['video 120 key #3']);
  });
});

describe('a pull', () => {
  it('lingers after the last player, then ends', () => {
    const { b, plays, play, streams } = memberA();
    claim(b);
    plays.leave(play());
    vi.advanceTimersByTime(499);
    const late = play();
    vi.advanceTimersByTime(5000);
    expect(streams.relays).toHaveLength(1);
    plays.leave(late);
    vi.advanceTimersByTime(500);
    expect(streams.relays).toHaveLength(0);
    expect(streams.opened).toHaveLength(1);
    expect([...streams.values()]).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('hears of every change of owners, this member left out', () => {
    const { b, c, play, streams } = memberA();
    claim(b);
    play();
    claim(c);
    fail(streams.relays[0]);
    expect(streams.opened.map(({ owner }) => owner)).toEqual(['b', 'c']);
    c.release(KEY_S);
    b.release(KEY_S);
    expect(streams.relays).toEqual([]);
  });

  it('goes on while media flows, also when the mesh lost its owner from sight', () => {
    const { mesh, b, play, streams } = memberA();
    claim(b);
    const session = play();
    flow(streams.relays[0]);
    mesh.drop('b');
    expect(streams.relays).toHaveLength(1);
    expect(session.told).toEqual([]);
    const late = play();
    expect(late.told).toEqual([]);
    fail(streams.relays[0]);
    expect(streams.relays).toHaveLength(0);
    expect([session.told, late.told]).toEqual([[], []]);
    vi.advanceTimersByTime(1000);
    expect([session.told, late.told]).toEqual([['wait'], ['wait']]);
  });

  it('that did not flow ends with its last owner, and players wait', () => {
    const { b, play, streams } = memberA();
    claim(b);
    const session = play();
    b.release(KEY_S);
    expect(streams.relays).toHaveLength(0);
    expect(session.told).toEqual(['wait']);
  });

  it('ends when the stream is published here and its owner falls silent', () => {
    const { b, play, publish, streams } = memberA();
    claim(b);
    const session = play();
    const relay = flow(streams.relays[0]);
    relay.push(VIDEO_HEADER());
    relay.push(KEY(500, 1));
    const feed = publish();
    vi.advanceTimersByTime(1500);
    for (const id of [2, 3, 4, 5, 6, 7]) feed.push(KEY(90_000 + id, id));
    expect(streams.relays).toHaveLength(0);
    expect(session.story.at(-1)).toMatch(/^video 5\d\d key #7$/);
  });
});

describe('stopping', () => {
  it('ends everybody and refuses the next', () => {
    const { b, plays, play, publish, streams } = memberA();
    const feed = publish();
    feed.push(KEY(0, 1));
    const playing = play();
    const waiting = play({ key: '__defaultVhost__/live/other' });
    b.claim({ ...CLAIM, key: '__defaultVhost__/live/third' });
    const relayed = play({ key: '__defaultVhost__/live/third' });
    plays.stop();
    streams.close();
    for (const session of [playing, waiting, relayed]) expect(session.told.at(-1)).toBe('end stopping');
    expect(streams.relays).toHaveLength(0);
    expect(play().told).toEqual(['refuse stopping']);
    feed.end();
    expect([...streams.values()]).toEqual([]);
    // The claim that was to tell more finds its publisher gone.
    vi.advanceTimersByTime(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('hears of owners until it stops', () => {
    const { b, plays, streams, listeners } = memberA();
    expect(listeners()).toBe(1);
    plays.stop();
    expect(listeners()).toBe(0);
    claim(b);
    expect(streams.opened).toEqual([]);
  });
});
