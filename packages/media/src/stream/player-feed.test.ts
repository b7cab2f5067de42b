import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';
import { Audience, type AudienceLimits } from './audience.js';
import { MediaPacket } from './packet.js';
import type { WireFormat } from './player.js';
import { PIECE_BYTES_MIN } from './player-queue.js';
import { replayBatches } from './replay.js';

const TICK_MS = 40;
const SECOND_MS = 1000;

/** A stream of numbered frames: a keyframe as often as told, all frames alike in size. */
class TestStream {
  readonly audience: Audience;
  readonly framesDropped = { queueBytes: 0, queueMs: 0 };
  readonly traffic = { bytesOut: 0, framesDropped: this.framesDropped };
  tracks: Tracks | null = { audio: true, video: true };
  /** The newest of each kind: metadata, video, audio. */
  readonly #headers = new Map<Frame['kind'], Frame>();

  constructor(limits: Partial<AudienceLimits> = {}) {
    this.audience = new Audience(
      {
        gopCacheBytesMax: 16_777_216,
        queueBytesMax: 8_388_608,
        queueMs: 10_000,
        stuckMs: 10_000,
        mergeMs: TICK_MS,
        ...limits,
      },
      this.traffic,
      { tracks: () => this.tracks, headersAt: (atMs) => this.#headersAt(atMs) },
    );
  }

  #headersAt(atMs: number): MediaPacket[] {
    return (['data', 'video', 'audio'] as const).flatMap((kind) => {
      const header = this.#headers.get(kind);
      return header === undefined ? [] : [new MediaPacket(header, kind === 'data' ? 0 : atMs)];
    });
  }

  /** `isStart`: a keyframe, unless told. */
  send(frame: Frame, isStart = frame.isKeyframe): void {
    if (frame.isHeader) this.#headers.set(frame.kind, frame);
    this.audience.send(new MediaPacket(frame, frame.timestampMs), isStart);
  }

  /** `count` frames in real time by the fake clock; after each, `onTick`. */
  run(plan: Plan, onTick: () => void = () => {}): void {
    for (let i = 0; i < plan.count; i += 1) {
      const number = this.#sent;
      this.#sent += 1;
      const make = (number * TICK_MS) % (plan.gopSeconds * SECOND_MS) === 0 ? KEY : INTER;
      this.send(make(number * TICK_MS, number % 256, plan.frameBytes));
      vi.advanceTimersByTime(TICK_MS);
      onTick();
    }
  }
  #sent = 0;

  /** The same, of another source's past: `count` frames that came in real time, all at once. It begins with a keyframe. */
  catchUp({ count, frameBytes }: Plan): void {
    const first = this.#sent;
    this.#sent += count;
    this.audience.catchUp(() => {
      for (let at = 0; at < count; at += 1) {
        const number = first + at;
        const frame = (at === 0 ? KEY : INTER)(number * TICK_MS, number % 256, frameBytes);
        this.audience.send(
          new MediaPacket(frame, frame.timestampMs),
          frame.isKeyframe,
          (count - at) * TICK_MS,
        );
      }
    });
  }
}

interface Plan {
  readonly count: number;
  readonly frameBytes: number;
  readonly gopSeconds: number;
}

/** A player whose kernel takes so many bytes a second, in pieces as a socket that is full is given them. */
class SteadyPlayer extends MemoryPlayer {
  readonly #bytesPerSecond: number;
  #budget = 0;
  #out = 0;

  constructor(bytesPerSecond: number) {
    super('steady');
    this.#bytesPerSecond = bytesPerSecond;
    this.isReading = false;
  }

