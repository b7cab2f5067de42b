import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createMedia } from '../create-media.js';
import type { Media } from '../media.js';
import type { MediaHost } from '../media-host.js';
import type { MediaOptions } from '../media-options.js';
import { RtmpClientSession } from '../protocols/rtmp/rtmp-client-session.js';
import { RtmpPublisher } from '../protocols/rtmp/rtmp-publisher.js';
import { parseRtmpUrl } from '../protocols/rtmp/rtmp-target.js';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { FlvParser } from '../wire/nms/flv.js';
import {
  joinSiblingMessages,
  SIBLING,
  SIBLING_VERSION,
  type SiblingMessage,
  SiblingParser,
  siblingMessage,
} from '../wire/sibling-message.js';

const NAME = '__defaultVhost__/live/s';

let mesh: MemoryMesh;
let folder: string;
const medias: Media[] = [];
const logs = new Map<string, MemoryLog>();
const clients: { close(): unknown }[] = [];

const socketOf = (name: string) => ({ worker: Number(name.slice(1)), path: join(folder, `${name}.sock`) });

/** A worker, as `a1` is the first of member `a`. The member is pulled from its worker that started last. */
async function worker(
  name: string,
  more: Partial<MediaOptions> = {},
  change: (host: MediaHost) => Partial<MediaHost> = () => ({}),
): Promise<Media> {
  const member = name.slice(0, 1);
  const own = socketOf(name);
  const log = new MemoryLog();
  logs.set(name, log);
  const host = mesh.host(member, own);
  const media = createMedia(
    mediaOptions(member, { worker: own, ...more }),
    { ...host, ...change(host) },
    log,
  );
  await media.start();
  mesh.setPorts(member, media.ports.rtmp, media.ports.http);
  medias.push(media);
  return media;
}

/** The worker's process is gone: what main tells the others, and no word from itself. */
async function kill(name: string, media: Media): Promise<void> {
  mesh.dropWorker(name.slice(0, 1), Number(name.slice(1)));
  await media.stop();
}

const logOf = (name: string): MemoryLog => logs.get(name) ?? new MemoryLog();
const rtmp = (media: Media, stream = 's') => `rtmp://127.0.0.1:${media.ports.rtmp}/live/${stream}`;

interface Player {
  /** Pictures and sounds. */
  readonly frames: Frame[];
  /** Why it ended, where it has. */
  readonly ends: string[];
  pictures(): (number | undefined)[];
}

const playerOf = (frames: Frame[], ends: string[]): Player => ({
  frames,
  ends,
  pictures: () => frames.filter(({ kind }) => kind === 'video').map(({ payload }) => payload[5]),
});

const isMedia = ({ kind, isHeader }: Frame) => kind !== 'data' && !isHeader;

const clientTo = (media: Media, stream: string) => ({
  target: parseRtmpUrl(rtmp(media, stream)),
  agent: 'test',
  deadlineMs: 10_000,
  limits: { messageBytesMax: 1_000_000, chunkStreamsMax: 64 },
});

async function play(media: Media, stream = 's'): Promise<Player> {
  const frames: Frame[] = [];
  const ends: string[] = [];
  const session = new RtmpClientSession(clientTo(media, stream), {
    frame: (frame) => {
      if (isMedia(frame)) frames.push(frame);
    },
    closed: ({ message }) => ends.push(message),
  });
  clients.push(session);
  await session.play();
  return playerOf(frames, ends);
}

function flvPlayer(): { player: Player; feed: (bytes: Buffer) => void; onEnd: () => void } {
  const frames: Frame[] = [];
  const ends: string[] = [];
  const parser = new FlvParser(1_000_000, ({ kind, timestampMs, payload }) => {
    const frame = makeFrame(kind, timestampMs, Buffer.from(payload));
    if (isMedia(frame)) frames.push(frame);
  });
  return {
    player: playerOf(frames, ends),
    feed: (bytes) => parser.feed(bytes),
    onEnd: () => ends.push('closed'),
  };
}

function playHttp(media: Media): Player {
  const { player, feed, onEnd } = flvPlayer();
  const request = get(`http://127.0.0.1:${media.ports.http}/live/s.flv`, (response) => {
    response.on('data', feed);
    response.on('close', onEnd);
  });
  request.on('error', () => {});
  clients.push({ close: () => request.destroy() });
  return player;
}

function playWs(media: Media): Player {
  const { player, feed, onEnd } = flvPlayer();
  const socket = new WebSocket(`ws://127.0.0.1:${media.ports.http}/live/s.flv`);
  socket.on('message', (bytes) => feed(bytes as Buffer));
  socket.on('close', onEnd);
  socket.on('error', () => {});
  clients.push({ close: () => socket.terminate() });
  return player;
}

