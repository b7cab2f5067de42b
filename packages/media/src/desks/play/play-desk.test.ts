import { type PlayRequest, route } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MediaHost } from '../../media-host.js';
import { replayEnd } from '../../stream/frame-history.js';
import { AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { MemoryPlay } from '../../testing/memory-play.js';
import { MemoryStreams, type OpenedRelay, ownerOf } from '../../testing/stream-world.js';
import type { Frame } from '../../wire/frame.js';
import { PublishDesk } from '../publish/publish-desk.js';
import type { PublishFeed } from '../publish/publish-session.js';
import { PlayDesk } from './play-desk.js';
import type { PlayRules } from './play-routes.js';
import { REDIRECT_MEMORY_MS } from './redirect-memory.js';

const KEY_S = '__defaultVhost__/live/s';
const CLAIM = { key: KEY_S, sinceMs: 1, media: {} };

/** Member `a` whole but for its sockets, and the hosts of `b` and `c` to claim by. */
function memberA(rules: Partial<PlayRules> = {}, isFull: () => boolean = () => false) {
  const mesh = new MemoryMesh();
  const own = mesh.host('a');
  const asked: PlayRequest[] = [];
  let listening = 0;
  const host: MediaHost = {
    ...own,
    route: (request) => {
      asked.push(request);
      return own.route(request);
    },
    onOwnersChanged: (listener, interest) => {
      listening += 1;
      const stop = own.onOwnersChanged(listener, interest);
      return () => {
        listening -= 1;
        stop();
      };
    },
  };
  const b = mesh.host('b');
  const c = mesh.host('c');
  const options = mediaOptions('a');
  const log = new MemoryLog();
  const streams = new MemoryStreams((key) => mesh.owners(key).filter(({ member }) => member !== 'a'), log);
  const plays = new PlayDesk({ streams, host, log, isFull }, { ...options, ...rules });
  const publishes = new PublishDesk(
    { streams, host: own, forwards: null, log, onPublisherChanged: (key) => plays.reconsider(key) },
    { acceptsPublishers: true, idleMs: 1000, policy: () => 'backup' },
  );
  const play = (more: ConstructorParameters<typeof MemoryPlay>[0] = {}): MemoryPlay => {
    const session = new MemoryPlay(more);
    plays.play(session);
    return session;
  };
  const publish = (key = KEY_S): PublishFeed => {
    const answer = publishes.publish({
      id: 'p',
      key,
      protocol: 'rtmp',
      remote: '1.1.1.1:1',
      agent: '',
      end: () => {},
      answered: () => {},
      fault: (error) => {
        throw error;
      },
    });
    if (!answer.accepted) throw new Error(answer.code);
    for (const frame of [METADATA(), VIDEO_HEADER(), AUDIO_HEADER()]) answer.feed.push(frame);
    return answer.feed;
  };
  const routes = () => log.of('play routed').map(({ route, reason }) => `${route} ${reason}`);
  const listeners = () => listening;
  return { mesh, host, b, c, streams, log, plays, publishes, play, publish, routes, asked, listeners };
}

/** Media comes by a relay. */
function flow(relay: OpenedRelay | undefined): { push(frame: Frame): void } {
  relay?.events.started();
  return { push: (frame) => relay?.events.frame(frame) };
}

function fail(relay: OpenedRelay | undefined): void {
  if (relay === undefined) return;
  relay.isOpen = false;
  relay.events.ended({ code: 'closed-by-server', text: '', isOrdinary: false });
}

function claim(host: MediaHost): void {
  host.claim(CLAIM);
}

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
});

