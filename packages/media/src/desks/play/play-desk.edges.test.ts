import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { INTER, KEY } from '../../testing/frames.js';
import type { MemoryPlay } from '../../testing/memory-play.js';
import { CLAIM, claim, fail, KEY_S, memberA } from '../../testing/play-member.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a play where members are full', () => {
  const follower = { followsRedirect: true, forgetsMark: false } as const;

  it('that waited is sent away where this member is full by the time that it is published here', () => {
    const { mesh, publish, play } = memberA();
    const waiting = play(follower);
    mesh.setFull('a', true);
    publish();
    expect(waiting.told).toEqual(['wait', 'redirect 127.0.0.1']);
  });
});

describe('a waiting play', () => {
  it('that is redirected by its app’s mode alone opens no relay either', () => {
    const { b, play, streams } = memberA({ apps: { live: { play: { mode: 'redirect' } } } });
    const session = play();
    claim(b);
    expect([session.told, streams.opened]).toEqual([['wait', 'redirect 127.0.0.1'], []]);
  });
});

describe('what the play desk tells of plays', () => {
  const telling = () => {
    const events: object[] = [];
    return { events, ...memberA({}, undefined, { tell: (event) => void events.push(event) }) };
  };
  const about = { key: KEY_S, client: '10.1.1.1:7', protocol: 'rtmp' };
  const remote = about.client;

  it('is each route with its target, and the end with what was sent', () => {
    const { b, events, plays, play } = telling();
    const waiting = play({ remote });
    const { id } = waiting;
    claim(b);
    plays.leave(waiting);
    const sent = play({ remote, followsRedirect: true, via: 'id-of-another' });
    expect(events).toStrictEqual([
      { kind: 'route-given', route: 'wait', reason: 'not-published', id, ...about },
      {
        kind: 'route-given',
        route: 'relay',
        reason: 'client-follows-no-redirects',
        id,
        ...about,
        target: 'b',
      },
      { kind: 'play-ended', id, ...about, bytesOut: 0 },
      {
        kind: 'route-given',
        route: 'redirect',
        reason: 'client-follows-redirects',
        id: sent.id,
        via: 'id-of-another',
        ...about,
        target: 'b',
      },
    ]);
  });

  it('is each refusal with its reason', () => {
    const { events, plays, play } = telling();
    const unowned = play({ remote, mark: 'relay' });
    const waited = play({ remote });
    vi.advanceTimersByTime(30_000);
    plays.stop();
    const late = play({ remote });
    const refused = (session: MemoryPlay, reason: string) => ({
      kind: 'play-refused',
      id: session.id,
      ...about,
      reason,
    });
    expect(events.filter((event) => 'kind' in event && event.kind === 'play-refused')).toStrictEqual([
      refused(unowned, 'relay-of-unowned'),
      refused(waited, 'wait-limit'),
      refused(late, 'stopping'),
    ]);
  });

  it('of a redirect is told after the answer, where that is wanted', () => {
    const after: (() => void)[] = [];
    const { b, play, routes } = memberA({}, undefined, { afterAnswer: { do: (work) => after.push(work) } });
    claim(b);
    expect(play({ followsRedirect: true }).told).toEqual(['redirect 127.0.0.1']);
    expect(routes()).toEqual([]);
    for (const work of after) work();
    expect(routes()).toEqual(['redirect client-follows-redirects']);
  });
});