/** Publishes one encode, picture by picture; a keyframe every ten. `clocksMs`: each publisher's own. */
async function encoder(to: readonly Media[], { stream = 's', clocksMs = [0], header = 1 } = {}) {
  const headers = [METADATA(), VIDEO_HEADER(header), AUDIO_HEADER(1)];
  const publishers: RtmpPublisher[] = [];
  const join = async (media: Media) => {
    const publisher = await RtmpPublisher.open(rtmp(media, stream));
    clients.push(publisher);
    for (const frame of headers) publisher.send(frame);
    publishers.push(publisher);
  };
  for (const media of to) await join(media);
  let last = 0;
  const each = (frame: Frame) => {
    for (const [index, publisher] of publishers.entries()) {
      const timestampMs = frame.timestampMs + (clocksMs[index] ?? 0);
      if (!publisher.isEnded) publisher.send({ ...frame, timestampMs });
    }
  };
  return {
    publishers,
    /** One more publisher of the same encode, from now on. */
    join,
    send(count: number) {
      for (const end = last + count; last < end; last += 1) {
        const atMs = last * 40;
        each(last % 10 === 0 ? KEY(atMs, last) : INTER(atMs, last));
        each(AUDIO(atMs + 10, last));
      }
    },
  };
}

/** Sends until that has come true: a stream that is silent counts as stalled. */
async function sendUntil(source: { send(count: number): void }, isTrue: () => boolean, what: string) {
  const timer = setInterval(() => source.send(1), 20);
  try {
    await until(() => isTrue() || undefined, what);
  } finally {
    clearInterval(timer);
  }
}

/** Nothing is missing and nothing is there twice, pictures and sounds. */
function expectExact(player: Player): void {
  for (const [kind, at] of [
    ['video', 5],
    ['audio', 2],
  ] as const) {
    const frames = player.frames.filter((frame) => frame.kind === kind);
    const numbers = frames.map(({ payload }) => payload[at] ?? -1);
    const first = numbers[0] ?? 0;
    expect(numbers).toEqual(numbers.map((_, index) => (first + index) % 256));
    const times = frames.map(({ timestampMs }) => timestampMs);
    expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * 40));
  }
  expect(player.ends).toEqual([]);
}

const grows = (player: Player, by: number) => {
  const before = player.pictures().length;
  return () => player.pictures().length >= before + by;
};

beforeEach(async () => {
  mesh = new MemoryMesh();
  folder = await mkdtemp(join(tmpdir(), 'hw-sibling-'));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(medias.splice(0).map((media) => media.stop()));
  await rm(folder, { recursive: true });
});

