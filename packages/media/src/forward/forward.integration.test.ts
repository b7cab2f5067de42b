import { once } from 'node:events';
import { request } from 'node:http';
import type { GuardConfig } from '@headwater/guard';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { MediaOptions } from '../media-options.js';
import { RtmpClientSession } from '../protocols/rtmp/rtmp-client-session.js';
import { RtmpPublisher } from '../protocols/rtmp/rtmp-publisher.js';
import { parseRtmpUrl } from '../protocols/rtmp/rtmp-target.js';
import { FakeRtmpServer } from '../testing/fake-rtmp-server.js';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import { startMember, type TestMember } from '../testing/test-member.js';
import { flvHeader } from '../wire/flv/flv-header.js';
import { flvTag } from '../wire/flv/flv-tag.js';
import type { Frame } from '../wire/frame.js';

const NAME = '__defaultVhost__/live/s';
const KEYS = ['0a'.repeat(32)];
const FORWARD = { keepMs: 5000, keepBytesMax: 4_194_304, stallMs: 1000, lostMs: 1000 };

let mesh: MemoryMesh;
const members: TestMember[] = [];
const clients: { close(): unknown }[] = [];
const servers: FakeRtmpServer[] = [];

async function member(
  name: string,
  more: Partial<MediaOptions> = {},
  rules?: Partial<GuardConfig>,
): Promise<TestMember> {
  const started = await startMember(name, { forward: FORWARD, ...more }, mesh, { relayKeys: KEYS, ...rules });
  members.push(started);
  return started;
}

function edge(more: Partial<MediaOptions> = {}, rules?: Partial<GuardConfig>): Promise<TestMember> {
  mesh.setEdge('e');
  return member('e', { acceptsPublishers: false, ...more }, rules);
}

/** Publishes numbered pictures, a keyframe each ten. */
function numbered(send: (frame: Frame) => void) {
  let last = 0;
  for (const header of [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)]) send(header);
  return {
    send(count: number) {
      for (const end = last + count; last < end; last += 1) {
        const atMs = 1000 + last * 40;
        send(last % 10 === 0 ? KEY(atMs, last) : INTER(atMs, last));
        send(AUDIO(atMs + 10, last));
      }
    },
  };
}

async function encoder(to: TestMember, path = 'live/s') {
  const publisher = await RtmpPublisher.open(to.rtmp(path));
  clients.push(publisher);
  return Object.assign(
    numbered((frame) => publisher.send(frame)),
    { publisher },
  );
}

async function play(from: TestMember) {
  const frames: Frame[] = [];
  const session = new RtmpClientSession(
    {
      target: parseRtmpUrl(from.rtmp('live/s')),
      agent: 'test',
      deadlineMs: 10_000,
      limits: { messageBytesMax: 1_000_000, chunkStreamsMax: 64 },
    },
    {
      frame: (frame) => {
        if (frame.kind === 'video' && !frame.isHeader) frames.push(frame);
      },
      closed: () => {},
    },
  );
  clients.push(session);
  await session.play();
  return { frames, pictures: () => frames.map(({ payload }) => payload[5] ?? -1) };
}

type Source = { send(count: number): void };

async function sendUntil(source: Source, isTrue: () => boolean, what: string): Promise<void> {
  const timer = setInterval(() => source.send(1), 20);
  try {
    await until(() => isTrue() || undefined, what);
  } finally {
    clearInterval(timer);
  }
}

function expectExact({ frames, pictures }: Awaited<ReturnType<typeof play>>): void {
  const numbers = pictures();
  for (const [index, number] of numbers.entries()) {
    if (index === 0) continue;
    expect([index, number]).toEqual([index, ((numbers[index - 1] ?? 0) + 1) % 256]);
    const step = (frames[index]?.timestampMs ?? 0) - (frames[index - 1]?.timestampMs ?? 0);
    expect([index, step]).toEqual([index, 40]);
  }
}

