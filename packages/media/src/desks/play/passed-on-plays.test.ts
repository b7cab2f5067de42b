import { type PlayRequest, route } from '@headwater/directory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { replayEnd } from '../../stream/frame-history.js';
import { INTER, KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { CLAIM, claim, fail, flow, KEY_S, memberA } from '../../testing/play-member.js';
import { ownerOf } from '../../testing/stream-world.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
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