describe('a stream of another member that several workers play', () => {
  const pulledBy = (name: string) => () => ({ pullerOf: () => socketOf(name) });
  const pullsOf = (media: Media) => media.stream(NAME)?.players.length ?? 0;

  it('is pulled once for all of them, whichever plays first, and no longer than somebody plays', async () => {
    const b1 = await worker('b1');
    const [a1, a2, a3] = [
      await worker('a1', {}, pulledBy('a1')),
      await worker('a2', {}, pulledBy('a1')),
      await worker('a3', {}, pulledBy('a1')),
    ];
    const source = await encoder([b1]);
    source.send(12);
    const early = await play(a2);
    await sendUntil(source, grows(early, 15), 'the first');
    const late = [await play(a3), await play(a1), await play(a2)];
    await sendUntil(source, () => late.every((one) => one.pictures().length > 15), 'the others');
    for (const player of [early, ...late]) expectExact(player);
    expect(pullsOf(b1)).toBe(1);
    // The worker that pulls for others as well has but its own player.
    expect([a1, a2, a3].map((media) => media.load().players)).toEqual([1, 2, 1]);
    for (const media of [a1, a2, a3])
      expect(media.stream(NAME)).toMatchObject({ source: 'relay', relayFrom: 'b' });
    for (const client of clients.splice(1)) client.close();
    await until(() => pullsOf(b1) === 0, 'the pull to end');
  });

  it('is pulled once for two members of a zone, all their workers and what is passed on together', async () => {
    mesh.setZones({ b: 'near', a: 'far', c: 'far' });
    const b1 = await worker('b1');
    const names = ['a1', 'a2', 'c1', 'c2'];
    const workers = [];
    for (const name of names) workers.push(await worker(name, {}, pulledBy(`${name.slice(0, 1)}1`)));
    const source = await encoder([b1]);
    source.send(12);
    const players: Player[] = [];
    for (const media of workers) players.push(await play(media));
    await sendUntil(source, () => players.every((one) => one.pictures().length > 15), 'pictures');
    for (const player of players) expectExact(player);
    expect(pullsOf(b1)).toBe(1);
    const pulls = workers.flatMap((media) => media.stream(NAME)?.players ?? []);
    expect(pulls.filter(({ agent }) => agent.startsWith('headwater relay'))).toHaveLength(1);
    expect(workers.filter((media) => media.stream(NAME)?.relayThrough !== undefined)).toHaveLength(2);
  });

  it('goes on frame by frame where the worker that pulls it ends', async () => {
    const b1 = await worker('b1');
    const a1 = await worker('a1', {}, pulledBy('a1'));
    const [a2, a3] = [await worker('a2', {}, pulledBy('a1')), await worker('a3', {}, pulledBy('a1'))];
    const source = await encoder([b1]);
    source.send(12);
    const players = [await play(a2), await play(a3)];
    await sendUntil(source, () => players.every((one) => one.pictures().length > 15), 'pictures');
    expect(pullsOf(b1)).toBe(1);
    const more = players.map((player) => grows(player, 40));
    await kill('a1', a1);
    await sendUntil(source, () => more.every((has) => has()), 'more pictures');
    for (const player of players) expectExact(player);
  });

  it('is pulled by each for itself where that worker hangs', async () => {
    const b1 = await worker('b1');
    const silent = createServer(() => {});
    clients.push(silent);
    await new Promise<void>((resolve) => silent.listen(socketOf('a9').path, resolve));
    const a2 = await worker('a2', {}, pulledBy('a9'));
    const source = await encoder([b1]);
    const player = await play(a2);
    await sendUntil(source, grows(player, 5), 'pictures');
    expectExact(player);
  });

  it('ends for all of them with its publisher, and comes again with the next', async () => {
    const b1 = await worker('b1');
    const [, a2] = [await worker('a1', {}, pulledBy('a1')), await worker('a2', {}, pulledBy('a1'))];
    const player = await play(a2);
    for (let round = 0; round < 2; round += 1) {
      const source = await encoder([b1]);
      await sendUntil(source, grows(player, 5), 'pictures');
      await source.publishers[0]?.close();
      await until(() => a2.stream(NAME)?.source === 'none' || undefined, 'no source');
    }
    expect(logOf('a2').of('relay lost its owner')[0]).toMatchObject({ reason: 'publisher-ended' });
    expect(player.ends).toEqual([]);
  });

  it('switches to another owner frame by frame where its owner ends', async () => {
    const [b1, c1] = [await worker('b1'), await worker('c1')];
    const [, a2] = [await worker('a1', {}, pulledBy('a1')), await worker('a2', {}, pulledBy('a1'))];
    const source = await encoder([b1, c1], { clocksMs: [0, 5000] });
    source.send(12);
    const player = await play(a2);
    await sendUntil(source, grows(player, 15), 'pictures');
    const more = grows(player, 30);
    mesh.drop('b');
    await b1.stop();
    await sendUntil(source, more, 'more pictures');
    expectExact(player);
    expect(a2.stream(NAME)).toMatchObject({ relayFrom: 'c' });
  });
});