  /** All that waits, whatever time it takes. */
  readRest(): void {
    if (this.#out > 0) this.queue.taken();
    this.#out = 0;
    while (this.readPiece()) {}
  }

  tick(): void {
    this.#budget += (this.#bytesPerSecond * TICK_MS) / SECOND_MS;
    for (;;) {
      if (this.#out === 0) this.#out = this.hand(PIECE_BYTES_MIN);
      if (this.#out === 0) {
        this.#budget = 0;
        return;
      }
      if (this.#out > this.#budget) return;
      this.#budget -= this.#out;
      this.#out = 0;
      this.queue.taken();
    }
  }
}

const pictures = (player: MemoryPlayer) =>
  player.got
    .filter(({ type, payload }) => type === 9 && payload[1] === 1)
    .map(({ timestampMs }) => timestampMs);

/** Each frame from the first on, none missing and none twice. */
function expectWhole(player: MemoryPlayer): void {
  const times = pictures(player);
  const first = times[0] ?? 0;
  expect(times).toEqual(times.map((_, index) => first + index * TICK_MS));
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a player that joins', () => {
  const MBIT = 125_000;

  const RATES: readonly (readonly [string, number, number, number])[] = [
    ['at the stream’s own rate, 5 Mbit/s, GOP 12 s', 5, 12, 5],
    ['at the stream’s own rate, 8 Mbit/s, GOP 15 s', 8, 15, 8],
    ['at twice the rate of 8 Mbit/s, GOP 15 s', 8, 15, 16],
    ['at 1.2 times the rate of 8 Mbit/s, GOP 15 s', 8, 15, 9.6],
    ['at the rate of a stream of 200 kbit/s, GOP 15 s', 0.2, 15, 0.2],
  ];
  it.each(
    RATES.flatMap((rate) => [
      [...rate, 'others who play', true] as const,
      [...rate, 'nobody', false] as const,
    ]),
  )(
    'and reads steadily %s loses nothing and is not stuck (%#)',
    (_name, streamMbit, gopSeconds, playerMbit, ...beside) => {
      const stream = new TestStream();
      const frameBytes = (streamMbit * MBIT * TICK_MS) / SECOND_MS - 20;
      const player = new SteadyPlayer(playerMbit * MBIT);
      const live = new MemoryPlayer('live');
      if (beside[1]) stream.audience.add(live);
      stream.run({ count: (gopSeconds * SECOND_MS) / TICK_MS, frameBytes, gopSeconds });
      stream.audience.add(player);
      const stuck: boolean[] = [];
      let ticks = 0;
      stream.run({ count: (60 * SECOND_MS) / TICK_MS, frameBytes, gopSeconds }, () => {
        player.tick();
        ticks += 1;
        const feed = [...stream.audience.feeds()].find((each) => each.player === player);
        if ((ticks * TICK_MS) % SECOND_MS === 0) stuck.push(feed?.isStuck(performance.now()) ?? true);
      });
      expect(stream.framesDropped).toEqual({ queueBytes: 0, queueMs: 0 });
      expect(stuck.includes(true)).toBe(false);
      expectWhole(player);
      expect(pictures(player)[0]).toBe(0);
      expect(pictures(player).length).toBeGreaterThan(100);
      const lastMs = (gopSeconds + 60) * SECOND_MS - TICK_MS;
      if (playerMbit >= streamMbit * 2) expect(pictures(player).at(-1)).toBe(lastMs);
    },
  );

  it.each([
    ['bytes', { queueBytesMax: 4_000_000, queueMs: 600_000 }],
    ['time', { queueBytesMax: 1e9, queueMs: 4000 }],
  ])('and stops reading halfway is behind by what comes from then on, in %s', (what, limits) => {
    const stream = new TestStream(limits);
    const plan = { frameBytes: 40_000, gopSeconds: 20 };
    stream.run({ ...plan, count: (15 * SECOND_MS) / TICK_MS });
    const player = new SteadyPlayer(4_000_000);
    stream.audience.add(player);
    stream.run({ ...plan, count: (3 * SECOND_MS) / TICK_MS }, () => player.tick());
    const halfBytes = player.queue.queuedBytes;
    expect(halfBytes).toBeGreaterThan(4_000_000);
    // A second more, and then it is over either limit.
    stream.run({ ...plan, count: (3 * SECOND_MS) / TICK_MS });
    expect(stream.framesDropped).toEqual({ queueBytes: 0, queueMs: 0 });
    stream.run({ ...plan, count: (2 * SECOND_MS) / TICK_MS });
    expect(stream.framesDropped[what === 'bytes' ? 'queueBytes' : 'queueMs']).toBeGreaterThan(100);
    expect(player.queue.queuedBytes).toBeLessThan(halfBytes);
  });

  it('and reads too slowly is dropped once it has fallen behind by the limit, exactly, and goes on live', () => {
    const stream = new TestStream({ queueMs: 5000 });
    const player = new SteadyPlayer(4 * MBIT);
    const frameBytes = (8 * MBIT * TICK_MS) / SECOND_MS - 20;
    stream.run({ count: 50, frameBytes, gopSeconds: 2 });
    stream.audience.add(player);
    let sent = 0;
    stream.run({ count: (60 * SECOND_MS) / TICK_MS, frameBytes, gopSeconds: 2 }, () => {
      player.tick();
      sent += 1;
    });
    const waitingBytes = player.queue.queuedBytes;
    player.readRest();
    const { queueBytes, queueMs } = stream.framesDropped;
    const [feed] = [...stream.audience.feeds()];
    expect(feed?.framesDropped).toBe(queueBytes + queueMs);
    expect(queueMs).toBeGreaterThan(500);
    // What was not dropped was sent: not one frame is unaccounted for.
    const times = pictures(player);
    const gapFrames = times
      .slice(1)
      .reduce((sum, time, index) => sum + (time - (times[index] ?? 0)) / TICK_MS - 1, 0);
    expect(gapFrames).toBe(queueBytes + queueMs);
    expect(times.at(-1)).toBe((50 + sent - 1) * TICK_MS);
    expect(waitingBytes).toBeLessThan(8 * MBIT * 7);
    // Each time it went on with a keyframe, right after its headers.
    const starts = player.got.flatMap(({ timestampMs }, index) => {
      const before = player.got[index - 1]?.timestampMs ?? timestampMs;
      return timestampMs - before > TICK_MS ? [player.got[index]?.payload[0]] : [];
    });
    expect(starts.length).toBeGreaterThan(2);
    expect(new Set(starts)).toEqual(new Set([0x17]));
  });
});

describe('a player whose stream goes on from another source, with all that this one has since its keyframe', () => {
  const MBIT = 125_000;
  const STREAM_MBIT = 8;
  const frameBytes = (STREAM_MBIT * MBIT * TICK_MS) / SECOND_MS - 20;

  /** Two seconds of one source, then another one whose GOP of `gopSeconds` is nearly over. */
  function switched(gopSeconds: number, player: SteadyPlayer): TestStream {
    const stream = new TestStream();
    stream.audience.add(player);
    stream.run({ count: 50, frameBytes, gopSeconds: 100 }, () => player.tick());
    stream.audience.pause();
    stream.catchUp({ count: (gopSeconds * SECOND_MS) / TICK_MS - 25, frameBytes, gopSeconds });
    return stream;
  }

  it.each([
    ['at twice the rate, GOP 15 s', 15, 16],
    ['at 1.2 times the rate, GOP 15 s', 15, 9.6],
    ['at the rate, GOP 30 s', 30, 8.1],
  ])('and reads steadily %s loses nothing', (_name, gopSeconds, playerMbit) => {
    const player = new SteadyPlayer(playerMbit * MBIT);
    const stream = switched(gopSeconds, player);
    stream.run({ count: 1000, frameBytes, gopSeconds }, () => player.tick());
    expect(stream.framesDropped).toEqual({ queueBytes: 0, queueMs: 0 });
    player.readRest();
    expectWhole(player);
  });

  it('and stops reading is behind by what comes from then on', () => {
    const player = new SteadyPlayer(0);
    const stream = switched(15, player);
    stream.run({ count: 100, frameBytes, gopSeconds: 15 });
    expect(stream.framesDropped).toEqual({ queueBytes: 0, queueMs: 0 });
    stream.run({ count: 300, frameBytes, gopSeconds: 15 });
    expect(stream.framesDropped.queueBytes).toBeGreaterThan(100);
  });

  it('again and again, and takes nothing, holds no more than the past of one of them beside its limit', () => {
    const player = new SteadyPlayer(0);
    const stream = switched(10, player);
    for (let round = 0; round < 6; round += 1) {
      stream.audience.pause();
      stream.catchUp({ count: 225, frameBytes, gopSeconds: 10 });
      stream.run({ count: 10, frameBytes, gopSeconds: 10 });
      expect(player.queue.queuedBytes).toBeLessThan(2 * 225 * frameBytes + 8_388_608);
    }
  });
});

describe('what a player wants', () => {
  function playing() {
    const stream = new TestStream({ mergeMs: 0 });
    const player = new MemoryPlayer();
    for (const frame of [METADATA(), VIDEO_HEADER(), AUDIO_HEADER()]) stream.send(frame);
    stream.audience.add(player);
    stream.send(KEY(0, 1));
    stream.send(AUDIO(10, 2));
    player.got.length = 0;
    return { stream, player };
  }

  it('nothing, then all: a start with its headers, and not counted as behind', () => {
    const { stream, player } = playing();
    player.wants = 'nothing';
    for (const frame of [INTER(40, 3), AUDIO(50, 4), KEY(80, 5)]) stream.send(frame);
    expect(player.story).toEqual([]);
    player.wants = 'all';
    for (const frame of [INTER(120, 6), AUDIO(130, 7)]) stream.send(frame);
    expect(player.story).toEqual([]);
    for (const frame of [KEY(160, 8), AUDIO(170, 9)]) stream.send(frame);
    expect(player.story).toEqual([
      'data 0',
      'video 160 header #0',
      'audio 160 header #0',
      'video 160 key #8',
      'audio 170 #9',
    ]);
    const [feed] = [...stream.audience.feeds()];
    expect(feed?.framesDropped).toBe(0);
  });

  it('no picture: the sound goes on at once, and until the next keyframe when the picture is wanted again', () => {
    const { stream, player } = playing();
    player.wants = 'audio';
    for (const frame of [INTER(40, 3), AUDIO(50, 4), KEY(80, 5)]) stream.send(frame);
    player.wants = 'all';
    for (const frame of [INTER(120, 6), AUDIO(130, 7), KEY(160, 8), INTER(200, 9)]) stream.send(frame);
    expect(player.story).toEqual([
      'audio 50 #4',
      'audio 130 #7',
      'data 0',
      'video 160 header #0',
      'audio 160 header #0',
      'video 160 key #8',
      'video 200 #9',
    ]);
  });

  it('no sound, then no picture: each alone', () => {
    const { stream, player } = playing();
    player.wants = 'video';
    for (const frame of [INTER(40, 3), AUDIO(50, 4)]) stream.send(frame);
    player.wants = 'audio';
    for (const frame of [INTER(80, 5), AUDIO(90, 6)]) stream.send(frame);
    expect(player.story).toEqual(['video 40 #3', 'data 0', 'audio 90 header #0', 'audio 90 #6']);
  });

  it('nothing more drops what waits, uncounted', () => {
    const { stream, player } = playing();
    player.isReading = false;
    stream.send(INTER(40, 3));
    player.wants = 'nothing';
    stream.send(INTER(80, 4));
    player.resume();
    expect(player.story).toEqual([]);
    expect(stream.framesDropped).toEqual({ queueBytes: 0, queueMs: 0 });
  });

  it('only sound, from the start: the cached GOP likewise', () => {
    const { stream } = playing();
    const player = new MemoryPlayer('sound');
    player.wants = 'audio';
    player.messageStreamId = 5;
    stream.audience.add(player);
    stream.send(AUDIO(50, 4));
    expect(player.story).toEqual(['data 0', 'audio 0 header #0', 'audio 10 #2', 'audio 50 #4']);
    expect(new Set(player.got.map(({ streamId }) => streamId))).toEqual(new Set([5]));
  });
});

it('a player that wants pictures only gets nothing of a start at a sound', () => {
  const stream = new TestStream({ mergeMs: 0 });
  stream.send(AUDIO_HEADER());
  const player = new MemoryPlayer();
  player.wants = 'video';
  stream.audience.add(player);
  stream.send(AUDIO(10, 1), true);
  expect([player.begun, player.story]).toEqual([null, []]);
  stream.send(KEY(40, 2));
  expect(player.story).toEqual(['video 40 key #2']);
});

describe('headers', () => {
  it('come once to who joins: the newest, with the time of the GOP that they open', () => {
    const stream = new TestStream();
    const join = (id: string) => {
      vi.advanceTimersByTime(TICK_MS);
      const player = new MemoryPlayer(id);
      stream.audience.add(player);
      return player.story;
    };
    join('live');
    stream.send(VIDEO_HEADER(1));
    stream.send(KEY(0, 1));
    expect(join('first')).toEqual(['video 0 header #1', 'video 0 key #1']);
    // A track that comes late, and what encoders repeat.
    for (const frame of [INTER(5, 2), AUDIO_HEADER(2), AUDIO(10, 3)]) stream.send(frame);
    expect(join('second')).toEqual([
      'video 0 header #1',
      'audio 0 header #2',
      'video 0 key #1',
      'video 5 #2',
      'audio 10 #3',
    ]);
    for (const frame of [VIDEO_HEADER(1), KEY(40, 4)]) stream.send(frame);
    const third = ['video 40 header #1', 'audio 40 header #2', 'video 40 key #4'];
    expect(join('third')).toEqual(third);
    expect(join('fourth')).toEqual(third);
    stream.send(KEY(80, 5));
    expect(join('fifth')).toEqual(['video 80 header #1', 'audio 80 header #2', 'video 80 key #5']);
  });
});

describe('a replay', () => {
  const packets = (frames: readonly Frame[]) =>
    frames.map((frame) => new MediaPacket(frame, frame.timestampMs));
  const end = new MediaPacket(makeFrame('data', 0, encodeAmf0('|End')), 0);

  it('has what waits in the window, which then does not come twice', () => {
    const stream = new TestStream();
    stream.audience.add(new MemoryPlayer('other'));
    const sent = packets([KEY(0, 1), INTER(40, 2), KEY(80, 3), INTER(120, 4)]);
    for (const packet of sent) stream.audience.send(packet, packet.isKeyframe);
    const pull = new MemoryPlayer('pull');
    stream.audience.add(pull, { packets: sent, end });
    stream.send(INTER(160, 5));
    vi.advanceTimersByTime(TICK_MS);
    expect(pull.story).toEqual([
      'video 0 key #1',
      'video 40 #2',
      'video 80 key #3',
      'video 120 #4',
      'data 0',
      'video 160 #5',
    ]);
  });

  it('is as old as its packets say where they have not gone out as they are', () => {
    const batches = replayBatches(packets([KEY(1000), INTER(4000)]), 50_000);
    expect(batches.map(({ atMs, packets: { length } }) => [atMs, length])).toEqual([[47_000, 2]]);
  });
});

describe('FLV players', () => {
  /** Counts bytes only: what is in them is not RTMP. */
  class FlvPlayer extends MemoryPlayer {
    override readonly format: WireFormat;

    constructor(format: 'flv' | 'ws-flv' = 'flv') {
      super(format);
      this.format = format;
      this.isReading = false;
    }
  }

  it('wait until it is known which tracks there are, then get the whole GOP; RTMP players do not wait', () => {
    const stream = new TestStream({ mergeMs: 0 });
    stream.tracks = null;
    const early = new FlvPlayer();
    const rtmp = new MemoryPlayer('rtmp');
    for (const player of [early, rtmp]) stream.audience.add(player);
    stream.send(KEY(0, 1));
    const joined = new FlvPlayer('ws-flv');
    stream.audience.add(joined);
    stream.send(INTER(40, 2));
    expect([early.begun, joined.begun, rtmp.story.length]).toEqual([null, null, 2]);
    stream.tracks = { audio: false, video: true };
    stream.audience.tracksChanged();
    for (const player of [early, joined]) {
      expect(player.begun).toEqual({ audio: false, video: true });
      expect(player.queue.queuedBytes).toBeGreaterThan(40);
    }
    const before = early.queue.queuedBytes;
    stream.send(INTER(80, 3));
    expect(early.queue.queuedBytes).toBeGreaterThan(before);
  });

  it('that are behind are not given the GOP again when it is known', () => {
    const stream = new TestStream({ mergeMs: 0, queueBytesMax: 1000 });
    const player = new FlvPlayer();
    stream.audience.add(player);
    for (const frame of [KEY(0, 1), INTER(40, 2, 2000), INTER(80, 3)]) stream.send(frame);
    expect(stream.framesDropped.queueBytes).toBeGreaterThan(0);
    const { queuedBytes } = player.queue;
    stream.audience.tracksChanged();
    expect(player.queue.queuedBytes).toBe(queuedBytes);
  });

  it('are ended when the tracks are others than they were told, and RTMP players are not', () => {
    const stream = new TestStream({ mergeMs: 0 });
    stream.tracks = { audio: false, video: true };
    const [told, rtmp] = [new FlvPlayer(), new MemoryPlayer('rtmp')];
    for (const player of [told, rtmp]) stream.audience.add(player);
    stream.send(KEY(0, 1));
    stream.audience.tracksChanged();
    expect(told.ended).toBeNull();
    stream.tracks = { audio: true, video: true };
    stream.audience.tracksChanged();
    expect([told.ended, rtmp.ended]).toEqual(['tracks-changed', null]);
    const { queuedBytes } = told.queue;
    const [feed] = [...stream.audience.feeds()];
    expect([0, 60_000].map((ms) => feed?.isStuck(performance.now() + ms))).toEqual([false, false]);
    stream.send(KEY(40, 2));
    expect(told.queue.queuedBytes).toBe(queuedBytes);
  });
});

it('counts what the kernel took, not what waits', () => {
  const stream = new TestStream({ mergeMs: 0 });
  const player = new MemoryPlayer();
  stream.audience.add(player);
  stream.send(KEY(0, 1, 1000));
  player.isReading = false;
  stream.send(INTER(40, 2, 1000));
  expect(stream.traffic.bytesOut).toBe(player.queue.sentBytes);
  expect(player.queue.queuedBytes).toBeGreaterThan(1000);
  player.resume();
  stream.audience.remove(player);
  expect(stream.traffic.bytesOut).toBe(player.queue.sentBytes);
  expect(stream.traffic.bytesOut).toBeGreaterThan(2000);
});
