import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { startMember, type TestMember } from '../../testing/test-member.js';
import { type AmfValue, amfObject, decodeAmf0, encodeAmf0 } from '../../wire/rtmp/amf0.js';
import { chunkMessage } from '../../wire/rtmp/chunk-writer.js';
import { ACTIVITIES_MAX } from './rtmp-session.js';

const KEY_S = '__defaultVhost__/live/s';
const SRS_ARGS = {
  srs_sig: 'SRS',
  srs_server: 'SRS/6.0.157',
  srs_version: '6.0.157',
  srs_server_ip: '10.0.0.1',
};
const { limits } = mediaOptions('a');

let mesh: MemoryMesh;
let member: TestMember;
const clients: RawRtmpClient[] = [];

async function connected(app?: string, args?: readonly (typeof SRS_ARGS)[]): Promise<RawRtmpClient> {
  const client = await RawRtmpClient.connected(member.rtmpPort, app, {}, args);
  clients.push(client);
  return client;
}

async function publisher(stream = 's'): Promise<RawRtmpClient> {
  const client = await connected();
  client.publish(stream);
  await client.status('NetStream.Publish.Start');
  return client;
}

function sendMedia(client: RawRtmpClient, startMs = 0, frames = 3): void {
  for (const frame of [METADATA(), VIDEO_HEADER(), AUDIO_HEADER(), KEY(startMs, 1)]) {
    client.message(
      frame.kind === 'video' ? 9 : frame.kind === 'audio' ? 8 : 18,
      frame.payload,
      frame.timestampMs,
    );
  }
  for (let i = 1; i < frames; i += 1) client.message(9, INTER(0, i + 1).payload, startMs + i * 40);
}

const mediaOf = (client: RawRtmpClient) => client.messages.filter(({ type }) => type === 8 || type === 9);

beforeEach(async () => {
  mesh = new MemoryMesh();
  // Nothing ends by being late on a busy machine; tests of that have a member of their own.
  member = await startMember('a', { limits: { ...limits, handshakeMs: 600_000 } }, mesh);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await member.stop();
});

