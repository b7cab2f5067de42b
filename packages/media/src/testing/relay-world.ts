import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { createMedia } from '../create-media.js';
import type { Media } from '../media.js';
import type { MediaHost, WorkerAddress } from '../media-host.js';
import type { MediaOptions } from '../media-options.js';
import { RtmpClientSession } from '../protocols/rtmp/rtmp-client-session.js';
import { RtmpPublisher } from '../protocols/rtmp/rtmp-publisher.js';
import { parseRtmpUrl } from '../protocols/rtmp/rtmp-target.js';
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
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from './frames.js';
import { mediaOptions } from './media-options.js';
import { MemoryMesh } from './memory-mesh.js';

export const NAME = '__defaultVhost__/live/s';

export const rtmp = (media: Media, stream = 's') => `rtmp://127.0.0.1:${media.ports.rtmp}/live/${stream}`;

export interface Player {
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

export const isMedia = ({ kind, isHeader }: Frame) => kind !== 'data' && !isHeader;

export const clientTo = (media: Media, stream: string) => ({
  target: parseRtmpUrl(rtmp(media, stream)),
  agent: 'test',
  deadlineMs: 60_000,
  limits: { messageBytesMax: 1_000_000, chunkStreamsMax: 64 },
});

/** Members that relay from each other, or workers of some, in one process, with their players and encoders. */
export class RelayWorld {
  mesh = new MemoryMesh();
  /** Of the workers' sockets. */
  folder = '';
  /** Closed at the end. */
  readonly clients: { close(): unknown }[] = [];
  /** Those that are one process each, by name. */
  readonly members = new Map<string, Media>();
  readonly #medias: Media[] = [];
  readonly #logs = new Map<string, MemoryLog>();

  async open(): Promise<void> {
    this.mesh = new MemoryMesh();
    this.members.clear();
    this.#logs.clear();
    this.folder = await mkdtemp(join(tmpdir(), 'hw-sibling-'));
  }

  async close(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close();
    await Promise.all(this.#medias.splice(0).map((media) => media.stop()));
    await rm(this.folder, { recursive: true });
  }

  socketOf(name: string): WorkerAddress {
    return { worker: Number(name.slice(1)), path: join(this.folder, `${name}.sock`) };
  }

  logOf(name: string): MemoryLog {
    return this.#logs.get(name) ?? new MemoryLog();
  }

  /** A member that is one process. `change`: of what it hears of the mesh. */
  async member(name: string, change: (host: MediaHost) => Partial<MediaHost> = () => ({})): Promise<Media> {
    const host = this.mesh.host(name);
    const media = createMedia(mediaOptions(name), { ...host, ...change(host) }, this.#newLog(name));
    await media.start();
    this.mesh.setPorts(name, media.ports.rtmp, media.ports.http);
    this.members.set(name, media);
    this.#medias.push(media);
    return media;
  }

  /** A worker, as `a1` is the first of member `a`. The member is pulled from its worker that started last. */
  async worker(
    name: string,
    more: Partial<MediaOptions> = {},
    change: (host: MediaHost) => Partial<MediaHost> = () => ({}),
  ): Promise<Media> {
    const member = name.slice(0, 1);
    const own = this.socketOf(name);
    const log = this.#newLog(name);
    const host = this.mesh.host(member, own);
    const media = createMedia(
      mediaOptions(member, { worker: own, ...more }),
      { ...host, ...change(host) },
      log,
    );
    await media.start();
    this.mesh.setPorts(member, media.ports.rtmp, media.ports.http);
    this.#medias.push(media);
    return media;
  }

  #newLog(name: string): MemoryLog {
    const log = new MemoryLog();
    this.#logs.set(name, log);
    return log;
  }

  /** The worker's process is gone: what main tells the others, and no word from itself. */
  async kill(name: string, media: Media): Promise<void> {
    this.mesh.dropWorker(name.slice(0, 1), Number(name.slice(1)));
    await media.stop();
  }

  async play(media: Media, stream = 's'): Promise<Player> {
    const frames: Frame[] = [];
    const ends: string[] = [];
    const session = new RtmpClientSession(clientTo(media, stream), {
      frame: (frame) => {
        if (isMedia(frame)) frames.push(frame);
      },
      closed: ({ message }) => ends.push(message),
    });
    this.clients.push(session);
    await session.play();
    return playerOf(frames, ends);
  }

  playHttp(media: Media): Player {
    const { player, feed, onEnd } = flvPlayer();
    const request = get(`http://127.0.0.1:${media.ports.http}/live/s.flv`, (response) => {
      response.on('data', feed);
      response.on('close', onEnd);
    });
    request.on('error', () => {});
    this.clients.push({ close: () => request.destroy() });
    return player;
  }

  playWs(media: Media): Player {
    const { player, feed, onEnd } = flvPlayer();
    const socket = new WebSocket(`ws://127.0.0.1:${media.ports.http}/live/s.flv`);
    socket.on('message', (bytes) => feed(bytes as Buffer));
    socket.on('close', onEnd);
    socket.on('error', () => {});
    this.clients.push({ close: () => socket.terminate() });
    return player;
  }

  /** Publishes one encode, picture by picture; a keyframe every ten. `clocksMs`: each publisher's own. */
  async encoder(to: readonly Media[], { stream = 's', clocksMs = [0], header = 1 } = {}) {
    const headers = [METADATA(), VIDEO_HEADER(header), AUDIO_HEADER(1)];
    const publishers: RtmpPublisher[] = [];
    const join = async (media: Media) => {
      const publisher = await RtmpPublisher.open(rtmp(media, stream));
      this.clients.push(publisher);
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

  /** A way to a worker's socket on which nothing gets through any more once it hangs, though it stays open. */
  async wayTo(path: string, at: string) {
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
    this.clients.push({
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
  async rawSibling(name: string) {
    const socket = connect({ path: this.socketOf(name).path });
    const got: SiblingMessage[] = [];
    const parser = new SiblingParser(10_000_000, (message) => got.push(message));
    let isClosed = false;
    socket.on('data', (bytes) => parser.feed(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      isClosed = true;
    });
    this.clients.push({ close: () => socket.destroy() });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    return {
      socket,
      got,
      isClosed: () => isClosed,
      hello: () => socket.write(joinSiblingMessages([siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9)])),
      say: (...messages: SiblingMessage[]) => socket.write(joinSiblingMessages(messages)),
    };
  }
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

/** Sends until that has come true: a stream that is silent counts as stalled. */
export async function sendUntil(source: { send(count: number): void }, isTrue: () => boolean, what: string) {
  const timer = setInterval(() => source.send(1), 20);
  try {
    await until(() => isTrue() || undefined, what);
  } finally {
    clearInterval(timer);
  }
}

/** Nothing is missing and nothing is there twice, pictures and sounds. */
export function expectExact(player: Player): void {
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

/** One after the other, none lost and none twice. */
export const follow = (list: readonly (number | undefined)[]) =>
  list.every((value, index) => index === 0 || value === ((list[index - 1] ?? 0) + 1) % 256);

/** Whether so many pictures more have come since this was called. */
export const grows = (player: Player, by: number) => {
  const before = player.pictures().length;
  return () => player.pictures().length >= before + by;
};
