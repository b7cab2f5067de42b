import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { type OpenedRelay, ownerOf, STREAM_KEY, StreamWorld } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { isReplayEnd, replayEnd } from './frame-history.js';
import type { RelayOwner } from './relay-owner.js';
import { RECONNECT_MS, REPLAY_MS_MAX } from './source-switch.js';

const HEADERS = [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)];
const B = ownerOf('b', { through: null });

/** The member that passes on. */
let world: StreamWorld;

beforeEach(() => {
  world = new StreamWorld();
});

/** Pictures `from` to `to`, each with its sound: a keyframe every ten. */
function encode(from: number, to: number, clockMs = 0): Frame[] {
  const frames: Frame[] = [];
  for (let id = from; id <= to; id += 1) {
    const atMs = id * 40 + clockMs;
    frames.push(id % 10 === 0 ? KEY(atMs, id) : INTER(atMs, id), AUDIO(atMs + 10, id));
  }
  return frames;
}

const send = (relay: OpenedRelay, ...frames: readonly Frame[]): void => {
  for (const frame of frames) relay.events.frame(frame);
};

/** A pull of another member, and how it ended. */
function pull(id: string, replayMs = 0, owner: RelayOwner = B) {
  const player = new MemoryPlayer(id);
  const pulled = { player, ends: [] as string[], onEnd: () => {} };
  world.stream.passOn(player, owner, replayMs, (end) => {
    pulled.ends.push(end);
    pulled.onEnd();
  });
  return pulled;
}

