import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { ownerOf, STREAM_KEY, StreamWorld } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { replayEnd } from './frame-history.js';
import type { LiveStream } from './live-stream.js';

const LIMITS = { gopCacheBytesMax: 20_000, queueBytesMax: 1000, stuckMs: 10_000 };

let world: StreamWorld;

function streamOf(): LiveStream {
  world = new StreamWorld(LIMITS);
  return world.stream;
}

interface Sink {
  push(frame: Frame): void;
}

function sendHeaders(feed: Sink, id = 0): void {
  for (const frame of [METADATA(), VIDEO_HEADER(id), AUDIO_HEADER(id)]) feed.push(frame);
}

describe('LiveStream', () => {
  it('gives who waited headers first, then everything from the keyframe', () => {
    const stream = streamOf();
    const player = new MemoryPlayer();
    stream.add(player);
    expect(player.begun).toBeNull();
    const feed = world.publish();
    sendHeaders(feed);
    feed.push(INTER(0, 1));
    feed.push(AUDIO(10, 2));
    feed.push(KEY(40, 3));
    feed.push(AUDIO(45, 4));
    expect(player.story).toEqual([
      'data 0',
      'video 40 header #0',
      'audio 40 header #0',
      'video 40 key #3',
      'audio 45 #4',
    ]);
    expect(player.begun).not.toBeNull();
  });

  it('gives who comes later the whole GOP at once', () => {
    const stream = streamOf();
    const feed = world.publish();
    sendHeaders(feed);
    for (const frame of [KEY(0, 1), INTER(40, 2), KEY(80, 3), AUDIO(90, 4), INTER(120, 5)]) feed.push(frame);
    const player = new MemoryPlayer();
    stream.add(player);
    feed.push(INTER(160, 6));
    expect(player.story).toEqual([
      'data 0',
      'video 80 header #0',
      'audio 80 header #0',
      'video 80 key #3',
      'audio 90 #4',
      'video 120 #5',
      'video 160 #6',
    ]);
  });

  it('begins anywhere where there is no video', () => {
    const stream = streamOf();
    const feed = world.publish();
    feed.push(AUDIO_HEADER());
    feed.push(AUDIO(10, 1));
    const player = new MemoryPlayer();
    stream.add(player);
    feed.push(AUDIO(33, 2));
    expect(player.story).toEqual(['audio 10 header #0', 'audio 10 #1', 'audio 33 #2']);
  });

  it('does not begin with sound where video was announced', () => {
    const stream = streamOf();
    const feed = world.publish();
    const player = new MemoryPlayer();
    stream.add(player);
    feed.push(METADATA({ videocodecid: 7 }));
    feed.push(AUDIO(10, 1));
    expect(player.story).toEqual([]);
  });

  it('goes on with the next source: new headers, its first keyframe, time going on', () => {
    const stream = streamOf();
    const player = new MemoryPlayer();
    stream.add(player);
    const first = world.publish();
    sendHeaders(first);
    for (const frame of [KEY(1000, 1), INTER(1040, 2)]) first.push(frame);
    first.end();
    expect(stream.view().source).toBe('none');
    const second = world.publish();
    sendHeaders(second, 9);
    for (const frame of [INTER(70_000, 3), AUDIO(70_010, 4), KEY(70_040, 5), AUDIO(70_050, 6)])
      second.push(frame);
    expect(player.story.slice(5)).toEqual([
      'data 0',
      'video 1080 header #9',
      'audio 1080 header #9',
      'video 1080 key #5',
      'audio 1090 #6',
    ]);
  });

  it('gives nothing of the gone source to who comes between sources', () => {
    const stream = streamOf();
    const feed = world.publish();
    sendHeaders(feed);
    feed.push(KEY(0, 1));
    feed.end();
    const player = new MemoryPlayer();
    stream.add(player);
    expect(player.begun).toBeNull();
    expect(stream.view().players).toMatchObject([{ state: 'waiting' }]);
  });

  it('caches no GOP over the limit', () => {
    const stream = streamOf();
    const feed = world.publish();
    sendHeaders(feed);
    feed.push(KEY(0, 1));
    for (let i = 1; i < 100; i += 1) feed.push(INTER(i * 40, 2, 1000));
    const player = new MemoryPlayer();
    stream.add(player);
    expect(player.story).toEqual([]);
    feed.push(KEY(5000, 3));
    expect(player.story.at(-1)).toBe('video 5000 key #3');
  });

  it('keeps no huge headers, and not more than some', () => {
    const stream = streamOf();
    const feed = world.publish();
    feed.push(makeFrame('video', 0, Buffer.concat([Buffer.of(0x17, 0), Buffer.alloc(300_000)])));
    for (let track = 0; track < 100; track += 1) {
      feed.push(
        makeFrame('audio', 0, Buffer.concat([Buffer.of(0x95, 0), Buffer.from('Opus'), Buffer.of(track)])),
      );
    }
    feed.push(KEY(0, 1));
    const player = new MemoryPlayer();
    stream.add(player);
    expect(player.got.length).toBeLessThanOrEqual(16 + 1);
    expect(player.queue.sentBytes).toBeLessThan(1000);
  });

  it('forgets the GOP of other codec headers', () => {
    const stream = streamOf();
    const feed = world.publish();
    sendHeaders(feed, 1);
    feed.push(KEY(0, 1));
    sendHeaders(feed, 2);
    const early = world.play('early');
    feed.push(KEY(40, 3));
    const late = world.play('late');
    const videos = ({ story }: MemoryPlayer) => story.filter((line) => line.startsWith('video'));
    expect(videos(early)).toEqual([
      'video 0 header #1',
      'video 0 key #1',
      'video 40 header #2',
      'video 40 key #3',
    ]);
    expect(videos(late)).toEqual(['video 40 header #2', 'video 40 key #3']);
    expect(stream.playerCount).toBe(2);
  });

  it('drops whole frames for a slow player up to a keyframe, and counts them', () => {
    const stream = streamOf();
    const feed = world.publish();
    const player = new MemoryPlayer();
    stream.add(player);
    sendHeaders(feed);
    feed.push(KEY(0, 1));
    player.isReading = false;
    feed.push(INTER(40, 2, 600));
    feed.push(INTER(80, 3, 600));
    feed.push(AUDIO(90, 4));
    feed.push(INTER(100, 5));
    feed.push(KEY(120, 6));
    feed.push(INTER(160, 7));
    player.resume();
    feed.push(INTER(200, 8));
    const ids = player.story.filter((line) => !line.includes('header')).map((line) => line.split('#')[1]);
    expect(ids).toEqual([undefined, '1', undefined, '6', '7', '8']);
    expect(stream.view().players).toMatchObject([{ framesDropped: 4 }]);
  });

  it('disconnects who takes nothing for the time given, and nobody else', () => {
    const stream = streamOf();
    const feed = world.publish();
    const stuck = new MemoryPlayer('stuck');
    const slow = new MemoryPlayer('slow');
    const idle = new MemoryPlayer('idle');
    for (const player of [stuck, slow, idle]) stream.add(player);
    for (const player of [stuck, slow]) player.isReading = false;
    feed.push(KEY(0, 1, 500));
    const start = performance.now();
    stream.endStuckPlayers(start);
    slow.readPiece(100);
    stream.endStuckPlayers(start + LIMITS.stuckMs - 1000);
    expect([stuck.ended, slow.ended]).toEqual([null, null]);
    const ended = stream.endStuckPlayers(start + LIMITS.stuckMs);
    expect([ended.length, stuck.ended, slow.ended, idle.ended]).toEqual([1, 'stuck', null, null]);
  });

  it('tells what is in the stream as it becomes known', () => {
    streamOf();
    const told: unknown[] = [];
    const feed = world.publish({ media: (media) => told.push(media) });
    sendHeaders(feed);
    feed.push(KEY(0));
    feed.push(KEY(40));
    expect(told).toHaveLength(1);
    expect(told.at(-1)).toEqual({
      video: { codec: 'h264', width: 640 },
      audio: { codec: 'aac', sampleRateHz: 44_100, channels: 2 },
    });
  });

  it('is idle without source, players and pulls', () => {
    const stream = streamOf();
    const player = new MemoryPlayer();
    expect(stream.isIdle).toBe(true);
    for (const add of [() => stream.add(player), () => stream.addPull(player, 0)]) {
      add();
      expect(stream.isIdle).toBe(false);
      stream.remove(player);
      expect(stream.isIdle).toBe(true);
    }
    const feed = world.publish();
    expect(stream.isIdle).toBe(false);
    feed.end();
    feed.end();
    expect(stream.isIdle).toBe(true);
  });
});

