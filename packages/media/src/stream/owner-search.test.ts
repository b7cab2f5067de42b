import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import type { MemoryPlayer } from '../testing/memory-player.js';
import { type OpenedRelay, ownerOf, StreamWorld } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { replayEnd } from './frame-history.js';
import { OwnerSearch } from './owner-search.js';
import type { PublisherFeed } from './publisher-feed.js';
import type { RelayOwner } from './relay-owner.js';

const HEADERS = [
  METADATA({ width: 640, videocodecid: 7, audiocodecid: 10 }),
  VIDEO_HEADER(1),
  AUDIO_HEADER(1),
];

let world: StreamWorld;
let player: MemoryPlayer;

/** Picture and sound `id`, 40 ms apart: a keyframe every ten; `other`: of another encode. */
const picture = (id: number, other = false): Frame =>
  id % 10 === 0 ? KEY(id * 40, id, other ? 1 : 0) : INTER(id * 40, id, other ? 1 : 0);
const sound = (id: number): Frame => AUDIO(id * 40 + 10, id);
const both = (from: number, to: number, other = false): Frame[] =>
  numbers(from, to).flatMap((id) => [picture(id, other), sound(id)]);

type To = PublisherFeed | OpenedRelay;

function give(to: To, ...frames: readonly Frame[]): void {
  for (const frame of frames) {
    if ('push' in to) to.push(frame);
    else to.events.frame(frame);
  }
}