/** Numbers of the pictures that came; `end` for the end of a replay. */
const got = (player: MemoryPlayer): unknown[] =>
  player.got.flatMap(({ type, payload, timestampMs }): unknown[] => {
    if (type === 18)
      return isReplayEnd({ kind: 'data', payload, timestampMs, isHeader: false, isKeyframe: false })
        ? ['end']
        : [];
    return type === 9 && payload[1] !== 0 ? [payload[5]] : [];
  });

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a relay that is passed on', () => {
  it("gives the owner's frames as they are, on its own line of time, whatever plays here", () => {
    world.owners(B, ownerOf('c'));
    const own = world.play('own');
    const { player } = pull('pull');
    expect(world.opened.map(({ owner, through, replayMs }) => [owner, through, replayMs])).toEqual([
      ['b', null, 0],
      ['b', null, 5000],
    ]);
    const [ownRelay, relay] = world.opened as [OpenedRelay, OpenedRelay];
    ownRelay.events.started();
    send(ownRelay, ...HEADERS, ...encode(10, 12));
    relay.events.started();
    send(relay, ...HEADERS, ...encode(10, 12, 5000), replayEnd(), ...encode(13, 14, 5000));
    expect(got(player)).toEqual(numbers(10, 14));
    expect(player.story.filter((line) => /^(video|audio) 0 header/.test(line))).toHaveLength(0);
    expect(player.story.slice(1, 5)).toEqual([
      'video 5400 header #1',
      'audio 5400 header #1',
      'video 5400 key #10',
      'audio 5410 #10',
    ]);
    // This member's own players go on from another owner; the pull stays where it is.
    world.fail('closed-by-server', ownRelay);
    world.relay.events.started();
    send(relay, ...encode(15, 15, 5000));
    expect([got(player).at(-1), got(own).at(-1)]).toEqual([15, 12]);
  });

  it('is one for all pulls of an owner, and ends with the last of them', () => {
    const first = pull('first');
    const second = pull('second');
    expect(world.opened).toHaveLength(1);
    expect(world.stream.playerCount).toBe(2);
    expect(world.stream.isIdle).toBe(false);
    world.stream.remove(first.player);
    expect(world.open).toHaveLength(1);
    world.stream.remove(second.player);
    expect(world.open).toHaveLength(0);
    expect([first.ends, second.ends, world.stream.isIdle]).toEqual([[], [], true]);
  });

  it('opens no relay for its own players, and none is opened for it by them', () => {
    world.owners(B, ownerOf('c'));
    pull('pull');
    expect(world.order).toEqual(['b']);
    expect(world.stream.view()).toMatchObject({ source: 'none', passesOn: ['b'] });
  });

  it('is another one for each owner', () => {
    pull('one');
    pull('two', 0, ownerOf('c'));
    expect(world.order).toEqual(['b', 'c']);
    expect(world.stream.view().passesOn).toEqual(['b', 'c']);
  });

  it('never goes through a further member, whatever is said of the owner', () => {
    pull('pull', 0, ownerOf('b', { through: 'm' }));
    expect(world.opened[0]?.through).toBeNull();
  });

  it('gives a replay whole, and then its end: what the owner replayed and what came since', () => {
    const first = pull('first', 5000);
    world.relay.events.started();
    send(world.relay, ...HEADERS, ...encode(10, 22));
    expect(first.player.got).toEqual([]);
    send(world.relay, replayEnd(), ...encode(23, 24));
    expect(got(first.player)).toEqual([...numbers(10, 22), 'end', 23, 24]);
    const later = pull('later', 5000);
    const fresh = pull('fresh');
    send(world.relay, ...encode(25, 25));
    expect(got(later.player)).toEqual([...numbers(10, 24), 'end', 25]);
    expect(got(fresh.player)).toEqual(numbers(20, 25));
    expect(world.opened).toHaveLength(1);
  });

  it('does not wait for the end of a replay for ever: an older owner says none', () => {
    const { player } = pull('pull', 5000);
    world.relay.events.started();
    send(world.relay, ...HEADERS, ...encode(10, 12));
    world.timers.pass(REPLAY_MS_MAX - 1);
    expect(player.got).toEqual([]);
    world.timers.pass(1);
    expect(got(player)).toEqual([...numbers(10, 12), 'end']);
    send(world.relay, replayEnd(), ...encode(13, 13));
    expect(got(player)).toEqual([...numbers(10, 12), 'end', 13]);
  });

  it('asks for no replay where none are kept, and gives what comes at once', () => {
    world = new StreamWorld({ replayMs: 0 });
    const { player } = pull('pull');
    expect(world.relay.replayMs).toBe(0);
    world.relay.events.started();
    send(world.relay, ...HEADERS, ...encode(10, 11));
    expect(got(player)).toEqual([10, 11]);
  });

  it('tells its pulls why it ended, once, and leaves nothing', () => {
    const over = pull('over');
    const ended = world.relay;
    ended.isOpen = false;
    ended.events.ended({ code: 'publisher-ended', text: '', isOrdinary: true });
    const lost = pull('lost', 5000);
    world.relay.events.started();
    world.fail('closed-by-server');
    expect([over.ends, lost.ends]).toEqual([['publisher-ended'], ['owner-unreachable']]);
    expect([world.stream.isIdle, world.timers.pending]).toEqual([true, 0]);
    const lines = world.log.lines.map(({ level, msg, fields }) => [level, msg, fields]);
    const of = { key: STREAM_KEY, owner: 'b', ownerId: 'b', passedOn: true };
    const code = 'closed-by-server';
    expect(lines).toStrictEqual([
      ['info', 'relay pulls', { key: STREAM_KEY, id: 'over', to: 'b', from: null, reason: 'passed-on' }],
      ['info', 'relay lost its owner', { ...of, reason: 'publisher-ended', detail: '' }],
      ['info', 'relay pulls', { key: STREAM_KEY, id: 'lost', to: 'b', from: null, reason: 'passed-on' }],
      ['warn', 'relay lost its owner', { ...of, reason: code, detail: code }],
    ]);
  });

  it('says which worker it pulls from where the publisher is at another one of this member', () => {
    const worker = { worker: 2, path: '/run/w2' };
    const { player } = pull('pull', 0, { ...B, worker });
    expect(world.log.of('relay pulls')).toStrictEqual([
      { key: STREAM_KEY, id: 'pull', to: 'b', from: null, reason: 'passed-on', fromWorker: 2 },
    ]);
    expect(world.relay.owner).toBe('b');
    world.relay.events.started();
    send(world.relay, ...HEADERS, ...encode(10, 11), replayEnd(), ...encode(12, 12));
    expect(got(player)).toEqual(numbers(10, 12));
  });

  it('feeds a pull that is added twice once', () => {
    const { player } = pull('pull');
    world.relay.events.started();
    send(world.relay, ...HEADERS, ...encode(10, 11), replayEnd());
    world.stream.passOn(player, B, 0, () => {});
    send(world.relay, ...encode(12, 12));
    expect(got(player)).toEqual(numbers(10, 12));
  });

  it('ends the one pull that a fault befalls when it goes live, and feeds the others', () => {
    const bad = pull('bad', 5000).player;
    const faults: unknown[] = [];
    const planted = new TypeError('planted');
    bad.begin = () => {
      throw planted;
    };
    bad.fault = (error) => faults.push(error);
    const good = pull('good', 5000).player;
    world.relay.events.started();
    send(world.relay, ...HEADERS, ...encode(10, 12), replayEnd(), ...encode(13, 14));
    expect(faults).toEqual([planted]);
    expect(got(good)).toEqual([...numbers(10, 12), 'end', ...numbers(13, 14)]);
    world.stream.remove(bad);
    expect([world.stream.isIdle, world.relay.isOpen]).toEqual([false, true]);
  });

  it('is made anew for who comes when it has been silent for long: those before are told', () => {
    const first = pull('first');
    world.relay.events.started();
    send(world.relay, ...HEADERS, ...encode(10, 11));
    world.timers.pass(RECONNECT_MS - 1);
    const second = pull('second');
    expect([world.opened.length, first.ends]).toEqual([1, []]);
    world.timers.pass(1);
    const third = pull('third');
    expect(world.opened.map(({ isOpen }) => isOpen)).toEqual([false, true]);
    expect([first.ends, second.ends, third.ends]).toEqual([['owner-unreachable'], ['owner-unreachable'], []]);
  });

  it('keeps its stream where the only pull makes way for one on a new connection', () => {
    const dead = pull('dead');
    world.relay.events.started();
    send(world.relay, ...HEADERS, ...encode(10, 11));
    world.timers.pass(RECONNECT_MS);
    const player = new MemoryPlayer('again');
    // Who is told that a pull has ended takes it away at once.
    dead.onEnd = () => world.stream.remove(dead.player);
    world.stream.passOn(player, B, 0, () => {});
    expect([dead.ends, world.idleCount, world.stream.playerCount]).toEqual([['owner-unreachable'], 0, 1]);
    world.stream.remove(player);
    expect([world.open.length, world.idleCount]).toEqual([0, 1]);
  });

  it('ends with the stream', () => {
    const { ends } = pull('pull', 5000);
    world.relay.events.started();
    world.stream.close();
    expect([world.open.length, world.timers.pending, ends]).toEqual([0, 0, []]);
  });
});