describe('a stream whose last player left', () => {
  it('is not idle while a relay is about to answer, and is once that has ended', () => {
    world = new StreamWorld({ lingerMs: 500 });
    const player = world.play();
    world.owners(ownerOf('a'));
    world.stream.remove(player);
    expect([world.stream.playerCount, world.stream.source, world.stream.isIdle]).toEqual([0, null, false]);
    const { idleCount } = world;
    world.timers.pass(500);
    expect([world.open, world.stream.isIdle]).toEqual([[], true]);
    expect(world.idleCount).toBeGreaterThan(idleCount);
  });
});

describe('a stream that went on exactly once', () => {
  it('starts with its next publisher as with any', () => {
    world = new StreamWorld();
    const player = world.play();
    world.owners(ownerOf('a'));
    const frames = [KEY(0, 1), ...[1, 2, 3, 4, 5].map((i) => INTER(i * 40, 1 + i))];
    world.relay.events.started();
    for (const frame of [VIDEO_HEADER(1), ...frames]) world.relay.events.frame(frame);
    const first = world.publish();
    for (const frame of [VIDEO_HEADER(1), ...frames]) {
      world.timers.pass(10);
      first.push(frame);
    }
    expect(world.stream.source).toMatchObject({ kind: 'publisher' });
    world.owners();
    first.end();
    expect(world.stream.source).toBeNull();
    const { length } = player.story;
    const second = world.publish();
    for (const frame of [VIDEO_HEADER(2), INTER(9000, 20), KEY(9040, 21)]) second.push(frame);
    expect(player.story.slice(length)).toEqual(['video 240 header #2', 'video 240 key #21']);
  });
});

