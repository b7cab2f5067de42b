import { beforeEach, describe, expect, it } from 'vitest';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { ownerOf, StreamWorld } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { replayEnd } from './frame-history.js';

const ABOUT = { remote: '1.2.3.4:5', agent: 'edge', protocol: 'rtmp' } as const;
const B = ownerOf('b', { through: null });

let world: StreamWorld;

beforeEach(() => {
  world = new StreamWorld();
});

const clients = () =>
  [...world.stream.clients()].map(({ player, isPull, view }) => [player.id, isPull, view().state]);

describe('the clients of a stream', () => {
  it('are its players and other members’ pulls, in every list alike', () => {
    const views = (max?: number) => world.stream.view(max).players.map(({ id, state }) => [id, state]);
    world.play('player');
    expect(clients()).toEqual([['player', false, 'waiting']]);
    world.stream.passOn(new MemoryPlayer('passed'), B, 0, () => {});
    world.relay.events.started();
    for (const frame of [VIDEO_HEADER(), KEY(0, 1), replayEnd()]) world.relay.events.frame(frame);
    // It is fed by a relay of its own.
    expect(clients()).toEqual([
      ['player', false, 'waiting'],
      ['passed', true, 'playing'],
    ]);
    const feed = world.publish();
    for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) feed.push(frame);
    world.stream.addPull(new MemoryPlayer('pull'), 0);
    expect(clients()).toEqual([
      ['player', false, 'playing'],
      ['pull', true, 'playing'],
      ['passed', true, 'playing'],
    ]);
    expect(views()).toEqual(clients().map(([id, , state]) => [id, state]));
    expect(views(2)).toEqual(views().slice(0, 2));
    expect(views(0)).toEqual([]);
  });

  it('are this member’s other workers, by number', () => {
    const feed = world.publish();
    for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) feed.push(frame);
    const got: number[] = [];
    let ends = 0;
    const sibling = {
      worker: 3,
      send: (frame: Frame) => got.push(frame.payload[5] ?? 0),
      end: () => {
        ends += 1;
      },
    };
    world.stream.addSibling(sibling, 0);
    expect(world.stream.view().pulledByWorkers).toEqual([3]);
    feed.push(INTER(40, 2));
    expect(got.slice(-2)).toEqual([1, 2]);
    world.stream.removeSibling(sibling);
    feed.push(INTER(80, 3));
    expect([got.at(-1), world.stream.view().pulledByWorkers]).toEqual([2, undefined]);
    world.stream.addSibling(sibling, 0);
    feed.end();
    expect(ends).toBe(1);
  });
});

describe('a publisher that another origin had', () => {
  it('feeds the stream once its past is here, and its players get that', () => {
    const player = world.play();
    let replays = 0;
    const events = {
      replayed: () => {
        replays += 1;
      },
    };
    const feed = world.stream.publish(ABOUT, events, true);
    for (const frame of [VIDEO_HEADER(), KEY(0, 1), INTER(40, 2)]) feed.push(frame);
    expect([player.got.length, world.told, replays]).toEqual([0, [], 0]);
    feed.push(replayEnd());
    expect([world.told, replays]).toEqual([[true], 1]);
    expect(feed.past().map(({ payload }) => payload[5])).toEqual([expect.any(Number), 1, 2]);
    feed.push(INTER(80, 3));
    expect(player.story).toEqual(['video 0 header #0', 'video 0 key #1', 'video 40 #2', 'video 80 #3']);
  });

  it('ends the pull of another worker that asks before that: it meant the publisher before', () => {
    const feed = world.stream.publish(ABOUT, {}, true);
    for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) feed.push(frame);
    const told: string[] = [];
    const sibling = { worker: 3, send: () => told.push('frame'), end: () => told.push('end') };
    world.stream.addSibling(sibling, 5000);
    expect([told, world.stream.view().pulledByWorkers]).toEqual([['end'], undefined]);
    for (const frame of [replayEnd(), KEY(40, 2)]) feed.push(frame);
    expect(told).toEqual(['end']);
  });

  it('needs nobody who hears of it, and is gone where it ends before that', () => {
    const first = world.stream.publish(ABOUT, {}, true);
    first.push(replayEnd());
    first.end();
    const second = world.stream.publish(ABOUT, {}, true);
    second.end();
    world.timers.pass(60_000);
    expect([world.stream.hasPublisher, world.stream.isIdle, world.timers.pending]).toEqual([false, true, 0]);
  });
});

describe('an owner that cannot be reached', () => {
  const ways = () => world.opened.map(({ owner, through }) => [owner, through]);

  beforeEach(() => {
    world.play();
    world.detours = ['c'];
    world.owners(ownerOf('b'));
  });

  it('is pulled through a member that may reach it, and through no further one', () => {
    world.fail('unreachable');
    expect(ways()).toEqual([
      ['b', null],
      ['b', 'c'],
    ]);
    world.detours = ['d'];
    world.fail('unreachable');
    world.timers.pass(400);
    expect(ways().flat()).not.toContain('d');
  });

  it('is asked again itself where it had answered, and where nobody else reaches it', () => {
    world.fail('closed-by-server');
    world.timers.pass(10_000);
    world.detours = [];
    world.fail('unreachable');
    world.timers.pass(10_000);
    expect(ways().flat()).not.toContain('c');
    expect(world.opened.length).toBeGreaterThan(2);
  });
});

it('is pulled from another worker of this member, which no other member is on the way to', () => {
  world.play();
  world.detours = ['c'];
  world.stream.setOwners([{ ...ownerOf('me'), worker: { worker: 2, path: '/run/w2' } }]);
  expect(world.log.of('relay pulls')).toMatchObject([{ to: 'me', fromWorker: 2 }]);
  world.fail('unreachable');
  world.timers.pass(10_000);
  expect(world.opened.map(({ through }) => through)).not.toContain('c');
});
