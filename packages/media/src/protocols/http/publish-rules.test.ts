import { type ClientRequest, request } from 'node:http';
import type { StreamKey } from '@headwater/directory';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { startMember, type TestMember } from '../../testing/test-member.js';
import { BOTH_TRACKS, flvHeader } from '../../wire/flv/flv-header.js';
import { flvTag } from '../../wire/flv/flv-tag.js';
import type { Frame } from '../../wire/frame.js';

const NAME = '__defaultVhost__/live/s';
const MEDIA = [METADATA(), VIDEO_HEADER(), AUDIO_HEADER(), KEY(0, 1)];
const RTMP_TYPE = { audio: 8, video: 9, data: 18 } as const;

let mesh: MemoryMesh;
let member: TestMember;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  mesh = new MemoryMesh();
  member = await startMember('a', { publish: { idleMs: 4000 } }, mesh);
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await member.stop();
});

/** A publisher of any protocol: how to send, how to stop, and how it was ended (null while it goes on). */
interface Publisher {
  send(...frames: readonly Frame[]): void;
  stop(): void;
  readonly end: () => string | number | null;
}

const tags = (frames: readonly Frame[]): Buffer =>
  Buffer.concat(frames.map(({ kind, timestampMs, payload }) => flvTag(kind, timestampMs, payload)));

async function overRtmp(to: TestMember, stream: string): Promise<Publisher> {
  const client = await RawRtmpClient.connected(to.rtmpPort);
  closers.push(() => client.close());
  client.publish(stream);
  await until(() => client.statuses.length > 0 || client.isClosed, 'the answer');
  return {
    send: (...frames) => {
      for (const { kind, timestampMs, payload } of frames)
        client.message(RTMP_TYPE[kind], payload, timestampMs);
    },
    stop: () => client.close(),
    end: () => (client.isClosed ? (client.statuses.at(-1) ?? 'closed') : null),
  };
}

async function overHttp(to: TestMember, stream: string): Promise<Publisher> {
  let end: string | number | null = null;
  const path = `/live/${encodeURIComponent(stream)}.flv`;
  const client: ClientRequest = request(
    { port: to.httpPort, host: '127.0.0.1', method: 'POST', path },
    (response) => {
      end = response.statusCode ?? 'answered';
      response.resume();
    },
  );
  client.on('error', () => {
    end ??= 'closed';
  });
  closers.push(() => client.destroy());
  client.write(flvHeader(BOTH_TRACKS));
  return {
    send: (...frames) => client.write(tags(frames)),
    stop: () => client.destroy(),
    end: () => end,
  };
}

async function overWebSocket(to: TestMember, stream: string): Promise<Publisher> {
  const path = `/live/${encodeURIComponent(stream)}.flv`;
  const client = new WebSocket(`ws://127.0.0.1:${to.httpPort}${path}`, ['publisher']);
  let end: string | number | null = null;
  client.on('error', () => {});
  client.on('unexpected-response', (_request, response) => {
    end = response.statusCode ?? 'answered';
    client.terminate();
  });
  client.on('close', (code) => {
    end ??= code;
  });
  closers.push(() => client.terminate());
  await until(() => client.readyState !== client.CONNECTING, 'the upgrade');
  if (client.readyState === client.OPEN) client.send(flvHeader(BOTH_TRACKS));
  return {
    send: (...frames) => client.send(tags(frames)),
    stop: () => client.terminate(),
    end: () => end,
  };
}

const PROTOCOLS = [
  {
    name: 'RTMP',
    publish: overRtmp,
    taken: 'NetStream.Publish.BadName',
    edge: 'NetStream.Publish.BadName',
    disputed: 'NetStream.Publish.BadName',
    badName: 'NetStream.Publish.BadName',
  },
  { name: 'HTTP', publish: overHttp, taken: 409, edge: 403, disputed: 503, badName: 400 },
  { name: 'WebSocket', publish: overWebSocket, taken: 4409, edge: 4403, disputed: 4503, badName: 400 },
] as const;

const owned = (key: StreamKey = NAME) => mesh.owners(key).length === 1;

describe.each(PROTOCOLS)('a publisher over $name', ({ publish, taken, edge, disputed, badName }) => {
  it('owns the stream, tells what is in it, and no longer than its connection', async () => {
    const publisher = await publish(member, 's');
    publisher.send(...MEDIA);
    await until(() => mesh.owners(NAME)[0]?.claim.media.audio?.codec === 'aac', 'the claim with its media');
    expect(mesh.owners(NAME)[0]?.claim.media.video?.codec).toBe('h264');
    publisher.stop();
    await until(() => mesh.owners(NAME).length === 0, 'the release');
  });

  it.each(PROTOCOLS)('is refused where one over $name has the stream, which goes on', async (first) => {
    const owner = await first.publish(member, 's');
    owner.send(...MEDIA);
    await until(owned, 'the claim');
    const claim = mesh.owners(NAME)[0]?.claim;
    const second = await publish(member, 's');
    await until(() => second.end() !== null, 'the refusal');
    expect(second.end()).toBe(taken);
    const before = member.media.stream(NAME)?.bytesIn ?? 0;
    owner.send(INTER(40, 2));
    await until(() => (member.media.stream(NAME)?.bytesIn ?? 0) > before, 'the next frame of the first');
    expect(owner.end()).toBeNull();
    expect(mesh.owners(NAME)[0]?.claim.sinceMs).toBe(claim?.sinceMs);
  });

  it('is refused by an edge', async () => {
    const other = await startMember('e', { acceptsPublishers: false }, mesh);
    closers.push(() => other.stop());
    const publisher = await publish(other, 's');
    await until(() => publisher.end() !== null, 'the refusal');
    expect(publisher.end()).toBe(edge);
    expect(mesh.owners(NAME)).toEqual([]);
  });

  it('is refused while a twin of the member runs, and taken once it is gone', async () => {
    mesh.dispute('a', true);
    const publisher = await publish(member, 's');
    await until(() => publisher.end() !== null, 'the refusal');
    expect(publisher.end()).toBe(disputed);
    expect(mesh.owners(NAME)).toEqual([]);
    mesh.dispute('a', false);
    await publish(member, 's');
    await until(owned, 'the claim');
  });

  it('is refused under a bad name', async () => {
    const publisher = await publish(member, 'a b');
    await until(() => publisher.end() !== null, 'the refusal');
    expect(publisher.end()).toBe(badName);
    expect(member.media.streams()).toEqual([]);
  });

  it('is closed where it sends no media, and the stream is free again', async () => {
    const silent = await publish(member, 's');
    await until(owned, 'the claim');
    await until(() => silent.end() !== null, 'the close');
    expect(mesh.owners(NAME)).toEqual([]);
    const next = await publish(member, 's');
    next.send(...MEDIA);
    await until(owned, 'the next claim');
  });
});
