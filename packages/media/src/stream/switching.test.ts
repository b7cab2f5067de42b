import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import type { MemoryPlayer } from '../testing/memory-player.js';
import { type OpenedRelay, ownerOf, StreamWorld } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { replayEnd } from './frame-history.js';
import type { PublisherFeed } from './publisher-feed.js';

const HEADERS = [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)];
const OTHER_HEADERS = [METADATA(), VIDEO_HEADER(2), AUDIO_HEADER(2)];

let world: StreamWorld;
let player: MemoryPlayer;

beforeEach(() => {
  world = new StreamWorld();
  player = world.play();
});

/** Pictures `from` to `to` of one encode, each with its sound: a keyframe every ten, by a clock that is `clockMs` ahead. */
function encode(from: number, to: number, clockMs = 0): Frame[] {
  const frames: Frame[] = [];
  for (let id = from; id <= to; id += 1) {
    const atMs = id * 40 + clockMs;
    frames.push(id % 10 === 0 ? KEY(atMs, id) : INTER(atMs, id), AUDIO(atMs + 10, id));
  }
  return frames;
}

/** The same pictures by another encoder. */
const other = (from: number, to: number, clockMs = 900_000): Frame[] =>
  encode(from, to, clockMs).map((frame) => ({
    ...frame,
    payload: Buffer.concat([frame.payload, Buffer.of(0)]),
  }));

function answer(relay: OpenedRelay, ...frames: readonly Frame[]): void {
  relay.events.started();
  send(relay, ...frames);
}

function send(relay: OpenedRelay, ...frames: readonly Frame[]): void {
  for (const frame of frames) relay.events.frame(frame);
}

/** As time passes, 20 ms for each. */
function live(to: { push(frame: Frame): void } | OpenedRelay, ...frames: readonly Frame[]): void {
  for (const frame of frames) {
    world.timers.pass(20);
    if ('push' in to) to.push(frame);
    else to.events.frame(frame);
  }
}