describe('what the play desk asks, tells and logs', () => {
  it('asks by all that a route depends on', () => {
    const { host, plays, asked, b } = memberA({ apps: { live: { play: { mode: 'redirect' } } } });
    claim(b);
    const session = new MemoryPlay({ followsRedirect: true, reachedBy: 'media.example' });
    plays.play(session);
    const { key, protocol } = session;
    expect(asked).toEqual([
      {
        key,
        protocol,
        followsRedirect: true,
        mark: 'none',
        reachedBy: 'media.example',
        mode: 'redirect',
        isServed: false,
        isFull: false,
      },
    ]);
    const late = new MemoryPlay({ followsRedirect: true, mark: 'redirected' });
    late.canRedirectNow = false;
    plays.play(late);
    expect(asked[1]).toEqual({
      key,
      protocol,
      followsRedirect: false,
      mark: 'redirected',
      mode: 'auto',
      isServed: false,
      isFull: false,
    });
    expect(host.member).toBe('a');
  });

  it('keeps the mode of relaying where nothing can be said any more', () => {
    const { plays, asked, b } = memberA({ apps: { live: { play: { mode: 'relay' } } } });
    claim(b);
    const session = new MemoryPlay();
    session.canRedirectNow = false;
    plays.play(session);
    expect(asked.map(({ mode }) => mode)).toEqual(['relay']);
  });

  it('logs each route that a play takes once, with where it leads', () => {
    const { b, c, log, plays, play, publish } = memberA();
    const session = play({ remote: '10.1.1.1:7' });
    const { id } = session;
    const about = { key: KEY_S, id, client: '10.1.1.1:7', protocol: 'rtmp', agent: 'memory', mark: 'none' };
    claim(b);
    claim(c);
    b.release(KEY_S);
    publish();
    plays.reconsider(KEY_S);
    expect(log.of('play routed')).toStrictEqual([
      { ...about, route: 'wait', reason: 'not-published' },
      { ...about, route: 'relay', reason: 'client-follows-no-redirects', target: 'b' },
      { ...about, route: 'local', reason: 'published-here' },
    ]);
    expect(session.told).toEqual(['wait']);
    const edge = memberA();
    claim(edge.b);
    const sent = edge.play({ followsRedirect: true, remote: '10.1.1.1:7', via: 'id-of-another' });
    expect(edge.log.of('play routed')).toStrictEqual([
      {
        ...about,
        id: sent.id,
        via: 'id-of-another',
        route: 'redirect',
        reason: 'client-follows-redirects',
        target: 'b 127.0.0.1',
      },
    ]);
  });

  it('logs the end of a play with what was sent', () => {
    const { log, plays, play, publish } = memberA();
    const feed = publish();
    feed.push(KEY(0, 1));
    const session = play({ remote: '10.1.1.1:7' });
    const { sentBytes } = session.queue;
    expect(sentBytes).toBeGreaterThan(0);
    plays.leave(session);
    plays.leave(session);
    expect(log.of('play ended')).toStrictEqual([
      {
        key: KEY_S,
        id: session.id,
        client: '10.1.1.1:7',
        protocol: 'rtmp',
        agent: 'memory',
        bytesOut: sentBytes,
      },
    ]);
  });

  it('tells who is refused why, in words', () => {
    const { b, c, log, plays, play } = memberA();
    const waiting = play({ remote: '10.1.1.1:7' });
    b.claim({ ...CLAIM, key: '__defaultVhost__/live/t' });
    const unreached = play({ key: '__defaultVhost__/live/t' });
    vi.advanceTimersByTime(30_000);
    expect(waiting.texts).toEqual(['nobody published the stream within 30000 ms']);
    expect(unreached.texts).toEqual(['no owner of the stream could be reached within 30000 ms']);
    expect(log.of('player timed out waiting for stream')[0]).toStrictEqual({
      key: KEY_S,
      id: waiting.id,
      client: '10.1.1.1:7',
      reason: 'wait-limit',
    });
    claim(c);
    expect(play({ mark: 'relay' }).texts).toEqual(['the stream is not published on this member']);
    plays.stop();
    expect(play().texts).toEqual(['this member is stopping; play from another one']);
  });

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

  it('remembers no redirect of a client that keeps its mark', () => {
    const { b, play } = memberA();
    claim(b);
    const browser = { followsRedirect: true, forgetsMark: false, remote: '10.9.9.9:1000' };
    for (const session of [play(browser), play(browser)])
      expect(session.told).toEqual(['redirect 127.0.0.1']);
    expect(play({ ...browser, forgetsMark: true }).told).toEqual(['redirect 127.0.0.1']);
    // Remembered now, though not for one that would have kept the mark.
    expect(play({ ...browser, forgetsMark: true }).told).toEqual([]);
    expect(play(browser).told).toEqual(['redirect 127.0.0.1']);
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

  it('waits where this member is said to publish what it does not', () => {
    const { host, play, routes } = memberA();
    claim(host);
    expect(play().told).toEqual(['wait']);
    expect(routes()).toEqual(['wait not-published']);
  });

  it('tells a waiting play once, however often owners change', () => {
    const { plays, play, routes } = memberA();
    const session = play();
    for (let i = 0; i < 3; i += 1) plays.reconsider(KEY_S);
    expect([session.told, routes()]).toEqual([['wait'], ['wait not-published']]);
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

describe('a play where members are full', () => {
  const follower = { followsRedirect: true, forgetsMark: false } as const;

  it('of a stream published here goes to a member that has room, where it follows', () => {
    const { mesh, publish, play, routes, streams } = memberA();
    publish().push(KEY(0, 1));
    mesh.setFull('a', true);
    expect(play(follower).told).toEqual(['redirect 127.0.0.1']);
    const plain = play();
    expect(plain.told).toEqual(['begin']);
    expect(routes()).toEqual(['redirect full-other-member', 'local published-here']);
    expect(streams.opened).toEqual([]);
  });

  it('that is served stays, however full this member becomes', () => {
    const { mesh, publish, play, plays, routes } = memberA();
    const feed = publish();
    feed.push(KEY(0, 1));
    const session = play(follower);
    mesh.setFull('a', true);
    plays.reconsider(KEY_S);
    feed.push(INTER(40, 2));
    expect(session.told).toEqual(['begin']);
    expect(session.story.at(-1)).toContain('#2');
    expect(routes()).toEqual(['local published-here']);
  });

  it('is relayed here rather than sent to an owner that is full', () => {
    const { mesh, b, play, routes } = memberA();
    claim(b);
    mesh.setFull('b', true);
    expect(play(follower).told).toEqual([]);
    expect(routes()).toEqual(['relay owner-full']);
  });

  it('is refused in words where this member is at its limit and nobody has room', () => {
    const isFull = { isFull: false };
    const { mesh, publish, play, plays, log } = memberA({}, () => isFull.isFull);
    const feed = publish();
    feed.push(KEY(0, 1));
    const before = play();
    for (const member of ['b', 'c']) mesh.setFull(member, true);
    expect(play(follower).told).toEqual(['begin']);
    isFull.isFull = true;
    const refused = play(follower);
    expect(refused.told).toEqual(['refuse full']);
    expect(refused.texts).toEqual(['this member is full, and no other one has room; try again later']);
    expect(log.of('play routed').at(-1)).toMatchObject({ route: 'refuse', reason: 'nobody-has-room' });
    plays.reconsider(KEY_S);
    expect(before.told).toEqual(['begin']);
    expect(play({ mark: 'relay' }).told).toEqual(['begin']);
    const asker = {
      key: KEY_S,
      protocol: 'rtmp',
      mark: 'none',
      followsRedirect: false,
      canRedirectNow: true,
    } as const;
    expect(plays.peek(asker)).toEqual({ kind: 'refuse', reason: 'nobody-has-room' });
    isFull.isFull = false;
    expect(play().told).toEqual(['begin']);
  });
});

describe('a look at where a play would go', () => {
  const asker = {
    key: KEY_S,
    protocol: 'http-flv',
    mark: 'none',
    followsRedirect: true,
    canRedirectNow: true,
  } as const;

  it('is what a play would get, and leaves nothing behind', () => {
    const { plays, b, publish, routes, streams } = memberA();
    expect(plays.peek(asker)?.kind).toBe('wait');
    claim(b);
    expect(plays.peek(asker)?.kind).toBe('redirect');
    expect(plays.peek({ ...asker, canRedirectNow: false })?.kind).toBe('relay');
    expect(plays.peek({ ...asker, mark: 'redirected' })?.kind).toBe('relay');
    expect(plays.peek({ ...asker, mark: 'relay' })?.kind).toBe('refuse');
    expect([routes(), [...streams.values()], streams.opened]).toEqual([[], [], []]);
    publish();
    expect(plays.peek(asker)?.kind).toBe('local');
    plays.stop();
    expect(plays.peek(asker)).toBeNull();
  });
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

describe('a pull of an owner that the other member cannot reach', () => {
  const through = (more = {}) => ({ mark: 'relay', relayOf: 'b', ...more }) as const;

  it('is passed on from that owner, and stays with it whatever else happens to the stream', () => {
    const { b, c, play, publish, streams, routes, plays } = memberA();
    claim(b);
    claim(c);
    const pull = play(through({ replayMs: 5000 }));
    const feed = flow(streams.opened[0]);
    for (const frame of [VIDEO_HEADER(), KEY(0, 1), replayEnd()]) feed.push(frame);
    expect(streams.opened.map(({ owner, through: via }) => [owner, via])).toEqual([['b', null]]);
    expect(routes()).toEqual(['relay passed-on']);
    const own = publish();
    own.push(KEY(0, 9));
    b.release(KEY_S);
    vi.advanceTimersByTime(60_000);
    feed.push(INTER(40, 2));
    expect(pull.told).toEqual(['begin']);
    expect(pull.story.at(-1)).toBe('video 40 #2');
    // A drain does not wait for it to move: nothing of this member's own is in it.
    expect(plays.pulls()).toEqual([]);
    plays.leave(pull);
    expect(streams.relays).toEqual([]);
  });

  it('is refused where this member does not reach it either, or nobody owns the stream so', () => {
    const { b, c, host, play, plays, streams } = memberA();
    claim(c);
    expect(play(through()).told).toEqual(['refuse relay-of-unowned']);
    claim(b);
    Object.assign(host, {
      route: (request: PlayRequest) =>
        route(
          {
            self: 'a',
            profile: ownerOf('a').profile,
            owners: () => [ownerOf('b', { through: 'c' })],
            withRoom: () => [],
          },
          request,
        ),
    });
    expect(play(through()).told).toEqual(['refuse relay-of-unowned']);
    expect([streams.opened.length, plays.pulls(), [...streams.values()].length]).toEqual([0, [], 0]);
  });

  it('gets what is published here where that is so, and ends with it rather than go over to the owner', () => {
    const { b, play, publish, streams } = memberA();
    claim(b);
    const feed = publish();
    const pull = play(through());
    feed.push(KEY(0, 1));
    feed.end();
    expect(pull.told).toEqual(['begin', 'refuse relay-of-unowned']);
    expect(streams.opened).toEqual([]);
  });

  it('hears whether the publisher has ended or the owner is out of reach, and leaves nothing', () => {
    const { b, play, streams } = memberA();
    claim(b);
    const over = play(through());
    streams.opened[0]?.events.ended({ code: 'publisher-ended', text: '', isOrdinary: true });
    const lost = play(through());
    fail(streams.opened[1]);
    expect([over.told, lost.told]).toEqual([['refuse relay-of-unowned'], ['refuse owner-unreachable']]);
    expect([...streams.values()]).toEqual([]);
  });

  it('ends when this member drains, and when it stops', () => {
    const { b, play, plays, streams } = memberA();
    claim(b);
    const player = play();
    const drained = play(through());
    plays.endPassedOn();
    const stopped = play(through());
    plays.stop();
    expect([drained.told, stopped.told]).toEqual([['refuse owner-unreachable'], ['end stopping']]);
    expect([player.told, streams.relays.map(({ owner }) => owner)]).toEqual([['end stopping'], ['b']]);
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
});

describe('a stream that another worker of this member publishes', () => {
  const SIBLING = { worker: 2, path: '/2' };

  it('is served here: to players by the stream, to another member’s pull by a relay of its own', () => {
    const { mesh, streams, plays, play, routes } = memberA();
    const sibling = mesh.host('a', SIBLING);
    sibling.claim(CLAIM);
    const player = play();
    const pull = play({ mark: 'relay', replayMs: 1000 });
    expect(routes()).toEqual(['local published-here', 'local published-here']);
    expect(streams.opened.map(({ owner }) => owner)).toEqual(['a']);
    expect(plays.pulls()).toEqual([KEY_S]);
    // Closing this worker's publishers is no end of the other's.
    plays.endPassedOn();
    const media = flow(streams.opened[0]);
    for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) media.push(frame);
    media.push(replayEnd());
    expect([player, pull].map(({ told }) => told.filter((word) => word.startsWith('refuse')))).toEqual([
      [],
      [],
    ]);
    streams.opened[0]?.events.ended({ code: 'publisher-ended', text: '', isOrdinary: true });
    expect(plays.pulls()).toEqual([]);
  });

  it('is waited for by a pull that came before it was known which worker has it', () => {
    const { mesh, host, streams, plays, play, routes } = memberA();
    const known = { workerOf: host.workerOf };
    Object.assign(host, { workerOf: () => null });
    mesh.host('a', SIBLING).claim(CLAIM);
    play({ mark: 'relay' });
    expect([routes(), streams.opened.length]).toEqual([['wait not-published'], 0]);
    Object.assign(host, known);
    plays.reconsider(KEY_S);
    expect(routes().at(-1)).toBe('local published-here');
    expect(streams.opened.map(({ owner }) => owner)).toEqual(['a']);
    // It waits no longer, and is fed once.
    expect(streams.get(KEY_S)?.playerCount).toBe(1);
  });
});
