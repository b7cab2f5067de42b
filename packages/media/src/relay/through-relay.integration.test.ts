import { ownerThrough } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createMedia } from '../create-media.js';
import type { Media } from '../media.js';
import type { MediaHost } from '../media-host.js';
import { RtmpClientSession } from '../protocols/rtmp/rtmp-client-session.js';
import { RtmpPublisher } from '../protocols/rtmp/rtmp-publisher.js';
import { parseRtmpUrl } from '../protocols/rtmp/rtmp-target.js';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import type { Frame } from '../wire/frame.js';

const NAME = '__defaultVhost__/live/s';
/** Nothing listens there. */
const NOWHERE = { host: '127.0.0.1', rtmpPort: 1 };

let mesh: MemoryMesh;
const members: Media[] = [];
const logs = new Map<string, MemoryLog>();
const clients: { close(): unknown }[] = [];

async function member(
  name: string,
  change: (host: MediaHost) => Partial<MediaHost> = () => ({}),
): Promise<Media> {
  const host = mesh.host(name);
  const log = new MemoryLog();
  logs.set(name, log);
  const media = createMedia(mediaOptions(name), { ...host, ...change(host) }, log);
  await media.start();
  mesh.setPorts(name, media.ports.rtmp, media.ports.http);
  members.push(media);
  return media;
}

/** A member that does not reach these others. */
const cutFrom =
  (...others: readonly string[]) =>
  (host: MediaHost): Partial<MediaHost> => ({
    relayAddress: (to) => (others.includes(to) ? NOWHERE : host.relayAddress(to)),
  });

const rtmp = (media: Media) => `rtmp://127.0.0.1:${media.ports.rtmp}/live/s`;

/** Plays from a member; the frames with pictures and sound that come, and the session's end. */
async function play(media: Media) {
  const frames: Frame[] = [];
  const ends: string[] = [];
  const session = new RtmpClientSession(
    {
      target: parseRtmpUrl(rtmp(media)),
      agent: 'test',
      deadlineMs: 60_000,
      limits: { messageBytesMax: 1_000_000, chunkStreamsMax: 64 },
    },
    {
      frame: (frame) => {
        if (frame.kind !== 'data' && !frame.isHeader) frames.push(frame);
      },
      closed: ({ message }) => ends.push(message),
    },
  );
  clients.push(session);
  await session.play();
  const pictures = () => frames.filter(({ kind }) => kind === 'video').map(({ payload }) => payload[5]);
  return { frames, pictures, ends };
}

