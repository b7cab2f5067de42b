import { NO_LOAD, type Owner } from '@headwater/directory';
import { beforeEach, describe, expect, it } from 'vitest';
import { LiveStream } from '../stream/live-stream.js';
import { replayEnd } from '../stream/replay-window.js';
import { AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { MemoryLog } from '../testing/media-options.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { RelayPull } from './relay-pull.js';
import type { UpstreamEvents } from './upstream.js';

const KEY_NAME = '__defaultVhost__/live/s';

/** A connection that the pull opened, as seen from its owner. */
interface Opened {
  readonly owner: string;
  /** How much of the past it was asked for. */
  readonly replayMs: number;
  readonly events: UpstreamEvents;
  isOpen: boolean;
}

function owner(name: string, sinceMs = 1): Owner {
  const address = { network: 'test', host: '127.0.0.1', rtmpPort: 1, httpPort: 1 };
  return {
    member: name,
    profile: {
      name,
      role: 'origin',
      addresses: [address],
      relayAddress: address,
      draining: false,
      program: 'test',
    },
    liveness: 'alive',
    load: NO_LOAD,
    claim: { key: KEY_NAME, sinceMs, media: {} },
  };
}

let timers: ManualTimers;
let opened: Opened[];
let stream: LiveStream;
let player: MemoryPlayer;
let log: MemoryLog;
let starved: number;

beforeEach(() => {
  timers = new ManualTimers();
  opened = [];
  stream = new LiveStream(
    KEY_NAME,
    { gopCacheBytesMax: 1e6, queueBytesMax: 1e6, stuckMs: 1e6 },
    { bytesOut: 0 },
  );
  player = new MemoryPlayer();
  stream.add(player);
  log = new MemoryLog();
  starved = 0;
});

function pull(...owners: Owner[]): RelayPull {
  return new RelayPull(
    {
      key: KEY_NAME,
      stream,
      owners,
      onStarved: () => {
        starved += 1;
      },
    },
    {
      stallMs: 1500,
      retryMs: 500,
      replay: { replayMs: 5000, replayBytesMax: 1e6 },
      timers,
      log,
      open: (from, _key, replayMs, events) => {
        const connection: Opened = { owner: from.member, replayMs, events, isOpen: true };
        opened.push(connection);
        return {
          close: () => {
            connection.isOpen = false;
          },
        };
      },
    },
  );
}

/** The connection open now; there is never more than one. */
function current(): Opened {
  const open = opened.filter((connection) => connection.isOpen);
  expect(open).toHaveLength(1);
  return open[0] as Opened;
}

function fail(code: string): void {
  const connection = current();
  connection.isOpen = false;
  connection.events.ended({ code, text: code });
}

function flow(id: number, fromMs = 0): void {
  const { events, replayMs } = current();
  events.started();
  events.frame(VIDEO_HEADER(id));
  events.frame(AUDIO_HEADER(id));
  events.frame(KEY(fromMs, id));
  events.frame(INTER(fromMs + 40, id));
  if (replayMs > 0) events.frame(replayEnd());
}

/** Frames in their own time, every 40 ms. */
function frames(id: number, fromMs: number, count: number): void {
  for (let i = 0; i < count; i += 1) {
    timers.pass(40);
    current().events.frame(INTER(fromMs + i * 40, id));
  }
}

const order = () => opened.map((connection) => connection.owner);

describe('RelayPull', () => {
  it('pulls from the best owner, and from nobody else', () => {
    const handle = pull(owner('a'), owner('b'));
    expect(handle.from).toBeNull();
    flow(1);
    expect(handle.from).toBe('a');
    expect(stream.source).toEqual({ kind: 'relay', from: 'a' });
    expect(order()).toEqual(['a']);
    expect(player.story).toContain('video 0 key #1');
  });

  it('goes on from the next owner when the connection breaks: new headers, keyframe, time going on', () => {
    const handle = pull(owner('a'), owner('b'));
    flow(1, 1000);
    fail('closed-by-server');
    expect(handle.from).toBeNull();
    expect(order()).toEqual(['a', 'b']);
    flow(2, 90_000);
    expect(handle.from).toBe('b');
    const video = player.story.filter((line) => line.startsWith('video'));
    expect(video.slice(-3)).toEqual(['video 1080 header #2', 'video 1080 key #2', 'video 1120 #2']);
    expect(log.of('relay pulls').map(({ to, from, reason }) => [to, from, reason])).toEqual([
      ['a', null, 'started'],
      ['b', 'a', 'closed-by-server'],
    ]);
  });

  it('tries all owners, then waits, then begins again at the best', () => {
    pull(owner('a'), owner('b'));
    fail('refused');
    fail('unreachable');
    expect(order()).toEqual(['a', 'b']);
    timers.pass(499);
    expect(order()).toEqual(['a', 'b']);
    timers.pass(1);
    expect(order()).toEqual(['a', 'b', 'a']);
  });

  it('goes to the next owner when media stops for 500 ms at 25 frames a second', () => {
    pull(owner('a'), owner('b'));
    flow(1);
    frames(1, 80, 20);
    timers.pass(499);
    expect(order()).toEqual(['a']);
    timers.pass(1);
    expect(order()).toEqual(['a', 'b']);
    expect(log.of('relay lost its owner')).toMatchObject([{ reason: 'stalled', silentMs: 500 }]);
  });

  it('does not swing between owners that both stand still, and goes on where media does', () => {
    pull(owner('a'), owner('b'));
    flow(1);
    timers.pass(600);
    flow(2);
    timers.pass(600);
    expect(order()).toEqual(['a', 'b']);
    expect(log.of('relay stalls')).toHaveLength(1);
    timers.pass(2000);
    frames(2, 80, 100);
    expect(order()).toEqual(['a', 'b']);
    expect(player.story.filter((line) => line.endsWith('#2')).length).toBeGreaterThan(100);
  });

  it('keeps a stalled connection while nobody else has the stream, but not for ever', () => {
    pull(owner('a'));
    flow(1);
    timers.pass(4900);
    expect(order()).toEqual(['a']);
    timers.pass(700);
    expect(order()).toEqual(['a', 'a']);
  });

  it('leaves a stalled owner as soon as there is another', () => {
    const handle = pull(owner('a'));
    flow(1);
    timers.pass(1000);
    handle.update([owner('a'), owner('c')]);
    expect(order()).toEqual(['a', 'c']);
  });

  it('stays with its owner when a better one comes while media flows', () => {
    const handle = pull(owner('b'));
    flow(1);
    handle.update([owner('a', 0), owner('b')]);
    frames(1, 80, 100);
    expect(order()).toEqual(['b']);
  });

  it('stays with an owner that left the list while its media flows, and leaves it sooner once it stops', () => {
    const handle = pull(owner('a'), owner('b'));
    flow(1);
    frames(1, 80, 10);
    handle.update([owner('b')]);
    frames(1, 480, 50);
    expect(order()).toEqual(['a']);
    timers.pass(120);
    expect(order()).toEqual(['a', 'b']);
    expect(starved).toBe(0);
  });

  it('gives an owner up that left the list before it answered', () => {
    const handle = pull(owner('a'));
    handle.update([owner('b')]);
    expect(order()).toEqual(['a', 'b']);
  });

  it('says once that it is starved, and detaches, when the last owner has gone', () => {
    const handle = pull(owner('a'));
    flow(1);
    handle.update([]);
    timers.pass(600);
    expect(starved).toBe(1);
    expect(stream.source).toBeNull();
    handle.update([]);
    timers.pass(10_000);
    expect(starved).toBe(1);
    expect(timers.pending).toBe(0);
    handle.update([owner('c')]);
    expect(current().owner).toBe('c');
    fail('refused');
    handle.update([]);
    expect(starved).toBe(2);
  });

  it('tries an owner again at once that claimed the stream anew', () => {
    const handle = pull(owner('a', 1));
    fail('refused');
    handle.update([owner('a', 1)]);
    expect(order()).toEqual(['a']);
    handle.update([owner('a', 2)]);
    expect(order()).toEqual(['a', 'a']);
  });

  it('blames nobody for its own standstill', () => {
    pull(owner('a'), owner('b'));
    flow(1);
    frames(1, 80, 5);
    timers.freeze(3000);
    timers.pass(0);
    current().events.frame(INTER(3000, 1));
    timers.pass(300);
    expect(order()).toEqual(['a']);
    timers.pass(300);
    expect(order()).toEqual(['a', 'b']);
  });

  it('ends without a trace', () => {
    const handle = pull(owner('a'), owner('b'));
    flow(1);
    const { events } = current();
    handle.stop();
    handle.stop();
    events.frame(KEY(500, 9));
    events.ended({ code: 'closed', text: '' });
    handle.update([owner('c')]);
    expect(opened.some((connection) => connection.isOpen)).toBe(false);
    expect(stream.source).toBeNull();
    expect(timers.pending).toBe(0);
    expect(order()).toEqual(['a']);
    expect(starved).toBe(0);
  });

  it('leaves the stream to a publisher that came here', () => {
    pull(owner('a'));
    flow(1);
    stream.attach({ kind: 'publisher', remote: 'x', agent: '', protocol: 'rtmp' });
    current().events.frame(KEY(80, 1));
    fail('closed-by-server');
    expect(stream.hasPublisher).toBe(true);
  });
});
