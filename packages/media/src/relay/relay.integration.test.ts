import { probe, run, TestPublisher } from '@headwater/testing/ffmpeg';
import { MemoryLog } from '@headwater/testing/memory-log';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { needs } from '@headwater/testing/tools';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMedia } from '../create-media.js';
import type { Media } from '../media.js';
import type { MediaOptions } from '../media-options.js';
import { RtmpPublisher } from '../protocols/rtmp/rtmp-publisher.js';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { MemoryMesh } from '../testing/memory-mesh.js';

const NAME = '__defaultVhost__/live/s';

let mesh: MemoryMesh;
let log: MemoryLog;
const members = new Map<string, Media>();
const publishers: { kill(): Promise<void> }[] = [];

async function member(name: string, more: Partial<MediaOptions> = {}): Promise<Media> {
  const media = createMedia(mediaOptions(name, more), mesh.host(name), log);
  await media.start();
  mesh.setPorts(name, media.ports.rtmp, media.ports.http);
  members.set(name, media);
  return media;
}

const rtmp = (media: Media, query = '') => `rtmp://127.0.0.1:${media.ports.rtmp}/live/s${query}`;

/** ffmpeg as the publisher; resolves once the member owns the stream and has media. */
async function encode(media: Media): Promise<TestPublisher> {
  const publisher = new TestPublisher(rtmp(media));
  publishers.push(publisher);
  await until(() => (media.stream(NAME)?.bytesIn ?? 0) > 10_000, 'the stream');
  return publisher;
}

beforeEach(() => {
  mesh = new MemoryMesh();
  log = new MemoryLog();
});
afterEach(async () => {
  await Promise.all(publishers.splice(0).map((publisher) => publisher.kill()));
  await Promise.all([...members.values()].map((media) => media.stop()));
  members.clear();
});