const pictures = (of = player): number[] =>
  of.story.filter((line) => /^video \d+ (key )?#/.test(line)).map((line) => Number(line.split('#')[1]));

const times = (kind = 'video'): number[] =>
  player.story
    .filter((line) => line.startsWith(kind) && !line.includes('header'))
    .map((line) => Number(line.split(' ')[1]));

const headers = () =>
  player.story.filter((line) => line.startsWith('video') && line.includes('header')).length;

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const splices = (msg = 'relay switched owner') => world.log.of(msg).map(({ splice }) => splice);

const source = () => {
  const { source: present } = world.stream;
  return present?.kind === 'relay' ? present.from : (present?.kind ?? null);
};

const isSorted = (list: readonly number[]) =>
  list.every((value, index) => index === 0 || value >= (list[index - 1] ?? 0));

describe('a relay that loses its only owner after two pictures', () => {
  beforeEach(() => {
    world.owners(ownerOf('a'));
    answer(world.relay, ...HEADERS, ...encode(10, 11));
    world.fail('closed-by-server');
  });

  it('goes on with the very next frame', () => {
    answer(world.relay, ...HEADERS, ...encode(5, 12), replayEnd());
    live(world.relay, ...encode(13, 14));
    expect(pictures()).toEqual(numbers(10, 14));
    expect(headers()).toBe(1);
    expect(splices()).toEqual(['exact']);
  });

  it('takes other pictures from their keyframe on, with headers of their own', () => {
    answer(world.relay, ...OTHER_HEADERS, ...other(20, 22, 0), replayEnd());
    live(world.relay, ...other(23, 30, 0));
    expect(pictures()).toEqual([10, 11, ...numbers(20, 30)]);
    expect(headers()).toBe(2);
  });
});

describe('a relay that loses its owner', () => {
  let b: OpenedRelay;

  /** Pictures 10 to 35 came from `a`; then its connection broke. */
  beforeEach(() => {
    world.owners(ownerOf('a'), ownerOf('b'));
    answer(world.relay, ...HEADERS, ...encode(10, 35));
    world.fail('closed-by-server');
    b = world.relay;
  });

  it('asks the next one for its last seconds, the first one for none', () => {
    expect(world.opened.map(({ replayMs }) => replayMs)).toEqual([0, 5000]);
  });

  it('goes on mid-GOP with the very next frame, on the same clock, with nothing said again', () => {
    answer(b, ...HEADERS, ...encode(15, 38, 70_000), replayEnd(), ...encode(39, 42, 70_000));
    expect(pictures()).toEqual(numbers(10, 42));
    expect(headers()).toBe(1);
    expect(times()).toEqual(numbers(10, 42).map((id) => id * 40));
    expect(times('audio')).toEqual(numbers(10, 42).map((id) => id * 40 + 10));
    expect(source()).toBe('b');
    expect(world.log.of('relay switched owner')).toMatchObject([
      { owner: 'b', splice: 'exact', offsetMs: -70_000 },
    ]);
  });

  it('does so over and over', () => {
    world.owners(ownerOf('a'), ownerOf('b'), ownerOf('c'));
    for (let round = 0; round < 4; round += 1) {
      const last = 35 + round * 5;
      const clockMs = 1000 * round - 700;
      answer(world.relay, ...HEADERS, ...encode(last - 12, last + 3, clockMs), replayEnd());
      live(world.relay, ...encode(last + 4, last + 5, clockMs));
      world.fail('closed-by-server');
    }
    expect(pictures()).toEqual(numbers(10, 55));
    expect(times()).toEqual(numbers(10, 55).map((id) => id * 40));
  });

  it('waits for a copy that lags, and repeats nothing', () => {
    answer(b, ...HEADERS, ...encode(10, 25), replayEnd());
    live(b, ...encode(26, 35));
    expect(pictures()).toEqual(numbers(10, 35));
    live(b, ...encode(36, 37));
    expect(pictures()).toEqual(numbers(10, 37));
    expect(world.log.of('relay waiting for lagging owner')).toMatchObject([{ owner: 'b', lagMs: 400 }]);
  });

  it('asks another owner meanwhile, which may have the next frame already', () => {
    world.owners(ownerOf('a'), ownerOf('b'), ownerOf('c'));
    answer(b, ...HEADERS, ...encode(10, 25), replayEnd());
    expect(world.order).toEqual(['a', 'b', 'c']);
    answer(world.relay, ...HEADERS, ...encode(20, 37), replayEnd());
    expect([source(), world.open.map(({ owner }) => owner)]).toEqual(['c', ['c']]);
    expect(pictures()).toEqual(numbers(10, 37));
  });

  it('waits no longer than relay.lagMs for one that lags and does not come on', () => {
    answer(b, ...HEADERS, ...encode(10, 25), replayEnd());
    // Slower than its clock says.
    for (let id = 26; world.log.of('relay switched owner').length === 0; id += 1) {
      expect(id).toBeLessThan(34);
      world.timers.pass(200);
      send(b, ...encode(id, id));
    }
    expect(splices()).toEqual(['none']);
    expect(pictures().slice(0, 26)).toEqual(numbers(10, 35));
    expect(pictures()[26]).toBe(30);
    expect(isSorted(times())).toBe(true);
  });

  it('does not wait at all for one that lags by more than relay.lagMs: some frames come again', () => {
    world = new StreamWorld({ lagMs: 300 });
    player = world.play();
    world.owners(ownerOf('a'), ownerOf('b'));
    answer(world.relay, ...HEADERS, ...encode(10, 35));
    world.fail('closed-by-server');
    answer(world.relay, ...HEADERS, ...encode(10, 25), replayEnd());
    world.fail('refused');
    expect(splices()).toEqual(['none']);
    expect(pictures()).toEqual([...numbers(10, 35), ...numbers(20, 25)]);
    expect(isSorted(times())).toBe(true);
  });

  it('takes another encode from its newest keyframe on: its headers, timestamps going on', () => {
    answer(b, ...OTHER_HEADERS, ...other(40, 65), replayEnd());
    expect(pictures()).toEqual(numbers(10, 35));
    world.fail('refused');
    expect(pictures()).toEqual([...numbers(10, 35), ...numbers(60, 65)]);
    expect(headers()).toBe(2);
    const shown = times().slice(-6);
    expect(shown[0]).toBeGreaterThan(35 * 40);
    expect(shown[0]).toBeLessThan(37 * 40);
    expect(isSorted(times('audio'))).toBe(true);
  });

  it('decides without the mark of an owner that says none', () => {
    answer(b, ...HEADERS, ...encode(20, 38));
    expect(pictures()).toEqual(numbers(10, 35));
    live(b, ...encode(39, 51));
    expect(pictures()).toEqual(numbers(10, 51));
  });

  it('gives the cached GOP to who joins between owners, for as long as one could go on', () => {
    const late = world.play('late');
    expect(late.story).toContain('video 1200 key #30');
    expect(world.stream.view().source).toBe('none');
    world.timers.pass(4999);
    expect(world.told).toEqual([true]);
    world.timers.pass(1);
    expect([world.told, world.stream.source]).toEqual([[true, false], null]);
  });

  it('goes on after an owner in between that had nothing to say', () => {
    world.owners(ownerOf('a'), ownerOf('b'), ownerOf('c'));
    answer(b, ...HEADERS);
    world.timers.pass(1600);
    expect(world.order).toEqual(['a', 'b', 'c']);
    answer(world.relay, ...HEADERS, ...encode(20, 37), replayEnd());
    expect(pictures()).toEqual(numbers(10, 37));
  });

  it('takes what an owner brings that had nothing at first', () => {
    answer(b, ...HEADERS, replayEnd());
    world.timers.pass(700);
    live(b, ...encode(50, 59));
    world.fail('refused');
    expect(pictures()).toEqual([...numbers(10, 35), ...numbers(50, 59)]);
  });

  it('gives no picture twice where it comes back to the only owner after a silence', () => {
    world.owners(ownerOf('b'));
    answer(b, ...HEADERS, ...encode(20, 40), replayEnd());
    world.timers.pass(5000);
    expect(world.order).toEqual(['a', 'b', 'b']);
    answer(world.relay, ...HEADERS, ...encode(30, 40), replayEnd());
    live(world.relay, ...encode(41, 45));
    expect(pictures()).toEqual(numbers(10, 45));
  });

  it('ends in favour of a publisher that came here meanwhile', () => {
    answer(b, ...HEADERS, replayEnd());
    const feed = world.publish();
    live(feed, ...OTHER_HEADERS, ...other(60, 66));
    expect([source(), world.open]).toEqual(['publisher', []]);
    expect(pictures()).toEqual([...numbers(10, 35), ...numbers(60, 66)]);
  });
});

describe('a publisher that comes while a relay flows', () => {
  let feed: PublisherFeed;
  let b: OpenedRelay;

  /** A relay from `b` brought pictures 10 to 35; then a publisher comes. */
  beforeEach(() => {
    world.owners(ownerOf('b'));
    b = world.relay;
    answer(b, ...HEADERS, ...encode(10, 35));
    feed = world.publish();
  });

  const handedOver = () => splices('relay handed over to publisher');

  it('gets the stream with the very next frame where it is ahead, and the relay flows until it has come so far', () => {
    live(feed, ...HEADERS, ...encode(40, 44, 70_000));
    expect(source()).toBe('b');
    send(b, ...encode(36, 43));
    live(feed, ...encode(45, 50, 70_000));
    expect([source(), handedOver(), b.isOpen]).toEqual(['publisher', ['exact'], false]);
    expect(pictures()).toEqual(numbers(10, 50));
    expect(times()).toEqual(numbers(10, 50).map((id) => id * 40));
  });

  it('does not get it while it is behind: nobody waits for it', () => {
    for (let id = 30; id < 60; id += 1) {
      live(feed, ...encode(id, id, 7));
      send(b, ...encode(id + 6, id + 6));
    }
    expect(source()).toBe('b');
    expect(pictures()).toEqual(numbers(10, 65));
    // Once it has caught up it does.
    live(feed, ...encode(60, 66, 7));
    expect([source(), handedOver()]).toEqual(['publisher', ['exact']]);
    expect(pictures()).toEqual(numbers(10, 66));
  });

  it('does not get it where its frames are others, for as long as the relay flows', () => {
    for (let id = 36; id < 150; id += 1) {
      live(feed, ...other(id + 40, id + 40));
      send(b, ...encode(id, id));
    }
    expect([source(), handedOver()]).toEqual(['b', []]);
    expect(pictures()).toEqual(numbers(10, 149));
    world.fail('closed-by-server', b);
    world.fail('refused');
    expect([source(), handedOver()]).toEqual(['publisher', ['none']]);
    expect(pictures().slice(140)).toEqual(numbers(180, 189));
    expect(isSorted(times())).toBe(true);
  });

  it('gets it at once where the relay stalls', () => {
    live(feed, ...HEADERS, ...other(60, 90));
    expect([source(), world.open]).toEqual(['publisher', []]);
    expect(world.log.of('relay lost its owner')).toMatchObject([{ owner: 'b', reason: 'stalled' }]);
  });

  it('that goes again leaves the stream to the relay', () => {
    live(feed, ...HEADERS, ...encode(60, 62));
    feed.end();
    send(b, ...encode(36, 40));
    expect([source(), world.stream.hasPublisher]).toEqual(['b', false]);
    expect(pictures()).toEqual(numbers(10, 40));
  });

  it('can be followed by a relay again, frame by frame', () => {
    live(feed, ...HEADERS, ...encode(40, 44, 70_000));
    send(b, ...encode(36, 43));
    live(feed, ...encode(45, 50, 70_000));
    feed.end();
    answer(world.relay, ...HEADERS, ...encode(38, 55), replayEnd());
    expect(pictures()).toEqual(numbers(10, 55));
    expect(times()).toEqual(numbers(10, 55).map((id) => id * 40));
  });
});

describe('a publisher here that goes while another owner has the stream', () => {
  it('is followed with the very next frame, on the clock that the players have', () => {
    const first = world.publish();
    live(first, ...HEADERS, KEY(100, 1), INTER(140, 2), INTER(180, 3));
    first.end();
    const second = world.publish();
    live(second, ...HEADERS, ...encode(10, 35, 50_000));
    world.owners(ownerOf('b'));
    second.end();
    answer(world.relay, ...HEADERS, ...encode(15, 38, 7000), replayEnd());
    live(world.relay, ...encode(39, 42, 7000));
    expect(pictures()).toEqual([1, 2, 3, ...numbers(10, 42)]);
    const shown = times().slice(3);
    expect(shown.map((atMs) => atMs - (shown[0] ?? 0))).toEqual(numbers(10, 42).map((id) => (id - 10) * 40));
    expect(shown[0]).toBeGreaterThan(180);
    expect(shown[0]).toBeLessThan(300);
  });

  it('is waited for no longer than the next frame could be had', () => {
    world.owners(ownerOf('b'));
    const feed = world.publish();
    live(feed, ...HEADERS, ...encode(10, 35));
    feed.end();
    world.timers.pass(4999);
    expect(world.told).toEqual([true]);
    world.timers.pass(1);
    expect(world.told).toEqual([true, false]);
  });

  it('and comes back at once is no reason to lose what the other owner has', () => {
    const feed = world.publish();
    live(feed, ...HEADERS, ...encode(10, 33));
    world.owners(ownerOf('b'));
    feed.end();
    const again = world.publish();
    for (const frame of [...HEADERS, ...encode(40, 40)]) again.push(frame);
    answer(world.relay, ...HEADERS, ...encode(20, 41), replayEnd());
    expect(pictures()).toEqual(numbers(10, 41));
  });
});

describe('a publisher here that sends nothing', () => {
  let feed: PublisherFeed;

  /** Pictures 10 to 35 were published here; `b` has the stream too. */
  beforeEach(() => {
    feed = world.publish();
    live(feed, ...HEADERS, ...encode(10, 35));
    world.owners(ownerOf('b'));
  });

  it('is replaced after 500 ms by an owner of the same encode, with the very next frame', () => {
    world.timers.pass(499);
    expect(world.opened).toEqual([]);
    world.timers.pass(1);
    answer(world.relay, ...HEADERS, ...encode(15, 35, 9000), replayEnd());
    expect(source()).toBe('publisher');
    live(world.relay, ...encode(36, 40, 9000));
    expect([source(), world.stream.hasPublisher]).toEqual(['b', true]);
    expect(pictures()).toEqual(numbers(10, 40));
    expect(times()).toEqual(numbers(10, 40).map((id) => id * 40));
  });

  it('is replaced by an owner of another encode, from its newest keyframe', () => {
    world.timers.pass(500);
    answer(world.relay, ...OTHER_HEADERS, ...other(40, 65), replayEnd());
    expect(source()).toBe('b');
    expect(pictures()).toEqual([...numbers(10, 35), ...numbers(60, 65)]);
    const late = world.play('late');
    expect(pictures(late)).toEqual(numbers(60, 65));
  });

  it('is replaced where it never sent anything', () => {
    world = new StreamWorld();
    player = world.play();
    const flows: boolean[] = [];
    world.publish({ flow: (isFlowing) => flows.push(isFlowing) });
    world.owners(ownerOf('b'));
    world.timers.pass(500);
    expect(flows).toEqual([false]);
    answer(world.relay, ...HEADERS, ...encode(10, 15));
    expect([source(), pictures()]).toEqual(['b', numbers(10, 15)]);
  });

  it('is not replaced while the other owner is silent too, nor for nobody', () => {
    world.owners(ownerOf('b', { silent: true }));
    world.timers.pass(10_000);
    expect(world.opened).toEqual([]);
    world.stream.remove(player);
    world.owners(ownerOf('b'));
    world.timers.pass(10_000);
    expect(world.opened).toEqual([]);
    world.play('late');
    expect(world.open).toHaveLength(1);
  });

  it('does not come back with pictures from before its pause: frames are missing, so it waits for a keyframe', () => {
    world = new StreamWorld();
    player = world.play();
    world.owners(ownerOf('b'));
    answer(world.relay, ...HEADERS, ...encode(10, 35));
    feed = world.publish();
    // It lags, falls silent, and so does the owner.
    for (const header of HEADERS) feed.push(header);
    for (let id = 36; id < 56; id += 1) {
      live(feed, ...encode(id - 25, id - 25, 900_000));
      send(world.relay, ...encode(id, id));
    }
    world.owners(ownerOf('b', { silent: true }));
    world.timers.pass(3000);
    live(feed, ...encode(101, 109, 900_000));
    expect(pictures()).toEqual(numbers(10, 55));
    live(feed, ...encode(110, 112, 900_000));
    expect(pictures()).toEqual([...numbers(10, 55), ...numbers(110, 112)]);
  });

  it('keeps the stream where it goes on before the other one could', () => {
    world.timers.pass(500);
    live(feed, ...encode(36, 37));
    expect([source(), world.open]).toEqual(['publisher', []]);
    expect(pictures()).toEqual(numbers(10, 37));
  });

  it('gets the stream back where nobody can notice', () => {
    world.timers.pass(500);
    answer(world.relay, ...HEADERS, ...encode(15, 45), replayEnd());
    live(feed, ...encode(36, 50));
    expect([source(), splices('relay handed over to publisher'), world.open]).toEqual([
      'publisher',
      ['exact'],
      [],
    ]);
    expect(pictures()).toEqual(numbers(10, 50));
  });

  it('gets it back likewise where some frames were lost on its way', () => {
    world.timers.pass(500);
    const { relay } = world;
    answer(relay, ...HEADERS, ...encode(15, 45), replayEnd());
    live(feed, ...encode(50, 53));
    send(relay, ...encode(46, 52));
    live(feed, ...encode(54, 58));
    expect([source(), splices('relay handed over to publisher')]).toEqual(['publisher', ['exact']]);
    expect(pictures()).toEqual(numbers(10, 58));
    expect(times()).toEqual(numbers(10, 58).map((id) => id * 40));
  });

  it('does not get it back while players are well with other frames, and at once when they are not', () => {
    world.timers.pass(500);
    const { relay } = world;
    answer(relay, ...OTHER_HEADERS, ...other(40, 65), replayEnd());
    for (let id = 66; id < 200; id += 1) {
      live(relay, ...other(id, id));
      feed.push(KEY(id * 40, 7));
    }
    expect(source()).toBe('b');
    relay.isOpen = false;
    relay.events.ended({ code: 'publisher-ended', text: '', isOrdinary: true });
    expect(source()).toBe('publisher');
    expect(pictures().at(-1)).toBe(7);
    expect(world.log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('leaves the stream to the relay that replaced it when it goes', () => {
    world.timers.pass(500);
    const { relay } = world;
    answer(relay, ...HEADERS, ...encode(15, 40), replayEnd());
    feed.end();
    send(relay, ...encode(41, 45));
    expect([source(), world.stream.hasPublisher]).toEqual(['b', false]);
    expect(pictures()).toEqual(numbers(10, 45));
  });
});

describe('another member’s pull', () => {
  const pullOf = (replayMs: number) => {
    const pull = new (player.constructor as new (id: string) => MemoryPlayer)('pull');
    world.stream.addPull(pull, replayMs);
    return pull;
  };

  it('gets what is published here, never what a relay brings', () => {
    const feed = world.publish();
    live(feed, ...HEADERS, ...encode(10, 35, 9000));
    const pull = pullOf(0);
    expect(pictures(pull)).toEqual(numbers(30, 35));
    world.owners(ownerOf('b'));
    world.timers.pass(500);
    answer(world.relay, ...HEADERS, ...encode(15, 45), replayEnd());
    expect(pictures()).toEqual(numbers(10, 45));
    expect(pictures(pull)).toEqual(numbers(30, 35));
    feed.push(INTER(36 * 40 + 9000, 36));
    expect(pull.story.at(-1)).toBe(`video ${36 * 40 + 9000} #36`);
  });

  it('gets so much of the past as it asks for, and is told where the present begins', () => {
    const feed = world.publish();
    live(feed, ...HEADERS, ...encode(10, 135));
    const pull = pullOf(1000);
    const got = pictures(pull);
    expect([got.at(-1), got.length]).toEqual([135, 25]);
    expect(pull.story.at(-1)).toMatch(/^data/);
  });
});

describe('an output of the same encoder that was silent', () => {
  /** Pictures 10 to 20 came from the publisher here; from 21 on `a` had them, until it ended with picture 200. */
  let publisher: PublisherFeed;

  beforeEach(() => {
    publisher = world.publish();
    for (const frame of [...HEADERS, ...encode(10, 20)]) publisher.push(frame);
    world.owners(ownerOf('a'));
    world.timers.pass(600);
    answer(world.relay, ...HEADERS, ...encode(10, 35), replayEnd());
    live(world.relay, ...encode(36, 200));
    expect(pictures()).toEqual(numbers(10, 200));
    world.owners();
    world.fail('publisher-ended');
  });

  it('goes on with the very next picture of what it held back: none comes again', () => {
    world.timers.pass(100);
    for (let from = 21; from <= 203; from += 10) {
      world.timers.pass(10);
      for (const frame of encode(from, Math.min(from + 9, 203))) publisher.push(frame);
    }
    live(publisher, ...encode(204, 210));
    expect(pictures()).toEqual(numbers(10, 210));
    expect(source()).toBe('publisher');
  });

  it('goes on from its next keyframe where it held nothing back', () => {
    world.timers.pass(100);
    live(publisher, ...encode(204, 222));
    expect(pictures()).toEqual([...numbers(10, 200), ...numbers(210, 222)]);
    expect(isSorted(times())).toBe(true);
  });
});

it('a relay to an owner that is silent is no way on from the picture before that, which is followed by none', () => {
  world.owners(ownerOf('a'), ownerOf('b', { silent: true }));
  answer(world.relay, ...HEADERS, ...encode(10, 20));
  live(world.relay, ...encode(21, 200));
  world.fail('closed-by-server');
  const [b] = world.open.filter(({ owner }) => owner === 'b');
  if (b === undefined) throw new Error('the silent owner was not asked');
  answer(b, ...HEADERS, ...encode(10, 15), replayEnd());
  world.fail(
    'refused',
    world.open.find(({ owner }) => owner === 'a'),
  );
  live(b, ...encode(204, 222));
  expect(pictures()).toEqual([...numbers(10, 200), ...numbers(210, 222)]);
});

describe('a silent source that is all that is left', () => {
  /** As long as `a` flowed: its last picture is 200. */
  beforeEach(() => {
    world.owners(ownerOf('a'), ownerOf('b', { silent: true }));
    answer(world.relay, ...HEADERS, ...encode(10, 20));
    live(world.relay, ...encode(21, 200));
  });

  it('of this member gives its past to those alone who come then', () => {
    const publisher = world.publish();
    for (const frame of [...OTHER_HEADERS, ...other(10, 25)]) publisher.push(frame);
    live(world.relay, ...encode(201, 220));
    world.owners();
    world.fail('publisher-ended');
    world.timers.pass(6000);
    expect(source()).toBe('publisher');
    expect(pictures()).toEqual(numbers(10, 220));
    const joiner = world.play('joiner');
    expect(pictures(joiner)).toEqual(numbers(20, 25));
    // It goes on, with some pictures missing.
    live(publisher, ...other(226, 234));
    expect(pictures()).toEqual([...numbers(10, 220), ...numbers(230, 234)]);
    expect([isSorted(times()), isSorted(times('audio')), headers()]).toEqual([true, true, 2]);
  });

  it('of another member likewise, and to those who wait', () => {
    world.owners(ownerOf('b', { silent: true }));
    world.fail('closed-by-server');
    const b = world.relay;
    // Nobody answers until what was sent is of no use.
    world.timers.pass(6000);
    world.fail('refused', b);
    world.timers.pass(500);
    const again = world.relay;
    expect([again.owner, again.replayMs]).toEqual(['b', 5000]);
    const waiting = world.play('waiting');
    answer(again, ...OTHER_HEADERS, ...other(10, 25));
    expect([pictures(), pictures(waiting)]).toEqual([numbers(10, 200), []]);
    send(again, replayEnd());
    expect([pictures(), pictures(waiting)]).toEqual([numbers(10, 200), numbers(20, 25)]);
    live(again, ...other(226, 234));
    expect(pictures()).toEqual([...numbers(10, 200), ...numbers(230, 234)]);
  });
});