describe('a stream published on another worker of the same member', () => {
  it('plays here by every protocol, from one pull, as its own players get it', async () => {
    const [a1, a2] = [await worker('a1'), await worker('a2')];
    const source = await encoder([a1]);
    source.send(12);
    const here = [await play(a2), playHttp(a2), playWs(a2), await play(a2)];
    const there = await play(a1);
    await sendUntil(source, () => [...here, there].every((one) => one.pictures().length > 20), 'pictures');
    for (const player of here) expectExact(player);
    const fromMs = Math.max(...[...here, there].map(({ frames }) => frames[0]?.timestampMs ?? 0));
    const since = ({ frames }: Player) => frames.filter((frame) => frame.timestampMs >= fromMs).slice(0, 20);
    for (const player of here) expect(since(player)).toEqual(since(there));
    expect(a2.stream(NAME)).toMatchObject({ source: 'relay', relayFrom: 'a', relayWorker: 1 });
    expect(a1.stream(NAME)).toMatchObject({ source: 'publisher', pulledByWorkers: [2] });
    // A pull is neither a player nor traffic that leaves the member.
    expect(a1.stream(NAME)?.players).toHaveLength(1);
    expect([a1.playerCount(NAME), a1.load().players, a1.pulls()]).toEqual([1, 1, []]);
    expect(logOf('a2').of('relay pulls')).toMatchObject([{ to: 'a', reason: 'started', fromWorker: 1 }]);
    expect(logOf('a2').of('play routed')).toMatchObject(
      Array(4).fill({ route: 'local', reason: 'published-here' }),
    );
  });

  it('gives who joins late the newest GOP at once, and ends its pull after the last player', async () => {
    const [a1, a2] = [await worker('a1'), await worker('a2')];
    const source = await encoder([a1]);
    source.send(37);
    await until(() => (a1.stream(NAME)?.bytesIn ?? 0) > 0, 'the stream');
    const player = await play(a2);
    // Nothing is sent any more: what comes was there.
    await until(() => player.pictures().length === 7, 'the newest GOP');
    expect(player.pictures()).toEqual([30, 31, 32, 33, 34, 35, 36]);
    const late = await play(a2);
    await until(() => late.pictures().length === 7, 'the newest GOP of the relay');
    expect(a1.stream(NAME)?.pulledByWorkers).toEqual([2]);
    for (const client of clients.splice(1)) client.close();
    await until(() => a1.stream(NAME)?.pulledByWorkers === undefined || undefined, 'the pull to end');
    await until(() => a2.stream(NAME) === undefined || undefined, 'nothing left');
  });

  it('waits here and begins when it is published there; goes on when it is published again, anywhere', async () => {
    const [a1, a2, a3] = [await worker('a1'), await worker('a2'), await worker('a3')];
    const player = await play(a2);
    const first = await encoder([a1]);
    await sendUntil(first, grows(player, 5), 'the first');
    await first.publishers[0]?.close();
    await until(() => a2.stream(NAME)?.source === 'none' || undefined, 'no source');
    expect(logOf('a2').of('relay lost its owner')).toMatchObject([
      { reason: 'publisher-ended', fromWorker: 1 },
    ]);
    for (const media of [a3, a2, a1]) {
      const again = await encoder([media]);
      await sendUntil(again, grows(player, 5), 'the next');
      await again.publishers[0]?.close();
      await until(() => a2.stream(NAME)?.source === 'none' || undefined, 'no source');
    }
    const times = player.frames.filter(({ kind }) => kind === 'video').map(({ timestampMs }) => timestampMs);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    expect(player.ends).toEqual([]);
  });

  it('is told apart from one that is silent: its players are fed by whoever flows', async () => {
    const [a1, a2, b1] = [await worker('a1'), await worker('a2'), await worker('b1')];
    // Is accepted and sends nothing.
    clients.push(await RtmpPublisher.open(rtmp(a1)));
    const source = await encoder([b1]);
    await sendUntil(source, () => mesh.owners(NAME).some(({ claim }) => claim.silent !== true), 'the flow');
    const player = await play(a2);
    await sendUntil(source, grows(player, 5), 'the pictures of b');
    expect(a2.stream(NAME)).toMatchObject({ relayFrom: 'b' });
    expect(a2.stream(NAME)?.relayWorker).toBeUndefined();
    expectExact(player);
  });

  it('comes with metadata, headers and tracks as a relay from another member brings them', async () => {
    const [a2, b1] = [await worker('a2'), await worker('b1')];
    // Started last, so the other member pulls from it.
    const a1 = await worker('a1');
    const publisher = await RtmpPublisher.open(rtmp(a1));
    clients.push(publisher);
    const listen = async (media: Media) => {
      const got: Frame[] = [];
      const frame = (one: Frame) => void got.push(one);
      const session = new RtmpClientSession(clientTo(media, 's'), { frame, closed: () => {} });
      clients.push(session);
      await session.play();
      return got;
    };
    const [here, elsewhere] = [await listen(a2), await listen(b1)];
    const isPicture = (id: number) => (frame: Frame) => isMedia(frame) && frame.payload[5] === id;
    for (const frame of [METADATA(), VIDEO_HEADER(1), KEY(0, 1), INTER(40, 2)]) publisher.send(frame);
    await until(() => [here, elsewhere].every((got) => got.some(isPicture(2))), 'the first pictures');
    const hevc = Buffer.from([0x91, 0x68, 0x76, 0x63, 0x31, 0, 0, 0, 5]);
    for (const frame of [VIDEO_HEADER(2), KEY(80, 3), INTER(120, 4), { ...KEY(160), payload: hevc }])
      publisher.send(frame);
    for (const frame of [METADATA({ width: 1280 }), AUDIO_HEADER(1), AUDIO(170, 1)]) publisher.send(frame);
    for (const frame of [VIDEO_HEADER(3), KEY(200, 6)]) publisher.send(frame);
    await until(() => [here, elsewhere].every((got) => got.some(isPicture(6))), 'the last picture');
    const plain = (frames: readonly Frame[]) =>
      frames.map(({ kind, timestampMs, payload }) => `${kind} ${timestampMs} ${payload.toString('hex')}`);
    expect(plain(here)).toEqual(plain(elsewhere));
    expect(here.some(({ payload }) => payload.equals(hevc))).toBe(true);
    expect(b1.stream(NAME)?.relayFrom).toBe('a');
    expect(a1.stream(NAME)?.players).toHaveLength(1);
  });
});

