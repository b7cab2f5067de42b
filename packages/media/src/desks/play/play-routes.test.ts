import type { Owner, PlayRequest, Route, RouteReason } from '@headwater/directory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WorkerAddress } from '../../media-host.js';
import type { StreamTable } from '../../stream/stream-table.js';
import { INTER, KEY } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { MemoryPlay } from '../../testing/memory-play.js';
import { claim, KEY_S, memberA } from '../../testing/play-member.js';
import { ownerOf } from '../../testing/stream-world.js';
import { PlayRoutes } from './play-routes.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the route of a play', () => {
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

  it('waits where this member is said to publish what it does not', () => {
    const { host, play, routes } = memberA();
    claim(host);
    expect(play().told).toEqual(['wait']);
    expect(routes()).toEqual(['wait not-published']);
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

describe('what this process knows better than the directory', () => {
  /** Member `a`, whose directory answers as told. */
  function routesOf({ isTree = false } = {}) {
    const known = {
      answer: { kind: 'wait', reason: 'not-published' } as Route,
      asked: [] as PlayRequest[],
      owners: [] as Owner[],
      worker: null as WorkerAddress | null,
      /** The stream here. */
      stream: undefined as
        | { readonly hasPublisher: boolean; readonly source?: { readonly kind: string } }
        | undefined,
    };
    const host = {
      member: 'a',
      route: (request: PlayRequest) => {
        known.asked.push(request);
        return known.answer;
      },
      owners: () => known.owners,
      workerOf: () => known.worker,
      ...(isTree && { relayHead: () => null }),
    };
    const streams = { get: () => known.stream } as unknown as StreamTable;
    return { known, routes: new PlayRoutes({ streams, host }, mediaOptions('a')) };
  }
  const asker = {
    key: KEY_S,
    protocol: 'rtmp',
    mark: 'none',
    followsRedirect: true,
    canRedirectNow: true,
  } as const;
  const redirect = (reason: RouteReason): Route => {
    const { member, profile } = ownerOf('b');
    const target = { member, profile };
    return { kind: 'redirect', reason, target, address: profile.addresses[0] } as unknown as Route;
  };

  it.each<RouteReason>([
    'full-other-owner',
    'full-other-member',
    'nobody-has-room',
    'draining-other-owner',
    'draining-other-member',
  ])('sends who comes for what is published here elsewhere only where it is: %s', (reason) => {
    const { known, routes } = routesOf();
    known.stream = { hasPublisher: true };
    known.answer = redirect(reason);
    expect(routes.route(asker, 'none')).toBe(known.answer);
    known.answer = redirect('client-follows-redirects');
    expect(routes.route(asker, 'none')).toEqual({ kind: 'local', reason: 'published-here' });
  });

  it('serves who is served already from the publisher here, and asks nobody', () => {
    const { known, routes } = routesOf();
    known.stream = { hasPublisher: true };
    known.answer = redirect('draining-other-owner');
    expect(routes.route(asker, 'none', true)).toEqual({ kind: 'local', reason: 'published-here' });
    expect(known.asked).toEqual([]);
  });

  it('relays on where the mesh lost sight of owners whose media flows', () => {
    const { known, routes } = routesOf();
    expect(routes.route(asker, 'none')).toEqual({ kind: 'wait', reason: 'not-published' });
    known.stream = { hasPublisher: false, source: { kind: 'relay' } };
    expect(routes.route(asker, 'none')).toEqual({
      kind: 'relay',
      reason: 'client-follows-no-redirects',
      owners: [],
    });
    known.answer = redirect('draining-other-owner');
    expect(routes.route(asker, 'none')).toBe(known.answer);
  });

  it('serves what another worker publishes, and waits where that is not known to be so', () => {
    const { known, routes } = routesOf();
    known.answer = { kind: 'local', reason: 'published-here' };
    known.owners = [ownerOf('b'), ownerOf('a')];
    expect([routes.route(asker, 'none').kind, routes.sibling(KEY_S)]).toEqual(['wait', undefined]);
    known.worker = { worker: 2, path: '/2' };
    expect(routes.route(asker, 'none')).toBe(known.answer);
    expect(routes.sibling(KEY_S)).toMatchObject({ member: 'a', worker: known.worker });
    known.owners = [ownerOf('b')];
    expect([routes.route(asker, 'none').kind, routes.sibling(KEY_S)]).toEqual(['wait', undefined]);
  });

  it('knows whether others own the stream: another member, or another worker of this one', () => {
    const { known, routes } = routesOf();
    expect(routes.isOwnedElsewhere(KEY_S)).toBe(false);
    known.owners = [ownerOf('a')];
    expect(routes.isOwnedElsewhere(KEY_S)).toBe(false);
    known.worker = { worker: 2, path: '/2' };
    expect(routes.isOwnedElsewhere(KEY_S)).toBe(true);
    known.worker = null;
    known.owners = [ownerOf('a'), ownerOf('b')];
    expect(routes.isOwnedElsewhere(KEY_S)).toBe(true);
  });

  it.each([
    ['an owner that it has heard of', 'b', true, false],
    ['one that it has not heard of', 'c', true, true],
    ['its own media, by whatever name', 'a', true, true],
    ['no owner', undefined, true, false],
    ['an owner, where relays pull from owners', 'c', false, false],
  ])('knows whether a pull through it is of an unknown owner: %s', (_name, relayOf, isTree, expected) => {
    const { known, routes } = routesOf({ isTree });
    known.owners = [ownerOf('a'), ownerOf('b')];
    const play = new MemoryPlay({ mark: 'relay', ...(relayOf !== undefined && { relayOf }) });
    expect(routes.isOfUnknownOwner(play)).toBe(expected);
  });

  it('takes a pull for one, also from an address that was redirected a moment ago', () => {
    const { routes } = routesOf();
    const edge = { key: KEY_S, remote: '10.1.1.1:1', forgetsMark: true } as const;
    routes.redirected(new MemoryPlay(edge));
    const markOf = (mark: 'none' | 'relay') => routes.markOf(new MemoryPlay({ ...edge, mark }));
    expect([markOf('none'), markOf('relay')]).toEqual(['redirected', 'relay']);
  });
});