const owners = () => mesh.owners(NAME).map(({ member: id }) => id);
const ownedBy = (...names: readonly string[]) =>
  until(() => owners().join() === names.join() || undefined, `owners ${names.join()}`);
const forwards = ({ media }: TestMember) => media.figures().totals.forwards;
const publishers = ({ media }: TestMember) =>
  [...media.clients()].filter(({ kind }) => kind === 'publish').map(({ view }) => view());

beforeEach(() => {
  mesh = new MemoryMesh();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(members.splice(0).map((one) => one.stop()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('a publisher that comes to an edge', () => {
  it('is closed where it sends headers alone, however often: that is no media', async () => {
    await member('a', { publish: { idleMs: 60_000 } });
    const e = await edge({ publish: { idleMs: 1000 } });
    const { publisher } = await encoder(e);
    await until(() => owners().length === 1 || undefined, 'the owner');
    const timer = setInterval(() => publisher.send(VIDEO_HEADER(1)), 50);
    await ownedBy();
    clearInterval(timer);
  });

  it('is published at an origin, which owns the stream; who plays from the edge gets it', async () => {
    const a = await member('a');
    const e = await edge();
    const source = await encoder(e);
    expect(owners()).toEqual(['a']);
    const player = await play(e);
    await sendUntil(source, () => player.frames.length > 20, 'pictures');
    expectExact(player);
    // As the publisher sent them.
    expect(player.frames[0]?.timestampMs).toBe(1000);
    expect(a.media.stream(NAME)?.publisher).toMatchObject({ agent: 'headwater forward (e)' });
    expect(publishers(e)).toMatchObject([{ key: NAME, state: 'publishing', forwardedTo: 'a' }]);
    expect(publishers(e)[0]?.bytes).toBeGreaterThan(0);
    expect(e.media.figures().totals.bytesIn?.publisher).toBe(publishers(e)[0]?.bytes);
    expect(e.media.load().publishers).toBe(1);
    expect(forwards(e)).toEqual({ started: 1, moved: 0, lost: 0, failed: 0 });
    await source.publisher.close();
    await ownedBy();
    expect([e.media.load().publishers, e.log.of('publish ended').length]).toEqual([0, 1]);
  });

  it('loses nothing that it sent before it was answered', async () => {
    const a = await member('a');
    const e = await edge();
    const client = await RawRtmpClient.connected(e.rtmpPort);
    clients.push(client);
    client.publish('s');
    const type = { audio: 8, video: 9, data: 18 } as const;
    const source = numbered(({ kind, payload, timestampMs }) =>
      client.message(type[kind], payload, timestampMs),
    );
    source.send(3);
    await client.status('NetStream.Publish.Start');
    await until(() => a.media.stream(NAME)?.media.video?.codec, 'the headers');
    const player = await play(a);
    await until(() => player.frames.length >= 3 || undefined, 'the pictures');
    expect(player.pictures()).toEqual([0, 1, 2]);
  });

  it.each(['http-flv', 'ws-flv'] as const)('by %s is forwarded as well', async (protocol) => {
    const a = await member('a');
    const e = await edge();
    const end = await flvPublisher(e, protocol);
    const player = await play(a);
    await sendUntil(end.source, () => player.frames.length > 12, 'pictures');
    expectExact(player);
    expect(publishers(e)).toMatchObject([{ protocol, forwardedTo: 'a' }]);
    end.close();
    await ownedBy();
  });

  it('goes to the origin that has not got the stream, for hot backup', async () => {
    await Promise.all([member('a'), member('b')]);
    const e = await edge();
    await Promise.all([encoder(e), encoder(e)]);
    expect(new Set(owners())).toEqual(new Set(['a', 'b']));
    const third = await RawRtmpClient.connected(e.rtmpPort);
    clients.push(third);
    third.publish('s');
    const { description } = await third.status('NetStream.Publish.BadName');
    expect(description).toContain('on this origin already');
  });
});

/** A publisher over HTTP. */
async function flvPublisher(to: TestMember, protocol: 'http-flv' | 'ws-flv') {
  const tag = ({ kind, timestampMs, payload }: Frame) => flvTag(kind, timestampMs, payload);
  if (protocol === 'ws-flv') {
    const socket = new WebSocket(`ws://127.0.0.1:${to.httpPort}/live/s.flv`, 'publisher');
    clients.push(socket);
    await once(socket, 'open');
    socket.send(flvHeader({ audio: true, video: true }));
    return {
      source: numbered((frame) => socket.send(tag(frame))),
      close: () => socket.close(),
      status: once(socket, 'close').then(([code]) => code as number),
    };
  }
  const req = request({ port: to.httpPort, host: '127.0.0.1', path: '/live/s.flv', method: 'POST' });
  clients.push({ close: () => req.destroy() });
  req.on('error', () => {});
  req.write(flvHeader({ audio: true, video: true }));
  const status = once(req, 'response').then(([response]) => (response as { statusCode: number }).statusCode);
  // Who publishes well may be gone without an answer; only who awaits one minds.
  status.catch(() => {});
  return {
    source: numbered((frame) => req.write(tag(frame))),
    close: () => req.end(),
    status,
  };
}

describe('an edge refuses a publisher', () => {
  it('where there is no origin, with words', async () => {
    const e = await edge();
    const client = await RawRtmpClient.connected(e.rtmpPort);
    client.publish('s');
    const { description } = await client.status('NetStream.Publish.BadName');
    expect(description).toContain('no origin takes the stream at the moment');
    await client.closed();
    expect((await (await flvPublisher(e, 'http-flv')).status) as number).toBe(503);
    expect(await (await flvPublisher(e, 'ws-flv')).status).toBe(4503);
    expect(e.log.of('publish refused').map(({ reason }) => reason)).toEqual(Array(3).fill('no-origin'));
  });

  it('where the origin does, in its words', async () => {
    const policy = { publish: { idleMs: 60_000, policy: 'reject' } } as const;
    await Promise.all([member('a', policy), member('b', policy)]);
    const e = await edge(policy);
    await encoder(e);
    const client = await RawRtmpClient.connected(e.rtmpPort);
    client.publish('s');
    const { description } = await client.status('NetStream.Publish.BadName');
    expect(description).toContain('publish.policy lets only one');
    expect(await (await flvPublisher(e, 'http-flv')).status).toBe(409);
    expect(await (await flvPublisher(e, 'ws-flv')).status).toBe(4409);
    expect(owners()).toHaveLength(1);
  });

  it('where forwarding is off, and what is forwarded in any case', async () => {
    mesh.setEdge('off');
    const off = await startMember('off', { acceptsPublishers: false }, mesh);
    members.push(off);
    await member('a');
    const e = await edge();
    const plain = await RawRtmpClient.connected(off.rtmpPort);
    plain.publish('s');
    await plain.status('NetStream.Publish.BadName');
    // Its proof says so, and it is none: a client's own.
    const marked = await RawRtmpClient.connected(e.rtmpPort);
    clients.push(marked);
    marked.publish('s?headwater=forward&proof=1');
    await marked.status('NetStream.Publish.Start');
    expect(e.log.of('forward not believed')).toHaveLength(1);
  });
});

describe('the rules of an edge', () => {
  const nobody = { publish: [{ kind: 'deny', addresses: ['all'], required: false }] } as const;

  it('count for what it forwards, proven by the mesh key, and those of the origin do not', async () => {
    const a = await member('a', {}, nobody);
    const e = await edge();
    await encoder(e);
    expect(owners()).toEqual(['a']);
    await expect(RtmpPublisher.open(a.rtmp('live/t'))).rejects.toMatchObject({ code: 'refused' });
  });

  it('do not count where the proof is by another key', async () => {
    const a = await member('a', {}, { ...nobody, relayKeys: ['0b'.repeat(32)] });
    const e = await edge();
    await expect(RtmpPublisher.open(e.rtmp('live/s'))).rejects.toMatchObject({
      message: expect.stringContaining('address-denied'),
    });
    expect(a.log.of('forward not believed')).toMatchObject([{ reason: 'invalid' }]);
  });
});

describe('when the origin goes', () => {
  it('another one goes on', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')];
    mesh.setFull('c', true);
    const e = await edge();
    const source = await encoder(e);
    const [player, atEdge] = [await play(c), await play(e)];
    await sendUntil(source, () => player.frames.length > 15 && atEdge.frames.length > 15, 'pictures');
    const [first, second] = owners()[0] === 'a' ? [a, b] : [b, a];
    await first.stop();
    mesh.drop(first.name);
    await sendUntil(source, () => player.frames.length > 60 && atEdge.frames.length > 60, 'more');
    expectExact(player);
    expectExact(atEdge);
    expect(owners()).toEqual([second.name]);
    expect(e.log.of('forward moved')).toMatchObject([{ origin: second.name, from: first.name }]);
    expect(forwards(e)).toMatchObject({ started: 1, moved: 1, lost: 1 });
  });

  it('since it drains, the other one has the stream before that one is left', async () => {
    const policy = { publish: { idleMs: 60_000, policy: 'reject' } } as const;
    const [a, b, c] = [await member('a', policy), await member('b', policy), await member('c', policy)];
    mesh.setFull('c', true);
    const e = await edge(policy);
    const source = await encoder(e);
    const player = await play(c);
    await sendUntil(source, () => player.frames.length > 15, 'pictures');
    const [first, second] = owners()[0] === 'a' ? [a, b] : [b, a];
    mesh.setDraining(first.name, true);
    first.media.refusePublishers();
    first.media.askPublishersToReconnect();
    await sendUntil(source, () => owners().join() === second.name, 'the move');
    await sendUntil(source, () => player.frames.length > 60, 'more');
    expectExact(player);
    expect(e.log.of('forward moved')).toMatchObject([{ reason: 'draining' }]);
    expect(e.log.of('forward lost its origin')).toEqual([]);
  });

  it('since it kicks the publisher, that one is closed', async () => {
    const a = await member('a');
    await member('b');
    mesh.setFull('b', true);
    const e = await edge();
    const { publisher } = await encoder(e);
    mesh.setFull('b', false);
    expect(a.media.kick(publishers(a)[0]?.id ?? '')).toBe(true);
    await publisher.ended;
    expect(e.log.of('publish ended')).toMatchObject([{ reason: 'kicked' }]);
    expect(owners()).toEqual([]);
  });

  it('and no other one is there, the publisher stays for a while', async () => {
    const a = await member('a');
    const e = await edge();
    const { publisher } = await encoder(e);
    await a.stop();
    mesh.setFull('a', true);
    await publisher.ended;
    expect(e.log.of('publish ended')).toMatchObject([{ reason: 'no-origin' }]);
  });

  it('to another publisher by takeover, it is not taken back', async () => {
    const policy = { publish: { idleMs: 60_000, policy: 'takeover' } } as const;
    await Promise.all([member('a', policy), member('b', policy)]);
    const e = await edge(policy);
    const [first, second] = [await encoder(e), await encoder(e)];
    await first.publisher.ended;
    expect([owners().length, second.publisher.isEnded]).toEqual([1, false]);
    expect(e.log.of('publish ended')).toMatchObject([{ reason: 'taken-over' }]);
  });
});

/** An origin that takes the publish, and is not there any more after that. */
async function deafOrigin(name: string, then: (server: FakeRtmpServer) => void): Promise<FakeRtmpServer> {
  const server: FakeRtmpServer = await FakeRtmpServer.open((connection) => {
    connection.serve({ level: 'status', code: 'NetStream.Publish.Start' });
    const { onCommand } = connection;
    connection.onCommand = (command, ...rest) => {
      onCommand(command, ...rest);
      if (command === 'publish') then(server);
    };
  });
  servers.push(server);
  mesh.host(name);
  mesh.setPorts(name, server.port, 1);
  return server;
}

describe('an origin that hangs is left', () => {
  it('where it gives no sign of life, and the next one gets what was sent to it', async () => {
    await deafOrigin('deaf', () => {});
    const b = await member('b');
    mesh.setFull('b', true);
    const e = await edge();
    const source = await encoder(e);
    mesh.setFull('b', false);
    source.send(30);
    await until(() => e.log.of('forward moved').length > 0 || undefined, 'the move');
    expect(e.log.of('forward moved')).toMatchObject([{ from: 'deaf', reason: 'stalled' }]);
    expect(Number(e.log.of('forward moved')[0]?.framesSent)).toBeGreaterThanOrEqual(60);
    await ownedBy('b');
    const player = await play(b);
    await until(() => player.frames.length > 0 || undefined, 'frames');
    expect(player.pictures()[0]).toBe(20);
  });

  it('where it reads too little, without the edge growing by what waits', async () => {
    const deaf = await deafOrigin('deaf', (server) => {
      for (const { socket } of server.connections) socket.pause();
    });
    await member('b');
    mesh.setFull('b', true);
    const keep = 262_144;
    const e = await edge({ forward: { ...FORWARD, keepBytesMax: keep, stallMs: 60_000, lostMs: 60_000 } });
    const { publisher } = await encoder(e);
    mesh.setFull('b', false);
    for (let index = 0; index < 400 && owners().length === 0; index += 1) {
      publisher.send(KEY(5000 + index * 40, index, 100_000));
      await publisher.drained();
    }
    await ownedBy('b');
    expect(e.log.of('forward lost its origin')).toMatchObject([{ text: expect.stringContaining('less') }]);
    expect(deaf.connections).toHaveLength(1);
  });
});

describe('an origin that drains and forwards', () => {
  it('takes publishers that come for another one, and hands over those that are there', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')];
    mesh.setFull('c', true);
    const source = await encoder(a);
    const [player, here] = [await play(c), await play(a)];
    await sendUntil(source, () => player.frames.length > 15 && here.frames.length > 15, 'pictures');
    mesh.setDraining('a', true);
    a.media.refusePublishers(true);
    a.media.askPublishersToReconnect();
    const late = await encoder(a, 'live/late');
    expect(mesh.owners('__defaultVhost__/live/late').map(({ member: id }) => id)).toEqual(['b']);
    a.media.closePublishers('others');
    await sendUntil(source, () => owners().join() === 'b', 'the other one to have it');
    a.media.closePublishers('all');
    const before = player.frames.length;
    await sendUntil(source, () => player.frames.length > before + 30 && here.frames.length > 60, 'more');
    expectExact(player);
    expectExact(here);
    expect([source.publisher.isEnded, late.publisher.isEnded]).toEqual([false, false]);
    expect(a.media.load().publishers).toBe(2);
    expect(a.media.figures().gauges.forwards).toEqual({ '': 2 });
    expect(a.log.of('publish ended').map(({ reason }) => reason)).toEqual(['forwarded']);
    await source.publisher.close();
    await ownedBy();
    expect(b.media.stream(NAME)?.source ?? 'none').toBe('none');
  });

  it('closes in the end whom no other one takes', async () => {
    const a = await member('a');
    const source = await encoder(a);
    source.send(5);
    mesh.setDraining('a', true);
    a.media.refusePublishers(true);
    a.media.closePublishers('others');
    expect(source.publisher.isEnded).toBe(false);
    a.media.closePublishers('all');
    await source.publisher.ended;
    expect(a.media.load().publishers).toBe(0);
  });

  it('forwards nothing that an edge forwards', async () => {
    const [a] = [await member('a'), await member('b')];
    mesh.setFull('b', true);
    const e = await edge();
    await encoder(e);
    mesh.setFull('b', false);
    mesh.setDraining('a', true);
    a.media.refusePublishers(true);
    a.media.closePublishers('others');
    await ownedBy('b');
    expect(a.media.figures().gauges.forwards).toEqual({ '': 0 });
    expect(e.log.of('forward moved')).toMatchObject([{ from: 'a', origin: 'b' }]);
  });
});