describe('what is told of a stream', () => {
  beforeEach(() => {
    world = new StreamWorld();
  });

  /** A second of pictures that come as they are made, 40 ms apart. */
  function second(feed: Sink, id: number): void {
    for (let i = 0; i < 25; i += 1) {
      world.timers.pass(40);
      feed.push(i === 0 ? KEY(i * 40, id) : INTER(i * 40, id + i));
    }
  }
  const asSink = (relay = world.relay): Sink => ({ push: (frame) => relay.events.frame(frame) });
  const lines = () => world.log.lines.map(({ level, msg, fields }) => ({ level, msg, ...fields }));

  it('is its publisher while that is there, and the players', () => {
    const player = world.play('p1');
    expect(world.stream.view()).toMatchObject({ key: STREAM_KEY, source: 'none', media: {}, bytesIn: 0 });
    expect(world.stream.view().players).toMatchObject([{ id: 'p1', state: 'waiting' }]);
    const feed = world.publish();
    const frames = [VIDEO_HEADER(1), KEY(0, 1), INTER(40, 2)];
    for (const frame of frames) feed.push(frame);
    const pull = new MemoryPlayer('pull');
    world.stream.addPull(pull, 0);
    const bytesIn = frames.reduce((sum, { payload }) => sum + payload.length, 0);
    expect([world.stream.bytesIn, world.stream.playerCount]).toEqual([bytesIn, 2]);
    expect(world.stream.view()).toEqual({
      key: STREAM_KEY,
      source: 'publisher',
      publisher: { remote: '1.2.3.4:5', agent: 'x', protocol: 'rtmp' },
      media: { video: { codec: 'h264' } },
      bytesIn,
      kbpsIn: 0,
      players: [player, pull].map(({ id, remote, queue }) => ({
        id,
        protocol: 'rtmp',
        remote,
        agent: 'memory',
        sinceMs: 0,
        state: 'playing',
        bytesOut: queue.sentBytes,
        queueBytes: queue.queuedBytes,
        framesDropped: 0,
      })),
    });
    expect(feed.media).toEqual(world.stream.media);
    expect(lines()).toEqual([]);
  });

  it('is the owner that a relay pulls it from', () => {
    world.play();
    world.owners(ownerOf('a'));
    world.relay.events.started();
    for (const frame of [VIDEO_HEADER(1), KEY(0, 1)]) world.relay.events.frame(frame);
    const { source, relayFrom, publisher } = world.stream.view();
    expect({ source, relayFrom, publisher }).toEqual({
      source: 'relay',
      relayFrom: 'a',
      publisher: undefined,
    });
    expect(lines()).toEqual([
      { level: 'info', msg: 'relay pulls', key: STREAM_KEY, to: 'a', from: null, reason: 'started' },
      { level: 'info', msg: 'relay flows', key: STREAM_KEY, owner: 'a', ownerId: 'a' },
    ]);
  });

  it('is each move from one owner to another', () => {
    world.play();
    world.owners(ownerOf('a'), ownerOf('b'));
    world.relay.events.started();
    world.relay.events.frame(VIDEO_HEADER(1));
    second(asSink(), 1);
    world.log.lines.length = 0;
    world.timers.pass(500.4);
    const b = world.relay;
    b.events.started();
    for (const frame of [
      VIDEO_HEADER(2),
      KEY(0, 50),
      ...[1, 2, 3, 4, 5].map((i) => INTER(i * 40, 50 + i)),
      replayEnd(),
    ])
      b.events.frame(frame);
    world.timers.pass(100);
    b.events.frame(INTER(240, 60));
    b.isOpen = false;
    b.events.ended({ code: 'publisher-ended', text: 'It ended.', isOrdinary: true });
    const key = STREAM_KEY;
    expect(lines()).toEqual([
      { level: 'info', msg: 'relay pulls', key, to: 'b', from: 'a', reason: 'stalled' },
      {
        level: 'warn',
        msg: 'relay lost its owner',
        key,
        owner: 'a',
        ownerId: 'a',
        silentMs: 500,
        reason: 'stalled',
      },
      {
        level: 'info',
        msg: 'relay switched owner',
        key,
        owner: 'b',
        ownerId: 'b',
        splice: 'none',
        silentMs: 500,
      },
      { level: 'info', msg: 'relay flows', key, owner: 'b', ownerId: 'b' },
      {
        level: 'info',
        msg: 'relay lost its owner',
        key,
        owner: 'b',
        ownerId: 'b',
        reason: 'publisher-ended',
        detail: 'It ended.',
      },
      { level: 'info', msg: 'relay pulls', key, to: 'a', from: 'b', reason: 'publisher-ended' },
    ]);
  });

  it('is a relay that stalls, and one whose connection broke', () => {
    world.play();
    world.owners(ownerOf('a'));
    world.relay.events.started();
    world.relay.events.frame(VIDEO_HEADER(1));
    second(asSink(), 1);
    world.log.lines.length = 0;
    world.timers.pass(500);
    world.fail('closed-by-server');
    const key = STREAM_KEY;
    expect(lines().slice(0, 2)).toEqual([
      { level: 'warn', msg: 'relay stalls', key, owner: 'a', ownerId: 'a', silentMs: 500 },
      {
        level: 'warn',
        msg: 'relay lost its owner',
        key,
        owner: 'a',
        ownerId: 'a',
        reason: 'closed-by-server',
        detail: 'closed-by-server',
      },
    ]);
    expect(world.stream.view()).toMatchObject({ source: 'none' });
    expect(world.stream.source).toMatchObject({ kind: 'relay', from: 'a' });
  });

  it('is a copy that is waited for, and a publisher that got the stream', () => {
    world.play();
    world.owners(ownerOf('a'), ownerOf('b'));
    world.relay.events.started();
    world.relay.events.frame(VIDEO_HEADER(1));
    second(asSink(), 1);
    world.fail('closed-by-server');
    world.log.lines.length = 0;
    const b = world.relay;
    b.events.started();
    for (const frame of [
      VIDEO_HEADER(1),
      KEY(0, 1),
      ...[1, 2, 3, 4, 5, 6, 7].map((i) => INTER(i * 40, 1 + i)),
      replayEnd(),
    ])
      b.events.frame(frame);
    const feed = world.publish();
    for (const frame of [VIDEO_HEADER(1), KEY(0, 1)]) feed.push(frame);
    for (let i = 1; i < 26; i += 1) feed.push(INTER(i * 40, 1 + i));
    world.timers.pass(10);
    const key = STREAM_KEY;
    expect(lines()).toEqual([
      { level: 'info', msg: 'relay waiting for lagging owner', key, owner: 'b', ownerId: 'b', lagMs: 680 },
      { level: 'info', msg: 'relay pulls', key, to: 'a', from: 'a', reason: 'retry' },
      {
        level: 'info',
        msg: 'relay handed over to publisher',
        key,
        splice: 'exact',
        offsetMs: 0,
        silentMs: 10,
      },
    ]);
  });

  it('is no relay of a publisher that comes first, or after another', () => {
    world.publish().end();
    second(world.publish(), 1);
    expect(lines()).toEqual([]);
    expect(world.told).toEqual([true, false, true]);
  });
});

