import { stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMedia } from '../create-media.js';
import type { Media } from '../media.js';
import { RtmpClientSession } from '../protocols/rtmp/rtmp-client-session.js';
import { RtmpPublisher } from '../protocols/rtmp/rtmp-publisher.js';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import {
  clientTo,
  expectExact,
  grows,
  isMedia,
  NAME,
  type Player,
  RelayWorld,
  rtmp,
  sendUntil,
} from '../testing/relay-world.js';
import type { Frame } from '../wire/frame.js';

const world = new RelayWorld();

beforeEach(() => world.open());
afterEach(() => world.close());

describe('a stream published on another worker of the same member', () => {
  it('plays here by every protocol, from one pull, as its own players get it', async () => {
    const [a1, a2] = [await world.worker('a1'), await world.worker('a2')];
    const source = await world.encoder([a1]);
    source.send(12);
    const here = [await world.play(a2), world.playHttp(a2), world.playWs(a2), await world.play(a2)];
    const there = await world.play(a1);
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
    expect(world.logOf('a2').of('relay pulls')).toMatchObject([
      { to: 'a', reason: 'started', fromWorker: 1 },
    ]);
    expect(world.logOf('a2').of('play routed')).toMatchObject(
      Array(4).fill({ route: 'local', reason: 'published-here' }),
    );
  });

  it('gives who joins late the newest GOP at once, and ends its pull after the last player', async () => {
    const [a1, a2] = [await world.worker('a1'), await world.worker('a2')];
    const source = await world.encoder([a1]);
    source.send(37);
    await until(() => (a1.stream(NAME)?.bytesIn ?? 0) > 0, 'the stream');
    const player = await world.play(a2);
    // Nothing is sent any more: what comes was there.
    await until(() => player.pictures().length === 7, 'the newest GOP');
    expect(player.pictures()).toEqual([30, 31, 32, 33, 34, 35, 36]);
    const late = await world.play(a2);
    await until(() => late.pictures().length === 7, 'the newest GOP of the relay');
    expect(a1.stream(NAME)?.pulledByWorkers).toEqual([2]);
    for (const client of world.clients.splice(1)) client.close();
    await until(() => a1.stream(NAME)?.pulledByWorkers === undefined || undefined, 'the pull to end');
    await until(() => a2.stream(NAME) === undefined || undefined, 'nothing left');
  });

  it('waits here and begins when it is published there; goes on when it is published again, anywhere', async () => {
    const [a1, a2, a3] = [await world.worker('a1'), await world.worker('a2'), await world.worker('a3')];
    const player = await world.play(a2);
    const first = await world.encoder([a1]);
    await sendUntil(first, grows(player, 5), 'the first');
    await first.publishers[0]?.close();
    await until(() => a2.stream(NAME)?.source === 'none' || undefined, 'no source');
    expect(world.logOf('a2').of('relay lost its owner')).toMatchObject([
      { reason: 'publisher-ended', fromWorker: 1 },
    ]);
    for (const media of [a3, a2, a1]) {
      const again = await world.encoder([media]);
      await sendUntil(again, grows(player, 5), 'the next');
      await again.publishers[0]?.close();
      await until(() => a2.stream(NAME)?.source === 'none' || undefined, 'no source');
    }
    const times = player.frames.filter(({ kind }) => kind === 'video').map(({ timestampMs }) => timestampMs);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    expect(player.ends).toEqual([]);
  });

  it('is told apart from one that is silent: its players are fed by whoever flows', async () => {
    const [a1, a2, b1] = [await world.worker('a1'), await world.worker('a2'), await world.worker('b1')];
    // Is accepted and sends nothing.
    world.clients.push(await RtmpPublisher.open(rtmp(a1)));
    const source = await world.encoder([b1]);
    await sendUntil(
      source,
      () => world.mesh.owners(NAME).some(({ claim }) => claim.silent !== true),
      'the flow',
    );
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 5), 'the pictures of b');
    expect(a2.stream(NAME)).toMatchObject({ relayFrom: 'b' });
    expect(a2.stream(NAME)?.relayWorker).toBeUndefined();
    expectExact(player);
  });

  it('comes with metadata, headers and tracks as a relay from another member brings them', async () => {
    const [a2, b1] = [await world.worker('a2'), await world.worker('b1')];
    // Started last, so the other member pulls from it.
    const a1 = await world.worker('a1');
    const publisher = await RtmpPublisher.open(rtmp(a1));
    world.clients.push(publisher);
    const listen = async (media: Media) => {
      const got: Frame[] = [];
      const frame = (one: Frame) => void got.push(one);
      const session = new RtmpClientSession(clientTo(media, 's'), { frame, closed: () => {} });
      world.clients.push(session);
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

describe('a publisher', () => {
  it('is refused where another worker has one, and accepted when that is gone', async () => {
    const [a1, a2] = [await world.worker('a1'), await world.worker('a2')];
    const first = await RtmpPublisher.open(rtmp(a1));
    await expect(RtmpPublisher.open(rtmp(a2))).rejects.toMatchObject({
      code: 'refused',
      status: 'NetStream.Publish.BadName',
    });
    expect(world.logOf('a2').of('publish refused')).toMatchObject([{ reason: 'already-published' }]);
    await first.close();
    await until(() => world.mesh.owners(NAME).length === 0, 'the release');
    world.clients.push(await RtmpPublisher.open(rtmp(a2)));
  });
});

describe('many streams', () => {
  it('come over one connection, each by itself', async () => {
    const [a1, a2] = [await world.worker('a1'), await world.worker('a2')];
    const names = Array.from({ length: 60 }, (_, index) => `m${index}`);
    const sources = await Promise.all(names.map((stream) => world.encoder([a1], { stream })));
    const players = await Promise.all(names.map((stream) => world.play(a2, stream)));
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
    const { path } = world.socketOf('a1');
    const old = createServer();
    await new Promise<void>((resolve) => old.listen(path, resolve));
    const a1 = await world.worker('a1');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await a1.stop();
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    old.close();
  });

  it('is not opened where a file is, or the path is too long, and nothing else is left open', async () => {
    await writeFile(world.socketOf('a1').path, 'mine');
    const bad = [world.socketOf('a1').path, join(world.folder, 'x'.repeat(120))];
    for (const path of bad) {
      const own = { worker: 1, path };
      const media = createMedia(
        mediaOptions('a', { worker: own }),
        world.mesh.host('a', own),
        new MemoryLog(),
      );
      await expect(media.start()).rejects.toThrow(`cannot listen on ${path}`);
      await media.stop();
    }
    expect((await stat(world.socketOf('a1').path)).isFile()).toBe(true);
  });
});