describe('one encode on a worker and on another member', () => {
  it('goes on frame by frame when the worker dies, on the same connections', async () => {
    const [a1, a2, b1] = [await worker('a1'), await worker('a2'), await worker('b1')];
    const source = await encoder([a1, b1], { clocksMs: [0, 500_000] });
    source.send(25);
    const players = [await play(a2), await play(a2)];
    await sendUntil(source, () => players.every((player) => player.pictures().length > 15), 'pictures');
    expect(a2.stream(NAME)?.relayWorker).toBe(1);
    await kill('a1', a1);
    const [player = await play(a2)] = players;
    await sendUntil(source, () => a2.stream(NAME)?.relayFrom === 'b', 'the other owner');
    await sendUntil(source, grows(player, 20), 'more');
    for (const one of players) expectExact(one);
    expect(logOf('a2').of('relay switched owner')).toMatchObject([{ ownerId: 'b', splice: 'exact' }]);
  });

  it('goes on frame by frame when the publisher of the worker ends, and stays where it is', async () => {
    const [a1, a2, b1] = [await worker('a1'), await worker('a2'), await worker('b1')];
    const source = await encoder([a1, b1], { clocksMs: [7000, 0] });
    const player = await play(a2);
    await sendUntil(source, grows(player, 15), 'pictures');
    expect(a2.stream(NAME)?.relayWorker).toBe(1);
    await source.publishers[0]?.close();
    await sendUntil(source, () => a2.stream(NAME)?.relayFrom === 'b', 'the other owner');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
  });

  it('goes on frame by frame from another worker that the publisher came back to', async () => {
    const [a1, a2, a3, b1] = [await worker('a1'), await worker('a2'), await worker('a3'), await worker('b1')];
    const source = await encoder([b1, a1], { clocksMs: [0, 90_000, 20_000] });
    const player = await play(a2);
    await sendUntil(source, grows(player, 15), 'pictures');
    // Of two that flow the worker comes first.
    expect(a2.stream(NAME)?.relayWorker).toBe(1);
    await source.publishers[1]?.close();
    await sendUntil(source, () => a2.stream(NAME)?.relayFrom === 'b', 'the member');
    await source.join(a3);
    await sendUntil(source, grows(player, 15), 'more');
    expect(a2.stream(NAME)?.relayFrom).toBe('b');
    mesh.drop('b');
    await b1.stop();
    await sendUntil(source, () => a2.stream(NAME)?.relayWorker === 3, 'the other worker');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
  });

  it('moves on frame by frame from a worker that hangs: its socket is open, and nothing comes', async () => {
    const { relay } = mediaOptions('a');
    const told = { worker: 1, path: join(folder, 'way.sock') };
    const way = await wayTo(socketOf('a1').path, told.path);
    const [, a2, b1] = [
      await worker('a1', {}, () => mesh.host('a', told)),
      await worker('a2', { relay: { ...relay, stallMs: 600 } }),
      await worker('b1'),
    ];
    const [a1 = a2] = medias;
    const source = await encoder([a1, b1], { clocksMs: [0, 1000] });
    const player = await play(a2);
    await sendUntil(source, grows(player, 15), 'pictures');
    expect(a2.stream(NAME)?.relayWorker).toBe(1);
    way.hang();
    await sendUntil(source, () => a2.stream(NAME)?.relayFrom === 'b', 'the other owner');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
    expect(logOf('a2').of('relay lost its owner')).toMatchObject([{ reason: 'stalled', fromWorker: 1 }]);
  });

  it('starts anew at a keyframe where the other one has another encode', async () => {
    const [a1, a2, b1] = [await worker('a1'), await worker('a2'), await worker('b1')];
    const first = await encoder([a1]);
    const other = await encoder([b1], { header: 2 });
    other.send(103);
    const player = await play(a2);
    const both = {
      send(count: number) {
        first.send(count);
        other.send(count);
      },
    };
    await sendUntil(both, grows(player, 12), 'pictures');
    await kill('a1', a1);
    await sendUntil(other, () => a2.stream(NAME)?.relayFrom === 'b', 'the other owner');
    await sendUntil(other, grows(player, 12), 'more');
    const times = player.frames.filter(({ kind }) => kind === 'video').map(({ timestampMs }) => timestampMs);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    expect(player.ends).toEqual([]);
  });
});