describe('a publisher', () => {
  beforeEach(() => {
    world = new StreamWorld();
  });

  it('that has ended changes nothing any more', () => {
    const first = world.publish();
    first.push(VIDEO_HEADER(1));
    first.end();
    const second = world.publish();
    const player = world.play();
    first.push(KEY(0, 1));
    let isGone = false;
    first.end(() => {
      isGone = true;
    });
    expect([player.story, isGone, world.stream.hasPublisher]).toEqual([[], false, true]);
    second.push(KEY(0, 2));
    expect(player.story.at(-1)).toBe('video 0 key #2');
  });

  it('is gone before another source is sought', () => {
    world.play();
    const feed = world.publish();
    feed.push(KEY(0, 1));
    world.owners(ownerOf('b'));
    const seen: unknown[] = [];
    feed.end(() => seen.push([world.stream.hasPublisher, world.order]));
    expect(seen).toEqual([[false, []]]);
    expect(world.order).toEqual(['b']);
  });

  it('hears whether its media flows', () => {
    const flows: boolean[] = [];
    const feed = world.publish({ flow: (isFlowing) => flows.push(isFlowing) });
    feed.push(KEY(0, 1));
    world.timers.pass(2000);
    feed.push(KEY(40, 1));
    feed.end();
    world.publish().push(KEY(0, 1));
    expect(flows).toEqual([true, false, true]);
  });

  it('hears of its media though a relay feeds the stream, whose media the stream’s is', () => {
    world.play();
    world.owners(ownerOf('a'));
    world.relay.events.started();
    for (const frame of [VIDEO_HEADER(1), KEY(0, 1)]) world.relay.events.frame(frame);
    const { bytesIn } = world.stream;
    const told: unknown[] = [];
    const feed = world.publish({ media: (media) => told.push(media) });
    feed.push(AUDIO(0, 1));
    expect(told).toHaveLength(1);
    expect(feed.media).toHaveProperty('audio');
    expect(world.stream.media).not.toHaveProperty('audio');
    expect(world.stream.bytesIn).toBe(bytesIn);
  });
});