describe('a stream published by ffmpeg on one member', needs('ffmpeg', 'ffprobe'), () => {
  it('plays from another by RTMP, by HTTP-FLV redirect and by HTTP-FLV relay, for real clients', async () => {
    const a = await member('a');
    const b = await member('b');
    await encode(a);
    const [overRtmp, redirected, relayed] = await Promise.all([
      probe(rtmp(b), 2),
      probe(`http://127.0.0.1:${b.ports.http}/live/s.flv`, 2),
      probe(`http://127.0.0.1:${b.ports.http}/live/s.flv?headwater=redirected`, 2),
    ]);
    for (const got of [overRtmp, redirected, relayed]) {
      expect(got.run.stderr).toBe('');
      expect(got).toMatchObject({ width: 320, backwards: 0 });
      expect(got.video).toBeGreaterThanOrEqual(48);
      expect(got.audio).toBeGreaterThanOrEqual(80);
    }
    expect(log.of('relay pulls')).toMatchObject([{ to: 'a', reason: 'started' }]);
  });

  it('goes on from the backup when its owner closes, on the same connection, time never going back', async () => {
    const a = await member('a');
    const b = await member('b');
    const c = await member('c');
    await encode(a);
    await encode(c);
    const playing = probe(rtmp(b), 6);
    await until(() => b.stream(NAME)?.relayFrom === 'a', 'the pull from a');
    await until(() => (b.stream(NAME)?.players[0]?.bytesOut ?? 0) > 50_000, 'media');
    mesh.drop('a');
    await a.stop();
    await until(() => b.stream(NAME)?.relayFrom === 'c', 'the pull from c');
    const got = await playing;
    expect(got.backwards).toBe(0);
    expect(got.video).toBeGreaterThanOrEqual(145);
    expect(log.of('relay pulls').map(({ to }) => to)).toEqual(['a', 'c']);
  });

  it('can be decoded from end to end over a failover', async () => {
    const a = await member('a');
    const b = await member('b');
    const c = await member('c');
    const first = await encode(a);
    await encode(c);
    const decoding = run(
      'ffmpeg',
      ['-v', 'warning', '-xerror', '-i', rtmp(b), '-t', '5', '-f', 'null', '-'],
      20_000,
    );
    await until(() => (b.stream(NAME)?.players[0]?.bytesOut ?? 0) > 50_000, 'media');
    await first.kill();
    await until(() => b.stream(NAME)?.relayFrom === 'c', 'the pull from c');
    expect(await decoding).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a relay', () => {
  const HEADERS = [METADATA(), VIDEO_HEADER(), AUDIO_HEADER()];

  async function publish(media: Media): Promise<RtmpPublisher> {
    const publisher = await RtmpPublisher.open(rtmp(media));
    for (const frame of [...HEADERS, KEY(0), INTER(40)]) publisher.send(frame);
    await until(() => (media.stream(NAME)?.bytesIn ?? 0) > 0, 'the stream');
    return publisher;
  }

  const pictures = (player: RawRtmpClient) => player.messages.filter(({ type }) => type === 9).length;

  async function play(media: Media): Promise<RawRtmpClient> {
    const player = await RawRtmpClient.connected(media.ports.rtmp);
    player.play('s');
    return player;
  }

  it('is one pull, however many players join at once, and ends some time after the last', async () => {
    const a = await member('a');
    const b = await member('b');
    await publish(a);
    const players = await Promise.all(Array.from({ length: 50 }, () => play(b)));
    await until(() => players.every((player) => pictures(player) === 3), 'the GOP at every player');
    expect(a.stream(NAME)?.players.map(({ agent }) => agent)).toEqual(['headwater relay (b)']);
    expect(log.of('relay pulls')).toHaveLength(1);
    for (const player of players) player.close();
    await until(() => b.stream(NAME)?.players.length === 0, 'all to be gone');
    expect(b.stream(NAME)?.source).toBe('relay');
    await until(() => a.stream(NAME)?.players.length === 0, 'the pull to end');
    await until(() => b.stream(NAME) === undefined, 'nothing left');
  });

  it('waits without owners, and goes on when the stream is published anywhere', async () => {
    const a = await member('a');
    const b = await member('b');
    const c = await member('c');
    const player = await play(b);
    await player.status('NetStream.Play.Start');
    const first = await publish(a);
    await until(() => pictures(player) === 3, 'pictures from a');
    await first.close();
    await until(() => b.stream(NAME)?.source === 'none', 'the pull to end');
    await publish(c);
    await until(() => pictures(player) === 6, 'pictures from c');
    const times = player.messages.filter(({ type }) => type === 9).map(({ timestampMs }) => timestampMs);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    expect(player.isClosed).toBe(false);
    player.close();
  });

  it('finds a stream of another vhost, and one with odd characters in its name', async () => {
    const vhosts = ['v.example'];
    const a = await member('a', { vhosts });
    const b = await member('b', { vhosts });
    for (const path of [
      'live/s?vhost=v.example',
      'live/%E4%BD%A0%25...x',
      'live/你好&a=b/ü+1',
      'a%25b/%2525',
    ]) {
      const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${a.ports.rtmp}/${path}`);
      for (const frame of [...HEADERS, KEY(0), INTER(40)]) publisher.send(frame);
      const player = await RawRtmpClient.connected(b.ports.rtmp, path.slice(0, path.lastIndexOf('/')));
      player.play(path.slice(path.lastIndexOf('/') + 1));
      await until(() => pictures(player) === 3, `pictures of ${path}`);
      player.close();
      await publisher.close();
    }
  });

  it('gives way to a publisher that comes to its own member', async () => {
    const a = await member('a');
    const b = await member('b');
    await publish(a);
    const player = await play(b);
    await until(() => pictures(player) === 3, 'pictures from a');
    // It sends what a sent: the same encode, of which the player gets each picture once.
    const publisher = await publish(b);
    await until(() => b.stream(NAME)?.source === 'publisher', 'b to be fed by its publisher');
    publisher.send(KEY(120));
    await until(() => pictures(player) === 4, 'the next picture, from b');
    await until(() => a.stream(NAME)?.players.length === 0, 'the pull to end');
    player.close();
  });

  it('leaves an owner that stands still', async () => {
    const a = await member('a');
    const b = await member('b');
    const c = await member('c');
    // Both flow until the player is there, however slow this machine is: who is silent before that is no owner to begin with.
    const flows = new Map([await publish(a), await publish(c)].map((publisher) => [publisher, 40]));
    const [first] = flows.keys();
    const flowing = setInterval(() => {
      for (const [publisher, atMs] of flows) {
        publisher.send(KEY(atMs + 40));
        flows.set(publisher, atMs + 40);
      }
    }, 40);
    try {
      const player = await play(b);
      await until(() => pictures(player) >= 3, 'pictures from a');
      const before = pictures(player);
      if (first !== undefined) flows.delete(first);
      await until(() => b.stream(NAME)?.relayFrom === 'c' && pictures(player) > before, 'pictures from c');
      expect(log.of('relay pulls')[0]).toMatchObject({ to: 'a', reason: 'started' });
      expect(log.of('relay lost its owner')).toMatchObject([{ owner: 'a', reason: 'stalled' }]);
      player.close();
    } finally {
      clearInterval(flowing);
    }
  });

  it('tries the next owner where one does not answer, or has nothing', async () => {
    const b = await member('b');
    const c = await member('c');
    // Says that it has the stream, but nobody listens at its address.
    const liar = mesh.host('a');
    liar.claim({ key: NAME, sinceMs: 0, media: {} });
    await publish(c);
    const player = await play(b);
    await until(() => pictures(player) === 3, 'pictures from c');
    expect(log.of('relay pulls').map(({ to, reason }) => [to, reason])).toEqual([
      ['a', 'started'],
      ['c', 'unreachable'],
    ]);
    player.close();
  });
});

describe('one encode on two members', () => {
  const HEADERS = [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)];
  /** Pictures and sounds `from` to `to` of the encode, a keyframe every ten. */
  const part = (from: number, to: number, clockMs = 0) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index).flatMap((id) => {
      const atMs = id * 40 + clockMs;
      return [id % 10 === 0 ? KEY(atMs, id) : INTER(atMs, id), AUDIO(atMs + 10, id)];
    });

  async function open(media: Media): Promise<RtmpPublisher> {
    const publisher = await RtmpPublisher.open(rtmp(media));
    for (const frame of HEADERS) publisher.send(frame);
    await until(() => media.stream(NAME) !== undefined, 'the stream');
    return publisher;
  }

  const pictures = (player: RawRtmpClient) =>
    player.messages
      .filter(({ type, payload }) => type === 9 && payload[1] !== 0)
      .map(({ payload, timestampMs }) => [payload[5], timestampMs]);
  const ids = (player: RawRtmpClient) => pictures(player).map(([id]) => id);
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);

  async function play(media: Media): Promise<RawRtmpClient> {
    const player = await RawRtmpClient.connected(media.ports.rtmp);
    player.play('s');
    await player.status('NetStream.Play.Start');
    return player;
  }

  it('reaches a player on a third frame by frame when the owner dies, whatever the clock of the other', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')];
    const first = await open(a);
    const second = await open(b);
    for (const frame of part(10, 33)) first.send(frame);
    for (const frame of part(10, 35, 500_000)) second.send(frame);
    const player = await play(c);
    await until(() => ids(player).includes(33), 'what the first owner has');
    mesh.drop('a');
    await a.stop();
    await until(() => c.stream(NAME)?.relayFrom === 'b', 'the other owner');
    for (const frame of part(36, 45, 500_000)) second.send(frame);
    await until(() => ids(player).includes(45), 'what the other owner has');
    expect(pictures(player)).toEqual(numbers(30, 45).map((id) => [id, id * 40]));
    expect(log.of('relay switched owner')).toMatchObject([{ splice: 'exact' }]);
    player.close();
  });

  it('goes on likewise when only the publisher of the owner stops, and stays when that one comes back', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')];
    const first = await open(a);
    const second = await open(b);
    for (const publisher of [first, second]) for (const frame of part(10, 33)) publisher.send(frame);
    const player = await play(c);
    await until(() => ids(player).includes(33), 'what the first owner has');
    await first.close();
    for (const frame of part(34, 40)) second.send(frame);
    await until(() => ids(player).includes(40), 'what the other owner has');
    const again = await open(a);
    for (const publisher of [again, second]) for (const frame of part(41, 50)) publisher.send(frame);
    await until(() => ids(player).includes(50), 'more');
    expect(ids(player)).toEqual(numbers(30, 50));
    expect(c.stream(NAME)?.relayFrom).toBe('b');
    player.close();
  });

  it('keeps the players of both when both owners go, and goes on when the stream is published again', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')];
    const first = await open(a);
    const second = await open(b);
    for (const publisher of [first, second]) for (const frame of part(10, 33)) publisher.send(frame);
    const player = await play(c);
    await until(() => ids(player).includes(33), 'what the owners have');
    await first.close();
    await second.close();
    await until(() => c.stream(NAME)?.source === 'none', 'no source');
    const again = await open(b);
    for (const frame of part(0, 3)) again.send(frame);
    await until(() => ids(player).at(-1) === 3, 'the stream to go on');
    const times = pictures(player).map(([, atMs]) => atMs ?? 0);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    expect(player.isClosed).toBe(false);
    player.close();
  });

  it('comes over to a player of an owner that lives on without its publisher, and leaves it when that is back', async () => {
    const [a, b] = [await member('a'), await member('b')];
    const first = await open(a);
    const second = await open(b);
    for (const publisher of [first, second]) for (const frame of part(10, 33)) publisher.send(frame);
    const player = await play(a);
    await until(() => ids(player).includes(33), 'what is published here');
    await first.close();
    await until(() => a.stream(NAME)?.relayFrom === 'b', 'the relay');
    for (const frame of part(34, 41)) second.send(frame);
    await until(() => ids(player).includes(41), 'what the other owner has');
    const again = await open(a);
    // Both flow until the change is made, however slow this machine is: who is silent by then is no source to change to.
    let last = 41;
    const flowing = setInterval(() => {
      last += 1;
      for (const publisher of [again, second]) for (const frame of part(last, last)) publisher.send(frame);
    }, 40);
    try {
      await until(() => a.stream(NAME)?.source === 'publisher', 'the relay to give way');
    } finally {
      clearInterval(flowing);
    }
    await second.close();
    for (const frame of part(last + 1, last + 5)) again.send(frame);
    await until(() => ids(player).includes(last + 5), 'what is published here again');
    expect(pictures(player)).toEqual(numbers(30, last + 5).map((id) => [id, id * 40]));
    expect(player.isClosed).toBe(false);
    player.close();
  });
});

describe('a publisher that moves to another origin', () => {
  const HEADERS = [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)];
  const SRS_EDGE = { srs_sig: 'SRS', srs_server: 'SRS/6.0.157(Hang)', srs_version: '6.0.157' };

  async function publish(media: Media, id: number): Promise<RtmpPublisher> {
    const publisher = await RtmpPublisher.open(rtmp(media));
    for (const frame of [...HEADERS, KEY(0, id), INTER(40, id)]) publisher.send(frame);
    await until(() => (media.stream(NAME)?.bytesIn ?? 0) > 0, 'the stream');
    return publisher;
  }

  it('takes everybody along: relayed players, those of the old origin, and SRS edges by a 302', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')];
    const old = await publish(a, 1);
    const onOld = await RawRtmpClient.connected(a.ports.rtmp);
    const relayed = await RawRtmpClient.connected(c.ports.rtmp);
    const edge = await RawRtmpClient.connected(a.ports.rtmp, 'live', {}, [SRS_EDGE]);
    for (const player of [onOld, relayed, edge]) player.play('s');
    const shows = (player: RawRtmpClient, id: number) =>
      player.messages.some(({ type, payload }) => type === 9 && payload[1] === 1 && payload[5] === id);
    for (const player of [onOld, relayed, edge]) await until(() => shows(player, 1), 'the old one');
    await old.close();
    await publish(b, 2);
    for (const player of [onOld, relayed]) {
      await until(() => shows(player, 2), 'the new one');
      expect(player.isClosed).toBe(false);
    }
    expect(await edge.status('NetConnection.Connect.Rejected')).toMatchObject({
      ex: { code: 302, redirect2: `rtmp://127.0.0.1:${b.ports.rtmp}/live/s` },
    });
    for (const player of [onOld, relayed, edge]) player.close();
  });

  it('takes them along as well where the old origin dies', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')];
    await publish(a, 1);
    const relayed = await RawRtmpClient.connected(c.ports.rtmp);
    relayed.play('s');
    const shows = (id: number) =>
      relayed.messages.some(({ type, payload }) => type === 9 && payload[1] === 1 && payload[5] === id);
    await until(() => shows(1), 'the old one');
    mesh.drop('a');
    await a.stop();
    await publish(b, 2);
    await until(() => shows(2), 'the new one');
    relayed.close();
  });
});