describe('another member’s pull that comes to a worker without the publisher', () => {
  it('is fed from the worker that has it, likewise by many members', async () => {
    const [a1, a2, b1, c1] = [await worker('a1'), await worker('a2'), await worker('b1'), await worker('c1')];
    const source = await encoder([a1]);
    const players = [await play(b1), await play(c1)];
    await sendUntil(source, () => players.every((player) => player.pictures().length > 15), 'pictures');
    for (const player of players) expectExact(player);
    expect(b1.stream(NAME)).toMatchObject({ source: 'relay', relayFrom: 'a' });
    expect(a1.stream(NAME)).toMatchObject({ players: [], pulledByWorkers: [2] });
    expect(a2.stream(NAME)?.passesOn).toBeUndefined();
    // A drain waits for these.
    expect(a2.pulls()).toEqual([NAME, NAME]);
    expect(logOf('a2').of('play routed')).toMatchObject([
      { route: 'local', reason: 'published-here', mark: 'relay' },
      { route: 'local', reason: 'published-here', mark: 'relay' },
    ]);
    await source.publishers[0]?.close();
    await until(() => a2.stream(NAME) === undefined || undefined, 'the end of the pulls');
    await until(
      () => logOf('b1').of('relay lost its owner').length > 0 || undefined,
      'its end to be heard of',
    );
    expect(logOf('b1').of('relay lost its owner')).toMatchObject([{ reason: 'publisher-ended' }]);
  });

  it('finds its place in it: a failover to this member loses nothing, and neither does one away from it', async () => {
    const [b1, c1] = [await worker('b1'), await worker('c1')];
    const [a1] = [await worker('a1'), await worker('a2')];
    const source = await encoder([b1, a1], { clocksMs: [0, 3000, 50_000] });
    const player = await play(c1);
    await sendUntil(source, grows(player, 15), 'pictures');
    expect(c1.stream(NAME)?.relayFrom).toBe('b');
    await source.publishers[0]?.close();
    await sendUntil(source, () => c1.stream(NAME)?.relayFrom === 'a', 'this member');
    await source.join(b1);
    await sendUntil(source, grows(player, 15), 'more');
    await source.publishers[1]?.close();
    await sendUntil(source, () => c1.stream(NAME)?.relayFrom === 'b', 'the other one again');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
    expect(logOf('c1').of('relay switched owner')).toMatchObject([
      { ownerId: 'a', splice: 'exact' },
      { ownerId: 'b', splice: 'exact' },
    ]);
  });

  it('is made again where the worker that has the stream ends', async () => {
    const [a1] = [await worker('a1'), await worker('a2')];
    const [b1, c1] = [await worker('b1'), await worker('c1')];
    const source = await encoder([a1, c1], { clocksMs: [0, 4000] });
    const player = await play(b1);
    await sendUntil(source, grows(player, 15), 'pictures');
    expect(b1.stream(NAME)?.relayFrom).toBe('a');
    await kill('a1', a1);
    await sendUntil(source, () => b1.stream(NAME)?.relayFrom === 'c', 'the other owner');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
  });

  it('ends with its publisher, and not before, when the member closes its publishers', async () => {
    const [a1, a2, b1] = [await worker('a1'), await worker('a2'), await worker('b1')];
    const source = await encoder([a1]);
    const player = await play(b1);
    await sendUntil(source, grows(player, 5), 'pictures');
    a2.closePublishers('all');
    await sendUntil(source, grows(player, 5), 'more');
    a1.closePublishers('all');
    await until(() => a2.stream(NAME) === undefined || undefined, 'the end');
    const lost = () => logOf('b1').of('relay lost its owner');
    await until(() => lost().length > 0 || undefined, 'its end to be heard of');
    expect(lost()).toMatchObject([{ reason: 'publisher-ended' }]);
  });
});

describe('a publisher', () => {
  it('is refused where another worker has one, and accepted when that is gone', async () => {
    const [a1, a2] = [await worker('a1'), await worker('a2')];
    const first = await RtmpPublisher.open(rtmp(a1));
    await expect(RtmpPublisher.open(rtmp(a2))).rejects.toMatchObject({
      code: 'refused',
      status: 'NetStream.Publish.BadName',
    });
    expect(logOf('a2').of('publish refused')).toMatchObject([{ reason: 'already-published' }]);
    await first.close();
    await until(() => mesh.owners(NAME).length === 0, 'the release');
    clients.push(await RtmpPublisher.open(rtmp(a2)));
  });
});

/** A way to a worker's socket on which nothing gets through any more once it hangs, though it stays open. */
async function wayTo(path: string, at: string) {
  let isHung = false;
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect({ path });
    sockets.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => {
        if (!isHung) to.write(bytes);
      });
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(at, resolve));
  clients.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return {
    hang: () => {
      isHung = true;
    },
  };
}

/** A sibling that the test makes, and what it got. */
async function rawSibling(name: string) {
  const socket = connect({ path: socketOf(name).path });
  const got: SiblingMessage[] = [];
  const parser = new SiblingParser(10_000_000, (message) => got.push(message));
  let isClosed = false;
  socket.on('data', (bytes) => parser.feed(bytes));
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  clients.push({ close: () => socket.destroy() });
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return {
    socket,
    got,
    isClosed: () => isClosed,
    hello: () => socket.write(joinSiblingMessages([siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9)])),
    say: (...messages: SiblingMessage[]) => socket.write(joinSiblingMessages(messages)),
  };
}