describe('a play that an operator ends', () => {
  it('is refused, told of and forgotten; the others go on', () => {
    const events: object[] = [];
    const { plays, play, publish, log, streams } = memberA({}, undefined, {
      tell: (event) => void events.push(event),
    });
    const feed = publish();
    const [kicked, other] = [play({ remote: '10.1.1.1:7' }), play()];
    feed.push(KEY(0, 1));
    const { id } = kicked;
    expect(plays.kick(id)).toBe(true);
    expect([kicked.told, kicked.texts]).toEqual([
      ['begin', 'refuse kicked'],
      ['an operator ended this play'],
    ]);
    const about = { key: KEY_S, id, client: '10.1.1.1:7', protocol: 'rtmp' };
    expect(log.of('player kicked')).toStrictEqual([{ ...about, agent: 'memory' }]);
    expect(events.at(-1)).toStrictEqual({
      kind: 'play-ended',
      ...about,
      bytesOut: kicked.queue.sentBytes,
    });
    feed.push(INTER(40, 2));
    expect([kicked.story.at(-1), other.story.at(-1)]).toEqual(['video 0 key #1', 'video 40 #2']);
    expect([plays.kick(id), plays.kick('nobody')]).toEqual([false, false]);
    plays.leave(kicked);
    expect(log.of('play ended')).toEqual([]);
    plays.kick(other.id);
    feed.end();
    expect([...streams.values()]).toEqual([]);
  });
});

describe('whether a play would be sent away', () => {
  const asker = {
    key: KEY_S,
    protocol: 'http-flv',
    mark: 'none',
    forgetsMark: true,
    remote: '10.1.1.1:7',
    followsRedirect: true,
    canRedirectNow: true,
  } as const;

  it('is so where it would be redirected, also once, and not where it is served or this member stops', () => {
    const { b, plays, play } = memberA();
    expect(plays.isSentAway(asker)).toBe(false);
    claim(b);
    expect(plays.isSentAway(asker)).toBe(true);
    play({ followsRedirect: true, remote: asker.remote });
    // It came back.
    expect([plays.isSentAway(asker), plays.isSentAway({ ...asker, forgetsMark: false })]).toEqual([
      false,
      true,
    ]);
    plays.stop();
    expect(plays.isSentAway({ ...asker, forgetsMark: false })).toBe(false);
  });
});

describe('a pull of an owner that this member has not heard of yet', () => {
  const pull = { mark: 'relay', relayOf: 'b' } as const;
  /** A member of a relay tree. */
  const inTree = () => {
    const member = memberA();
    Object.assign(member.host, { relayHead: () => null });
    return member;
  };

  it('waits for word of it, and is passed on then', () => {
    const { b, play, routes, streams } = inTree();
    const session = play(pull);
    vi.advanceTimersByTime(999);
    expect([session.told, routes()]).toEqual([[], []]);
    claim(b);
    expect([session.told, routes()]).toEqual([[], ['relay passed-on']]);
    expect(streams.opened.map(({ owner }) => owner)).toEqual(['b']);
    vi.advanceTimersByTime(1000);
    expect(session.told).toEqual([]);
  });

  it('is refused after a second, and leaves nothing', () => {
    const { play, routes, streams } = inTree();
    const session = play(pull);
    vi.advanceTimersByTime(1000);
    expect([session.told, routes()]).toEqual([['refuse relay-of-unowned'], ['refuse relay-of-unowned']]);
    expect([[...streams.values()], vi.getTimerCount()]).toEqual([[], 0]);
  });

  it('is refused at once where no relays are pulled from each other, or nobody is named', () => {
    expect(memberA().play(pull).told).toEqual(['refuse relay-of-unowned']);
    expect(inTree().play({ mark: 'relay' }).told).toEqual(['refuse relay-of-unowned']);
  });

  it('hears in words why it ended: the publisher, the owner’s link, or the other worker', () => {
    const { b, play, streams, mesh } = inTree();
    claim(b);
    const over = play(pull);
    streams.opened[0]?.events.ended({ code: 'publisher-ended', text: '', isOrdinary: true });
    const lost = play(pull);
    fail(streams.opened[1]);
    b.release(KEY_S);
    mesh.host('a', { worker: 2, path: '/2' }).claim(CLAIM);
    const sibling = play({ mark: 'relay' });
    fail(streams.opened[2]);
    expect([over, lost, sibling].map(({ texts }) => texts)).toEqual([
      ['the stream is not published on its owner any more'],
      ['this member does not reach the owner; pull through another one'],
      ['the worker that has the stream ended; pull again'],
    ]);
  });
});