describe('a publisher and its players', () => {
  it('are joined: headers, keyframe, frames, on stream 1', async () => {
    const source = await publisher();
    sendMedia(source);
    const player = await connected();
    player.play('s');
    await until(() => mediaOf(player).length >= 5, 'media');
    expect(mediaOf(player).map(({ type, streamId, payload }) => [type, streamId, payload[1]])).toEqual([
      [9, 1, 0],
      [8, 1, 0],
      [9, 1, 1],
      [9, 1, 1],
      [9, 1, 1],
    ]);
    expect(player.statuses).toEqual(['NetStream.Play.Reset', 'NetStream.Play.Start']);
    const metadata = player.messages.filter(({ type }) => type === 18).at(-1);
    expect(decodeAmf0(metadata?.payload ?? Buffer.alloc(0))[0]).toBe('onMetaData');
  });

  it('answer in the order of SRS', async () => {
    await publisher();
    const player = await connected();
    player.play('s');
    await until(() => player.messages.some(({ type }) => type === 18), 'sample access');
    const types = player.messages.map(({ chunkStream, type }) => `${chunkStream}:${type}`);
    expect(types).toEqual(['2:5', '2:6', '2:1', '3:20', '3:20', '3:20', '2:4', '5:20', '5:20', '5:18']);
  });

  it('end with the connection: released at once, players wait and go on', async () => {
    const source = await publisher();
    sendMedia(source, 1000);
    const player = await connected();
    player.play('s');
    await until(() => mediaOf(player).length >= 5, 'media');
    source.close();
    await until(() => mesh.owners(KEY_S).length === 0, 'the release');
    const again = await publisher();
    sendMedia(again, 5);
    await until(() => mediaOf(player).length >= 10, 'media of the second publisher');
    const times = mediaOf(player).map(({ timestampMs }) => timestampMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(player.isClosed).toBe(false);
  });

  it('end with deleteStream, and the connection may publish again', async () => {
    const source = await publisher();
    source.command(0, 'deleteStream', 0, null, 1);
    await until(() => mesh.owners(KEY_S).length === 0, 'the release');
    source.publish('s');
    await until(() => mesh.owners(KEY_S).length === 1, 'the second claim');
  });

  it('refuse a second publisher with BadName, the first undisturbed', async () => {
    const first = await publisher();
    const second = await connected();
    second.publish('s');
    const status = await second.status('NetStream.Publish.BadName');
    expect(status).toMatchObject({ level: 'error', description: expect.stringContaining('already') });
    await second.closed();
    sendMedia(first);
    await until(() => (member.media.stream(KEY_S)?.bytesIn ?? 0) > 0, 'media of the first');
    expect(mesh.owners(KEY_S)).toHaveLength(1);
  });
});

describe('a play before the publish', () => {
  it('waits, answered, and goes on', async () => {
    const player = await connected();
    player.play('s?token=x');
    await player.status('NetStream.Play.Start');
    expect(member.media.stream(KEY_S)?.players).toMatchObject([
      { state: 'waiting', agent: 'raw-test-client' },
    ]);
    sendMedia(await publisher());
    await until(() => mediaOf(player).length >= 5, 'media');
  });

  it('ends with StreamNotFound at the limit', async () => {
    const { play } = mediaOptions('x');
    const short = await startMember('short', { play: { ...play, waitMs: 200 } });
    const player = await RawRtmpClient.connected(short.rtmpPort);
    player.play('s');
    expect(await player.status('NetStream.Play.StreamNotFound')).toMatchObject({ level: 'error' });
    await player.closed();
    await short.stop();
  });
});

describe('a redirect', () => {
  const elsewhere = () => {
    const b = mesh.host('b');
    mesh.setPorts('b', 19352, 19353);
    b.claim({ key: KEY_S, sinceMs: 1, media: {} });
    return b;
  };

  it('of an SRS edge is SRS’s, on stream 0 after Play.Start', async () => {
    elsewhere();
    const edge = await connected('live', [SRS_ARGS]);
    edge.play('s');
    const status = await edge.status('NetConnection.Connect.Rejected');
    expect(edge.statuses).toEqual([
      'NetStream.Play.Reset',
      'NetStream.Play.Start',
      'NetConnection.Connect.Rejected',
    ]);
    expect(amfObject(status.ex)).toEqual(
      Object.assign(Object.create(null), {
        code: 302,
        redirect: 'rtmp://127.0.0.1:19352/live',
        redirect2: 'rtmp://127.0.0.1:19352/live/s',
      }),
    );
    const last = edge.messages.at(-1);
    expect([last?.streamId, last?.chunkStream]).toEqual([0, 5]);
    await edge.closed();
    expect(member.log.of('play routed')).toMatchObject([
      {
        route: 'redirect',
        reason: 'client-follows-redirects',
        key: KEY_S,
        agent: 'SRS/6.0.157',
        protocol: 'rtmp',
      },
    ]);
  });

  it('reaches an edge that waited', async () => {
    const edge = await connected('live', [SRS_ARGS]);
    edge.play('s');
    await edge.status('NetStream.Play.Start');
    elsewhere();
    await edge.status('NetConnection.Connect.Rejected');
    await edge.closed();
  });

  it('is not given to others', async () => {
    elsewhere();
    const player = await connected();
    player.play('s');
    await until(() => member.log.of('play routed').length === 1, 'the route');
    expect(member.log.of('play routed')).toMatchObject([
      { route: 'relay', reason: 'client-follows-no-redirects' },
    ]);
    expect(player.statuses).not.toContain('NetConnection.Connect.Rejected');
  });
});

describe('a connection', () => {
  it('is acknowledged by the window that the client tells', async () => {
    const client = await publisher();
    client.message(5, Buffer.from('00001388', 'hex'), 0, 0, 2);
    const acks = () =>
      client.messages.filter(({ type }) => type === 3).map(({ payload }) => payload.readUInt32BE());
    for (let count = 1; count <= 3; count += 1) {
      client.message(9, KEY(count, 1, 5000).payload, count);
      await until(() => acks().length === count, 'an acknowledgement');
    }
    const [first = 0, , third = 0] = acks();
    expect(third - first).toBeGreaterThanOrEqual(10_000);
  });

  it('is answered its pings', async () => {
    const client = await connected();
    client.message(4, Buffer.from('00060a0b0c0d', 'hex'), 0, 0, 2);
    await until(
      () =>
        client.messages.some(({ type, payload }) => type === 4 && payload.toString('hex') === '00070a0b0c0d'),
      'the pong',
    );
  });

  it('is answered what old clients ask', async () => {
    const client = await connected();
    for (const [i, name] of ['releaseStream', 'FCPublish', 'getStreamLength', '_checkbw'].entries()) {
      client.command(0, name, 10 + i, null, 's');
      await client.answer('_result', 10 + i);
    }
    client.command(0, 'noSuchThing', 20, null);
    await client.answer('_error', 20);
  });
});

describe('bad input ends its own session alone', () => {
  let bystander: RawRtmpClient;
  beforeEach(async () => {
    bystander = await publisher('bystander');
  });
  afterEach(async () => {
    const before = member.media.stream('__defaultVhost__/live/bystander')?.bytesIn ?? 0;
    bystander.message(9, KEY(1000).payload, 1000);
    await until(
      () => (member.media.stream('__defaultVhost__/live/bystander')?.bytesIn ?? 0) > before,
      'the bystander’s media',
    );
  });

  const closedFor = async (reason: string) => {
    await until(() => member.log.of('connection closed').some((line) => line.reason === reason), reason);
  };

  it('garbage instead of a handshake', async () => {
    const client = await RawRtmpClient.open(member.rtmpPort);
    client.write(Buffer.from('GET /live/s HTTP/1.1\r\nHost: x\r\n\r\n'));
    await client.closed();
    await closedFor('not-rtmp');
  });

  it('garbage after the handshake', async () => {
    const client = await RawRtmpClient.shaken(member.rtmpPort);
    client.write(Buffer.alloc(5000, 0xff));
    await client.closed();
  });

  it('nothing at all, and a handshake without a command', async () => {
    const hasty = await startMember('hasty', { limits: { ...limits, handshakeMs: 1000 } });
    const silent = await RawRtmpClient.open(hasty.rtmpPort);
    const shaken = await RawRtmpClient.shaken(hasty.rtmpPort);
    await Promise.all([silent.closed(), shaken.closed()]);
    const reasons = () => hasty.log.of('connection closed').map(({ reason }) => reason);
    await until(() => reasons().length === 2, 'both reasons');
    expect(reasons().sort()).toEqual(['command-deadline', 'handshake-deadline']);
    await hasty.stop();
  });

  it.each<[string, AmfValue[]]>([
    ['no command object', ['connect', 1]],
    ['null for it', ['connect', 1, null]],
    ['no tcUrl that is a URL', ['connect', 1, { app: 'live', tcUrl: 'x' }]],
    ['names that are no text', ['connect', 1, { app: { a: 1 }, tcUrl: 5 }]],
    ['no transaction', ['connect']],
  ])('connect with %s', async (_name, values) => {
    const client = await RawRtmpClient.shaken(member.rtmpPort);
    client.message(20, encodeAmf0(...values), 0, 0);
    const [, , , info] = await client.answer('_error');
    expect(amfObject(info)).toMatchObject({ level: 'error', code: 'NetConnection.Connect.Rejected' });
    await client.closed();
    await closedFor('connect-invalid');
  });

  it.each<[string, Buffer]>([
    ['ends early', Buffer.from('02ffff', 'hex')],
    ['has no name', encodeAmf0(5, 5)],
    ['is nested without end', Buffer.from('03000161'.repeat(5000), 'hex')],
    ['counts four billion items', Buffer.from('0200017800000000000000000' + '0' + '0affffffff05', 'hex')],
    ['is empty', Buffer.alloc(0)],
    ['has an unknown type', Buffer.from('44', 'hex')],
  ])('a command that %s', async (_name, payload) => {
    const client = await connected();
    client.message(20, payload);
    client.message(20, Buffer.of(0));
    await client.closed();
  });

  it('play before connect', async () => {
    const client = await RawRtmpClient.shaken(member.rtmpPort);
    client.play('s');
    await client.closed();
    await closedFor('connect-missing');
  });

  it.each(['', 'a b', '../../etc', 'a\u0000', 'x'.repeat(300)])('stream name %j', async (name) => {
    const source = await connected();
    source.publish(name);
    expect(await source.status('NetStream.Publish.BadName')).toMatchObject({
      description: expect.stringContaining('stream'),
    });
    await source.closed();
    const player = await connected();
    player.play(name);
    expect(await player.status('NetStream.Play.Failed')).toMatchObject({
      description: expect.stringContaining('stream'),
    });
    await player.closed();
  });

  it('a stream name that is no text', async () => {
    const client = await connected();
    client.command(1, 'publish', 0, null, { evil: true });
    await client.status('NetStream.Publish.BadName');
    await client.closed();
  });

  it('a message over the limit, from a publisher: released at once', async () => {
    const client = await publisher();
    client.write(Buffer.from('04000000' + 'ffffff' + '09' + '01000000' + '1700', 'hex'));
    await until(() => mesh.owners(KEY_S).length === 0, 'the release');
    await client.closed();
    await closedFor('message-too-large');
  });

  it('a publisher that sends no media', async () => {
    const hasty = await startMember('hasty', { publish: { idleMs: 1000 } }, mesh);
    const client = await RawRtmpClient.connected(hasty.rtmpPort);
    client.publish('s');
    await client.closed();
    await until(
      () => hasty.log.of('connection closed').some(({ reason }) => reason === 'idle'),
      'the reason',
    );
    expect(mesh.owners(KEY_S)).toEqual([]);
    await hasty.stop();
  });

  it('publishing and publishing', async () => {
    const client = await connected();
    for (let i = 0; i <= ACTIVITIES_MAX; i += 1) client.publish(`s${i}`);
    await client.closed();
    await closedFor('activities-max');
    await until(
      () => mesh.owners(`__defaultVhost__/live/s${ACTIVITIES_MAX - 1}`).length === 0,
      'the release',
    );
  });
});

describe('a client that asks and asks without reading', () => {
  it('is cut off', async () => {
    // The kernel takes megabytes of answers before any waits here; a busy machine needs longer than the others' deadline.
    const patient = await startMember('patient', { limits: { ...limits, handshakeMs: 25_000 } });
    const client = await RawRtmpClient.connected(patient.rtmpPort);
    client.pause();
    const payload = encodeAmf0('noSuchThing', 1, null);
    const question = chunkMessage({ chunkStream: 3, type: 20, timestampMs: 0, streamId: 0, payload }, 128);
    const questions = Buffer.concat(Array.from({ length: 5000 }, () => question));
    const closed = () => patient.log.of('connection closed').map(({ reason }) => reason);
    await until(() => {
      client.write(questions);
      return closed().length > 0;
    }, 'the end of our patience');
    expect(closed()).toEqual(['answers-unread']);
    client.close();
    await patient.stop();
  });
});

describe('limits on connections', () => {
  it('refuse one more, and take again when one left', async () => {
    const tight = await startMember('tight', { limits: { ...limits, connectionsPerAddressMax: 2 } });
    const first = await RawRtmpClient.connected(tight.rtmpPort);
    const second = await RawRtmpClient.connected(tight.rtmpPort);
    const third = await RawRtmpClient.open(tight.rtmpPort);
    await third.closed();
    expect(tight.log.of('connection refused')).toMatchObject([{ reason: 'connections-per-address-max' }]);
    first.close();
    await until(async () => {
      const next = await RawRtmpClient.open(tight.rtmpPort);
      next.write(Buffer.alloc(1537, 3));
      await until(() => next.isShaken || next.isClosed, 'an answer');
      const isIn = next.isShaken;
      next.close();
      return isIn;
    }, 'a free place');
    second.close();
    await tight.stop();
  });

  it('an edge takes no publisher', async () => {
    const edge = await startMember('edge', { acceptsPublishers: false });
    const client = await RawRtmpClient.connected(edge.rtmpPort);
    client.publish('s');
    expect(await client.status('NetStream.Publish.BadName')).toMatchObject({
      description: expect.stringContaining('edge'),
    });
    await client.closed();
    await edge.stop();
  });
});