describe('hostile bytes at a worker’s socket', () => {
  it.each<[string, Buffer]>([
    ['no hello', joinSiblingMessages([siblingMessage(SIBLING.open, 1, NAME)])],
    ['another version', joinSiblingMessages([siblingMessage(SIBLING.hello, 0, 'headwater sibling 0', 1)])],
    ['a length of 4 GB', Buffer.alloc(32, 0xff)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    [
      'two pulls of one number',
      joinSiblingMessages([
        siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9),
        siblingMessage(SIBLING.open, 1, NAME),
        siblingMessage(SIBLING.open, 1, NAME),
      ]),
    ],
    [
      'a key that is none',
      joinSiblingMessages([
        siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9),
        siblingMessage(SIBLING.open, 1, 'no key'),
      ]),
    ],
    [
      'a frame',
      joinSiblingMessages([
        siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9),
        siblingMessage(SIBLING.video, 1, Buffer.of(0x17, 1)),
      ]),
    ],
    [
      'many pulls of one stream',
      joinSiblingMessages([
        siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9),
        ...Array.from({ length: 10 }, (_, index) => siblingMessage(SIBLING.open, index, NAME, 5000)),
      ]),
    ],
  ])('%s: ends that connection alone', async (_, bytes) => {
    const [a1, a2] = [await worker('a1'), await worker('a2')];
    const source = await encoder([a1]);
    const player = await play(a2);
    await sendUntil(source, grows(player, 5), 'pictures');
    const mad = await rawSibling('a1');
    mad.socket.write(bytes);
    await until(() => mad.isClosed() || undefined, 'the close');
    await sendUntil(source, grows(player, 5), 'more');
    expectExact(player);
    expect(logOf('a1').of('worker disconnected')).toHaveLength(1);
    expect(a1.stream(NAME)?.pulledByWorkers).toEqual([2]);
    expect(a1.faults()).toBe(0);
  });

  it('says no to a pull of what is not published on that worker, also where it is relayed there', async () => {
    const [a1, a2] = [await worker('a1'), await worker('a2')];
    const source = await encoder([a1]);
    const player = await play(a2);
    await sendUntil(source, grows(player, 5), 'pictures');
    const sibling = await rawSibling('a2');
    sibling.hello();
    sibling.say(
      siblingMessage(SIBLING.open, 7, NAME, 1000),
      siblingMessage(SIBLING.open, 8, '__defaultVhost__/live/none'),
    );
    await until(() => sibling.got.length === 2, 'the answers');
    expect(sibling.got.map(({ type, pull, body }) => [type, pull, body.toString()])).toEqual([
      [SIBLING.ended, 7, 'not-published'],
      [SIBLING.ended, 8, 'not-published'],
    ]);
  });

  describe('of the worker that is pulled from', () => {
    let server: Server;
    const sockets: Socket[] = [];
    /** What it answers to what comes. */
    let answer: (socket: Socket, message: SiblingMessage) => void = () => {};

    async function madWorker(): Promise<void> {
      server = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => {});
        const parser = new SiblingParser(4096, (message) => answer(socket, message));
        socket.on('data', (bytes) => parser.feed(bytes));
      });
      await new Promise<void>((resolve) => server.listen(socketOf('a1').path, resolve));
      mesh.host('a', socketOf('a1')).claim({ key: NAME, sinceMs: 1, media: {} });
    }

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
      server.close();
    });

    it.each<[string, (pull: number) => Buffer]>([
      ['noise', () => Buffer.alloc(4096, 0xfe)],
      ['a frame before its start', (pull) => joinSiblingMessages([siblingMessage(9, pull, Buffer.of(1))])],
      ['an unknown type', (pull) => joinSiblingMessages([siblingMessage(77, pull)])],
      ['an end that means nothing', (pull) => joinSiblingMessages([siblingMessage(5, pull, '\u0000%')])],
    ])('%s: its players go on from another member', async (_, bytes) => {
      await madWorker();
      answer = (socket, { type, pull }) => {
        if (type === SIBLING.open) socket.write(bytes(pull));
      };
      const [a2, b1] = [await worker('a2'), await worker('b1')];
      const source = await encoder([b1]);
      const player = await play(a2);
      await sendUntil(source, grows(player, 10), 'pictures of b');
      expectExact(player);
      expect(a2.faults()).toBe(0);
    });

    it('one that never answers: its players go on from another member within relay.connectMs', async () => {
      await madWorker();
      answer = () => {};
      const options = mediaOptions('a');
      const [a2, b1] = [
        await worker('a2', { relay: { ...options.relay, connectMs: 200 } }),
        await worker('b1'),
      ];
      const source = await encoder([b1]);
      const player = await play(a2);
      await sendUntil(source, grows(player, 10), 'pictures of b');
      expect(logOf('a2').of('relay lost its owner')).toMatchObject([{ reason: 'deadline', fromWorker: 1 }]);
      // Nobody else can be asked to reach it.
      expect(
        logOf('a2')
          .of('relay pulls')
          .filter(({ through }) => through !== undefined),
      ).toEqual([]);
    });
  });
});