/** Publishes one encode, picture by picture. */
async function encoder(...to: readonly Media[]) {
  const publishers = await Promise.all(to.map((media) => RtmpPublisher.open(rtmp(media))));
  clients.push(...publishers);
  let last = 0;
  const each = (frame: Frame) => publishers.map((publisher) => publisher.send(frame));
  for (const header of [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)]) each(header);
  return {
    publishers,
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
async function sendUntil(
  source: { send(count: number): void },
  isTrue: () => boolean,
  what: string,
): Promise<void> {
  const timer = setInterval(() => source.send(1), 20);
  try {
    await until(() => isTrue() || undefined, what);
  } finally {
    clearInterval(timer);
  }
}

const numbers = (list: readonly (number | undefined)[]) =>
  list.every((value, index) => index === 0 || value === ((list[index - 1] ?? 0) + 1) % 256);

beforeEach(() => {
  mesh = new MemoryMesh();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(members.splice(0).map((media) => media.stop()));
});

it('plays a stream through another member where the owner is out of reach, and hears its end', async () => {
  const b = await member('b');
  const c = await member('c');
  const a = await member('a', cutFrom('b'));
  const source = await encoder(b);
  source.send(12);
  const player = await play(a);
  await sendUntil(source, () => player.pictures().length > 20, 'the pictures');
  expect(a.stream(NAME)).toMatchObject({ source: 'relay', relayFrom: 'b', relayThrough: 'c' });
  expect(c.stream(NAME)).toMatchObject({ source: 'none', passesOn: ['b'] });
  expect(c.stream(NAME)?.players).toMatchObject([{ state: 'playing', agent: 'headwater relay (a)' }]);
  expect(logs.get('a')?.of('relay pulls')).toMatchObject([
    { to: 'b', reason: 'started' },
    { to: 'b', reason: 'unreachable', through: 'c' },
  ]);
  expect(b.stream(NAME)?.players).toHaveLength(1);
  // Frame by frame as the owner's own players get it.
  const direct = await play(b);
  await sendUntil(source, () => direct.pictures().length > 20, 'the pictures');
  const same = direct.frames.at(-10)?.timestampMs;
  const since = (frames: readonly Frame[]) =>
    frames.filter(({ timestampMs }) => timestampMs >= (same ?? 0)).slice(0, 8);
  await until(() => since(player.frames).length === 8 || undefined, 'the same frames');
  expect(since(player.frames)).toEqual(since(direct.frames));
  await source.publishers[0]?.close();
  await until(() => c.stream(NAME) === undefined || undefined, 'the end of the relay that was passed on');
  const lost = () => logs.get('a')?.of('relay lost its owner').at(-1);
  await until(() => lost()?.reason === 'publisher-ended' || undefined, 'its end to be heard of');
  expect(lost()).toMatchObject({ through: 'c' });
  expect(logs.get('c')?.of('relay lost its owner')).toMatchObject([
    { passedOn: true, reason: 'publisher-ended' },
  ]);
});

it('goes on with the very next frame when the member on the way is gone, through the next or by itself', async () => {
  const b = await member('b');
  const c = await member('c');
  const d = await member('d');
  let isCut = true;
  const a = await member('a', (host) => ({
    relayAddress: (to) => (isCut && to === 'b' ? NOWHERE : host.relayAddress(to)),
    detours: () => ['c', 'd'],
  }));
  const source = await encoder(b);
  const player = await play(a);
  await sendUntil(source, () => a.stream(NAME)?.relayThrough === 'c' && player.pictures().length > 5, 'c');
  await c.stop();
  const before = player.pictures().length;
  await sendUntil(
    source,
    () => a.stream(NAME)?.relayThrough === 'd' && player.pictures().length > before + 20,
    'd',
  );
  isCut = false;
  await d.stop();
  const then = player.pictures().length;
  await sendUntil(
    source,
    () => a.stream(NAME)?.relayThrough === undefined && player.pictures().length > then + 20,
    'b itself',
  );
  expect(player.pictures().length).toBeGreaterThan(40);
  expect(numbers(player.pictures())).toBe(true);
  expect(logs.get('a')?.of('relay switched owner')).toMatchObject([
    { ownerId: 'b', through: 'd', splice: 'exact' },
    { ownerId: 'b', splice: 'exact' },
  ]);
  expect(player.ends).toEqual([]);
});

it('follows what the mesh says of the way, and moves nothing while the stream is fed', async () => {
  const b = await member('b');
  await member('c');
  let through: string | null = 'c';
  const host = (own: MediaHost): Partial<MediaHost> => ({
    owners: (key) => own.owners(key).map((owner) => ownerThrough(owner, through)),
    detours: () => [],
  });
  const a = await member('a', host);
  const source = await encoder(b);
  const player = await play(a);
  await sendUntil(source, () => player.pictures().length > 5, 'the pictures');
  expect(a.stream(NAME)?.relayThrough).toBe('c');
  through = null;
  // An owner that comes or goes tells everybody.
  mesh.host('e').claim({ key: NAME, sinceMs: 1, media: {}, silent: true });
  await sendUntil(source, () => player.pictures().length > 25, 'the pictures');
  expect(a.stream(NAME)?.relayThrough).toBe('c');
  expect(numbers(player.pictures())).toBe(true);
  expect(logs.get('a')?.of('relay pulls')).toHaveLength(1);
});

it('goes nowhere in circles where members point at each other', async () => {
  const b = await member('b');
  const out = cutFrom('b');
  const [a, c] = [
    await member('a', (host) => ({ ...out(host), detours: () => ['c'] })),
    await member('c', (host) => ({ ...out(host), detours: () => ['a'] })),
  ];
  const source = await encoder(b);
  const players = [await play(a), await play(c)];
  const refused = (name: string) =>
    logs
      .get(name)
      ?.of('relay lost its owner')
      .some(({ through }) => through !== undefined);
  await sendUntil(source, () => refused('a') === true && refused('c') === true, 'both to refuse');
  expect(players.flatMap(({ frames }) => frames)).toEqual([]);
  // What is passed on is pulled from the owner itself, by whoever passes it on.
  for (const name of ['a', 'c']) {
    const passedOn =
      logs
        .get(name)
        ?.of('relay pulls')
        .filter(({ reason }) => reason === 'passed-on') ?? [];
    expect(passedOn.length).toBeGreaterThan(0);
    for (const pull of passedOn) expect(pull).not.toHaveProperty('through');
  }
});