/** Each 40 ms one of each that is given. */
function live(from: number, to: number, ...givers: readonly ((id: number) => void)[]): void {
  for (const id of numbers(from, to)) {
    world.timers.pass(40);
    for (const giver of givers) giver(id);
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const idsOf = (kind: string, of = player): number[] =>
  of.story
    .filter((line) => line.startsWith(kind) && line.includes('#'))
    .filter((line) => !line.includes('header'))
    .map((line) => Number(line.split('#')[1]));

const source = () => {
  const { source: present } = world.stream;
  return present?.kind === 'relay' ? present.from : (present?.kind ?? null);
};

beforeEach(() => {
  world = new StreamWorld();
  player = world.play();
});

describe('a publisher here whose pictures stop while its sound goes on', () => {
  let feed: PublisherFeed;
  const soundOf = (to: To) => (id: number) => give(to, sound(id));
  const bothOf = (to: To) => (id: number) => give(to, picture(id), sound(id));

  beforeEach(() => {
    feed = world.publish();
    give(feed, ...HEADERS);
    live(10, 35, bothOf(feed));
    world.owners(ownerOf('b', { shows: true }));
  });

  it('keeps the stream for 2 s, then the owner that has them goes on, every picture once', () => {
    live(36, 84, soundOf(feed));
    expect(world.opened).toEqual([]);
    live(85, 86, soundOf(feed));
    expect(world.order).toEqual(['b']);
    const b = world.relay;
    b.events.started();
    give(b, ...HEADERS, ...both(20, 86), replayEnd());
    live(87, 90, soundOf(feed), bothOf(b));
    expect([source(), world.stream.hasPublisher]).toEqual(['b', true]);
    expect(idsOf('video')).toEqual(numbers(10, 90));
    expect(idsOf('audio')).toEqual(numbers(10, 90));
  });

  it('is followed by another encode from its newest keyframe on', () => {
    live(36, 90, soundOf(feed));
    const b = world.relay;
    b.events.started();
    give(b, ...HEADERS, ...both(60, 95, true), replayEnd());
    live(96, 105, soundOf(feed), (id) => give(b, picture(id, true), sound(id)));
    expect(source()).toBe('b');
    expect(idsOf('video')).toEqual([...numbers(10, 35), ...numbers(90, 105)]);
    expect(idsOf('video', world.play('late')).slice(0, 2)).toEqual([100, 101]);
  });

  it('does not get the stream back by its sound, and does where the pictures of both have gone but its own', () => {
    live(36, 90, soundOf(feed));
    const b = world.relay;
    b.events.started();
    give(b, ...HEADERS, ...both(20, 90), replayEnd());
    live(91, 200, soundOf(feed), bothOf(b));
    expect(source()).toBe('b');
    expect(world.open).toEqual([b]);
    live(201, 300, bothOf(feed), soundOf(b));
    expect(source()).toBe('publisher');
    expect(idsOf('video').at(-1)).toBe(300 % 256);
  });

  it('keeps it where its pictures come again before', () => {
    live(36, 90, soundOf(feed));
    const b = world.relay;
    live(91, 93, bothOf(feed));
    expect([source(), b.isOpen]).toEqual(['publisher', false]);
  });

  it('keeps it where nobody else tells of pictures, flows, or plays', () => {
    world.owners(ownerOf('b'), ownerOf('c', { shows: true, silent: true }));
    live(36, 150, soundOf(feed));
    world.stream.remove(player);
    world.owners(ownerOf('b', { shows: true }));
    live(151, 250, soundOf(feed));
    expect(world.opened).toEqual([]);
  });

  it('keeps it where the others have none either: each is asked once in a round, and rounds come ever more seldom', () => {
    world.owners(ownerOf('b', { shows: true }), ownerOf('c', { shows: true }));
    const askedAt: string[] = [];
    let asked = 0;
    live(36, 1500, (id) => {
      give(feed, sound(id));
      for (const relay of world.opened.slice(asked)) {
        askedAt.push(`${relay.owner} ${Math.round(((id - 35) * 40) / 1000)} s`);
        relay.events.started();
        // What it had before its pictures stopped.
        give(relay, ...HEADERS, ...both(20, 35), replayEnd());
      }
      asked = world.opened.length;
      for (const relay of world.open) give(relay, sound(id));
    });
    expect(askedAt).toEqual(['b 2 s', 'c 5 s', 'b 18 s', 'c 21 s', 'b 44 s', 'c 47 s']);
    expect([source(), world.open]).toEqual(['publisher', []]);
    expect(idsOf('audio')).toEqual(numbers(10, 1500).map((id) => id % 256));
    // Nobody has asked this one, so it waits for no round.
    world.owners(ownerOf('b', { shows: true }), ownerOf('d', { shows: true, sinceMs: 2 }));
    expect(world.order.at(-1)).toBe('b');
    world.fail('closed-by-server');
    live(1501, 1502, soundOf(feed));
    expect(world.order.at(-1)).toBe('d');
  });
});

describe('pictures that come seldom', () => {
  it('have not gone before three of their intervals', () => {
    const feed = world.publish();
    give(feed, ...HEADERS);
    world.owners(ownerOf('b', { shows: true }));
    live(0, 300, (id) => give(feed, ...(id % 50 === 0 ? [KEY(id * 40, id)] : []), sound(id)));
    live(301, 449, (id) => give(feed, sound(id)));
    expect(world.opened).toEqual([]);
    live(450, 451, (id) => give(feed, sound(id)));
    expect(world.order).toEqual(['b']);
  });

  it('have not gone where there was but one, as with music', () => {
    const feed = world.publish();
    give(feed, ...HEADERS, KEY(0, 0));
    world.owners(ownerOf('b', { shows: true }));
    live(1, 400, (id) => give(feed, sound(id)));
    expect(world.opened).toEqual([]);
  });
});

describe('a relay', () => {
  it.each([
    ['whose pictures stop', true],
    ['that brings none, though its owner tells of them', false],
  ])('%s is left for an owner that has them', (_name, hadPictures) => {
    world.owners(ownerOf('a', { shows: true }), ownerOf('b', { shows: true }));
    const a = world.relay;
    a.events.started();
    give(a, ...HEADERS);
    if (hadPictures) live(10, 35, (id) => give(a, picture(id), sound(id)));
    live(36, 90, (id) => give(a, sound(id)));
    expect(world.order).toEqual(['a', 'b']);
    const b = world.relay;
    b.events.started();
    give(b, ...HEADERS, ...both(20, 92), replayEnd());
    live(
      93,
      110,
      (id) => give(a, sound(id)),
      (id) => give(b, picture(id), sound(id)),
    );
    expect([source(), world.open]).toEqual(['b', [b]]);
    expect(idsOf('video').at(-1)).toBe(110);
    expect(new Set(idsOf('video')).size).toBe(idsOf('video').length);
  });

  it('of sound alone is left alone', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    const a = world.relay;
    a.events.started();
    live(36, 200, (id) => give(a, sound(id)));
    expect(world.order).toEqual(['a']);
  });
});

describe('rounds of a search for pictures', () => {
  const asked = (search: OwnerSearch): string[] => search.askedInVain.map(({ member }) => member);
  const owner = (name: string, sinceMs = 1): RelayOwner => ownerOf(name, { sinceMs });
  let search: OwnerSearch;

  beforeEach(() => {
    search = new OwnerSearch();
  });

  it('come ever more seldom, up to one a minute, and each asks all owners again', () => {
    const pauses: number[] = [];
    for (let nowMs = 1000; pauses.length < 5; nowMs = search.dueMs) {
      expect(search.askedInVain).toEqual([]);
      for (const name of ['a', 'b']) search.add(owner(name));
      expect(asked(search)).toEqual(['a', 'b']);
      search.endRound(nowMs);
      pauses.push(search.dueMs - nowMs);
    }
    expect(pauses).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('do not begin to wait where nobody was asked', () => {
    search.endRound(1000);
    expect(search.dueMs).toBe(Number.NEGATIVE_INFINITY);
  });

  it('begin anew with a publish that nobody was asked for yet, and with pictures', () => {
    search.setOwners([owner('a'), owner('b')]);
    const end = () => {
      search.add(owner('a'));
      search.endRound(1000);
      search.add(owner('b'));
    };
    end();
    // The same, in another order, and one that ended.
    search.setOwners([owner('b'), owner('a')]);
    search.setOwners([owner('b')]);
    expect([search.dueMs, asked(search)]).toEqual([11_000, ['b']]);
    // The same member, published anew.
    search.setOwners([owner('b', 2)]);
    expect([search.dueMs, search.askedInVain]).toEqual([Number.NEGATIVE_INFINITY, []]);
    end();
    expect(search.dueMs).toBe(11_000);
    search.reset();
    expect([search.dueMs, search.askedInVain]).toEqual([Number.NEGATIVE_INFINITY, []]);
    end();
    expect(search.dueMs).toBe(11_000);
  });
});