describe('a sibling that is slow', () => {
  it('loses its pull, and gets the stream again once it reads; others notice nothing', async () => {
    const options = mediaOptions('a');
    const [a1, a2] = [
      await worker('a1', { play: { ...options.play, queueBytesMax: 300_000 } }),
      await worker('a2'),
    ];
    const publisher = await RtmpPublisher.open(rtmp(a1));
    clients.push(publisher);
    publisher.send(VIDEO_HEADER(1));
    const slow = await rawSibling('a1');
    slow.hello();
    slow.say(siblingMessage(SIBLING.open, 1, NAME, 0));
    const player = await play(a2);
    await until(() => a1.stream(NAME)?.pulledByWorkers?.length === 2 || undefined, 'both pulls');
    slow.socket.pause();
    let sent = 0;
    const timer = setInterval(() => {
      publisher.send(KEY(sent * 40, sent % 256, 50_000));
      sent += 1;
    }, 5);
    try {
      await until(() => a1.stream(NAME)?.pulledByWorkers?.length === 1 || undefined, 'the slow one to go');
      const before = player.pictures().length;
      await until(() => player.pictures().length > before + 10 || undefined, 'the other one to go on');
      slow.socket.resume();
      const ended = () => slow.got.find(({ type }) => type === SIBLING.ended)?.body.toString();
      await until(() => ended() ?? undefined, 'the end of its pull');
      expect(ended()).toBe('too-slow');
      expect(slow.isClosed()).toBe(false);
      slow.say(siblingMessage(SIBLING.open, 2, NAME, 1000));
      await until(() => slow.got.some(({ pull, type }) => pull === 2 && type === 9) || undefined, 'media');
    } finally {
      clearInterval(timer);
    }
    const numbers = player.pictures();
    expect(numbers).toEqual(numbers.map((_, index) => ((numbers[0] ?? 0) + index) % 256));
  });
});

describe('a sibling that takes nothing', () => {
  it('is disconnected after play.stuckMs, and its pulls end', async () => {
    const options = mediaOptions('a');
    const a1 = await worker('a1', { play: { ...options.play, stuckMs: 300 } });
    const publisher = await RtmpPublisher.open(rtmp(a1));
    clients.push(publisher);
    publisher.send(VIDEO_HEADER(1));
    const stuck = await rawSibling('a1');
    stuck.hello();
    stuck.say(siblingMessage(SIBLING.open, 1, NAME, 0));
    await until(() => a1.stream(NAME)?.pulledByWorkers?.length === 1 || undefined, 'the pull');
    stuck.socket.pause();
    // More than the kernel takes, and far less than the limits of the queues.
    for (let index = 0; index < 60; index += 1) publisher.send(KEY(index * 40, index, 50_000));
    await until(() => a1.stream(NAME)?.pulledByWorkers === undefined || undefined, 'the end of the pull');
    expect(logOf('a1').of('worker disconnected')).toMatchObject([
      { ofWorker: 9, detail: 'it takes nothing any more' },
    ]);
  });
});

describe('many streams', () => {
  it('come over one connection, each by itself', async () => {
    const [a1, a2] = [await worker('a1'), await worker('a2')];
    const names = Array.from({ length: 60 }, (_, index) => `m${index}`);
    const sources = await Promise.all(names.map((stream) => encoder([a1], { stream })));
    const players = await Promise.all(names.map((stream) => play(a2, stream)));
    const all = {
      send(count: number) {
        for (const source of sources) source.send(count);
      },
    };
    await sendUntil(all, () => players.every((player) => player.pictures().length > 15), 'pictures');
    for (const source of sources.slice(0, 30)) await source.publishers[0]?.close();
    await sendUntil(
      all,
      () => [...a2.streams()].filter(({ source }) => source === 'relay').length === 30,
      'ends',
    );
    const rest = players.slice(30);
    const grown = rest.map((player) => grows(player, 10));
    await sendUntil(all, () => grown.every((has) => has()), 'the others to go on');
    for (const player of rest) expectExact(player);
    for (const player of players) expect(player.ends).toEqual([]);
  });
});

describe('the socket', () => {
  it('takes the place of one that was left behind, and is removed at the end', async () => {
    const { path } = socketOf('a1');
    const old = createServer();
    await new Promise<void>((resolve) => old.listen(path, resolve));
    const a1 = await worker('a1');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await a1.stop();
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    old.close();
  });

  it('is not opened where a file is, or the path is too long, and nothing else is left open', async () => {
    await writeFile(socketOf('a1').path, 'mine');
    const bad = [socketOf('a1').path, join(folder, 'x'.repeat(120))];
    for (const path of bad) {
      const own = { worker: 1, path };
      const media = createMedia(mediaOptions('a', { worker: own }), mesh.host('a', own), new MemoryLog());
      await expect(media.start()).rejects.toThrow(`cannot listen on ${path}`);
      await media.stop();
    }
    expect((await stat(socketOf('a1').path)).isFile()).toBe(true);
  });
});