describe('stuck players', () => {
  it('are other members’ pulls, too', () => {
    world = new StreamWorld({ stuckMs: 1000 });
    const feed = world.publish();
    feed.push(KEY(0, 1));
    const pull = new MemoryPlayer('pull');
    world.stream.addPull(pull, 0);
    pull.isReading = false;
    feed.push(KEY(40, 1));
    const start = performance.now();
    expect(world.stream.endStuckPlayers(start)).toEqual([]);
    expect(world.stream.endStuckPlayers(start + 1100)).toEqual([pull]);
    expect(pull.ended).toBe('stuck');
  });
});

describe('a stream that is closed', () => {
  it('ends its relays, sets no timer and takes nothing', () => {
    world = new StreamWorld();
    const player = world.play();
    world.owners(ownerOf('a'));
    const relay = world.relay;
    relay.events.started();
    for (const frame of [VIDEO_HEADER(1), KEY(0, 1), INTER(40, 2)]) relay.events.frame(frame);
    world.stream.close();
    expect([relay.isOpen, world.timers.pending]).toEqual([false, 0]);
    const { length } = player.got;
    relay.events.frame(INTER(80, 3));
    relay.events.ended({ code: 'x', text: '', isOrdinary: true });
    expect([player.got.length, world.stream.view().source]).toEqual([length, 'none']);
  });
});
