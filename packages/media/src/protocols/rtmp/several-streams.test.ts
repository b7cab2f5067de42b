import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { startMember, type TestMember } from '../../testing/test-member.js';
import { amfObject, decodeAmf0 } from '../../wire/rtmp/amf0.js';
import { STREAMS_MAX } from './message-streams.js';

const { limits } = mediaOptions('a');
const key = (stream: string) => `__defaultVhost__/live/${stream}`;

let mesh: MemoryMesh;
let member: TestMember;
const clients: RawRtmpClient[] = [];

beforeEach(async () => {
  mesh = new MemoryMesh();
  const apps = { taken: { publish: { policy: 'takeover' } } } as const;
  member = await startMember('a', { limits: { ...limits, handshakeMs: 600_000 }, apps }, mesh);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await member.stop();
});

async function connected(app = 'live'): Promise<RawRtmpClient> {
  const client = await RawRtmpClient.connected(member.rtmpPort, app);
  clients.push(client);
  return client;
}

/** One more stream beside the first, which `connected` made. */
async function createStream(client: RawRtmpClient, transaction: number): Promise<number> {
  client.command(0, 'createStream', transaction, null);
  const [, , , id] = await client.answer('_result', transaction);
  return Number(id);
}

/** Every `onStatus` that came on this message stream. */
const statusesOf = (client: RawRtmpClient, id: number): string[] =>
  client.messages
    .filter(({ type, streamId }) => type === 20 && streamId === id)
    .map(({ payload }) => decodeAmf0(payload))
    .filter(([name]) => name === 'onStatus')
    .map((values) => String(amfObject(values[3])?.code));

const status = (client: RawRtmpClient, id: number, code: string) =>
  until(
    () => statusesOf(client, id).includes(code),
    `${code} on stream ${id}, got ${statusesOf(client, id)}`,
  );

async function publishOn(client: RawRtmpClient, id: number, stream: string): Promise<void> {
  client.command(id, 'publish', 0, null, stream, 'live');
  await status(client, id, 'NetStream.Publish.Start');
}

/** Two publishes on one connection: `s1` on stream 1, `s2` on stream 2. */
async function multiBitrate(app?: string): Promise<RawRtmpClient> {
  const client = await connected(app);
  expect(await createStream(client, 3)).toBe(2);
  await publishOn(client, 1, 's1');
  await publishOn(client, 2, 's2');
  return client;
}

const isOwned = (stream: string) => mesh.owners(key(stream)).length === 1;

/** Waits until all that this client said before was dealt with. */
async function settled(client: RawRtmpClient, transaction: number): Promise<void> {
  client.command(0, '_checkbw', transaction, null);
  await client.answer('_result', transaction);
}

async function player(stream: string): Promise<RawRtmpClient> {
  const client = await connected();
  client.play(stream);
  await client.status('NetStream.Play.Start');
  return client;
}

/** The numbers of the pictures that came. */
const ids = (client: RawRtmpClient) =>
  client.messages
    .filter(({ type, payload }) => type === 9 && payload[1] === 1)
    .map(({ payload }) => payload[5]);

function send(client: RawRtmpClient, streamId: number, id: number): void {
  client.message(9, VIDEO_HEADER(id).payload, id, streamId);
  client.message(9, KEY(id, id).payload, id, streamId);
}

describe('several publishes on one connection', () => {
  it('get their own frames, and every player the stream it asked for', async () => {
    const source = await multiBitrate();
    const players = [await player('s1'), await player('s2')];
    send(source, 1, 1);
    send(source, 2, 2);
    send(source, 1, 11);
    send(source, 2, 12);
    await until(() => players.every((each) => ids(each).length === 2), 'pictures of both');
    expect(players.map(ids)).toEqual([
      [1, 11],
      [2, 12],
    ]);
  });

  it('share no frames on an id that could mean either', async () => {
    const source = await multiBitrate();
    const players = [await player('s1'), await player('s2')];
    send(source, 0, 9);
    send(source, 77, 9);
    send(source, 1, 1);
    send(source, 2, 2);
    await until(() => players.every((each) => ids(each).length === 1), 'pictures of both');
    expect(players.map(ids)).toEqual([[1], [2]]);
  });

  it.each<[string, (client: RawRtmpClient) => void]>([
    ['deleteStream', (client) => client.command(0, 'deleteStream', 0, null, 1)],
    ['closeStream', (client) => client.command(1, 'closeStream', 0, null)],
    ['FCUnpublish', (client) => client.command(0, 'FCUnpublish', 0, null, 's1')],
    ['FCUnpublish with a query', (client) => client.command(0, 'FCUnpublish', 0, null, 's1?token=x')],
    ['a publish of a bad name', (client) => client.command(1, 'publish', 0, null, 'a b')],
  ])('end one by one: %s', async (_what, end) => {
    const source = await multiBitrate();
    const watcher = await player('s2');
    end(source);
    await until(() => !isOwned('s1'), 'the release');
    // What is still on its way for the one that ended is not the other's.
    send(source, 1, 9);
    send(source, 2, 2);
    await until(() => ids(watcher).length === 1, 'the picture of the other');
    expect(ids(watcher)).toEqual([2]);
    expect(isOwned('s2')).toBe(true);
    await settled(source, 50);
    expect(source.isClosed).toBe(false);
  });

  it('leave alone what a command does not name', async () => {
    const source = await multiBitrate();
    source.command(0, 'deleteStream', 0, null, 99);
    source.command(0, 'deleteStream', 0, null, 0);
    source.command(0, 'closeStream', 0, null);
    source.command(0, 'FCUnpublish', 0, null, 'other');
    source.command(0, 'FCUnpublish', 0, null);
    await settled(source, 50);
    expect([isOwned('s1'), isOwned('s2')]).toEqual([true, true]);
  });

  it('end together with the connection', async () => {
    const source = await multiBitrate();
    source.close();
    await until(() => !isOwned('s1') && !isOwned('s2'), 'both releases');
  });

  it('are refused one by one, with words on their stream', async () => {
    const other = await connected();
    await publishOn(other, 1, 's2');
    const source = await connected();
    await createStream(source, 3);
    await publishOn(source, 1, 's1');
    source.command(2, 'publish', 0, null, 's2', 'live');
    await status(source, 2, 'NetStream.Publish.BadName');
    await settled(source, 50);
    expect(source.isClosed).toBe(false);
    expect(isOwned('s1')).toBe(true);
    // The stream is free for another try.
    await publishOn(source, 2, 's3');
  });

  it('lose one to a takeover, and the connection only with the last', async () => {
    const source = await multiBitrate('taken');
    const taker = await connected('taken');
    await publishOn(taker, 1, 's1');
    await status(source, 1, 'NetStream.Publish.BadName');
    send(source, 2, 2);
    const view = () => member.media.stream('__defaultVhost__/taken/s2');
    await until(() => (view()?.bytesIn ?? 0) > 0, 'media of the other');
    expect(source.isClosed).toBe(false);
    const last = await connected('taken');
    await publishOn(last, 1, 's2');
    await status(source, 2, 'NetStream.Publish.BadName');
    await source.closed();
  });

  it('may take a name from each other', async () => {
    const source = await multiBitrate('taken');
    source.command(2, 'publish', 0, null, 's1', 'live');
    await status(source, 1, 'NetStream.Publish.BadName');
    await until(() => statusesOf(source, 2).length === 2, 'the second start');
    expect(statusesOf(source, 2)).toEqual(['NetStream.Publish.Start', 'NetStream.Publish.Start']);
    expect(mesh.owners('__defaultVhost__/taken/s1')).toHaveLength(1);
    expect(mesh.owners('__defaultVhost__/taken/s2')).toHaveLength(0);
  });

  it(`are at most ${STREAMS_MAX}: one more stream is an error, and one more after a delete is none`, async () => {
    const source = await connected();
    for (let id = 2; id <= STREAMS_MAX; id += 1) expect(await createStream(source, 10 + id)).toBe(id);
    source.command(0, 'createStream', 30, null);
    const [, , , info] = await source.answer('_error', 30);
    expect(amfObject(info)?.description).toContain(`at most ${STREAMS_MAX} streams`);
    source.command(0, 'deleteStream', 0, null, 4);
    expect(await createStream(source, 31)).toBe(4);
    source.command(0, 'deleteStream', 0, null, 5);
    source.command(0, 'createStream', 32, null);
    await source.answer('_result', 32);
    source.command(5, 'publish', 0, null, 's', 'live');
    await status(source, 5, 'NetStream.Publish.Start');
  });

  it('close for silence one by one', async () => {
    const idle = await startMember('idle', { publish: { idleMs: 2000 } });
    const source = await RawRtmpClient.connected(idle.rtmpPort);
    clients.push(source);
    await createStream(source, 3);
    await publishOn(source, 1, 's1');
    await publishOn(source, 2, 's2');
    const beat = setInterval(() => send(source, 2, 2), 50);
    await status(source, 1, 'NetStream.Publish.Idle');
    expect(source.isClosed).toBe(false);
    expect(statusesOf(source, 2)).toEqual(['NetStream.Publish.Start']);
    clearInterval(beat);
    await source.closed();
    await idle.stop();
  });
});

describe('a publish that is alone', () => {
  it.each([0, 7])('is fed by frames on stream %d, which nobody created', async (streamId) => {
    const source = await connected();
    source.command(streamId, 'publish', 0, null, 's', 'live');
    await source.status('NetStream.Publish.Start');
    const watcher = await player('s');
    send(source, streamId, 5);
    await until(() => ids(watcher).length === 1, 'its picture');
    source.command(0, 'deleteStream', 0, null, streamId);
    await until(() => !isOwned('s'), 'the release');
  });

  it.each<[string, (client: RawRtmpClient) => void]>([
    ['deleteStream', (client) => client.command(0, 'deleteStream', 0, null, 99)],
    ['deleteStream on another stream', (client) => client.command(99, 'deleteStream', 0, null)],
    ['closeStream', (client) => client.command(99, 'closeStream', 0, null)],
    ['FCUnpublish', (client) => client.command(0, 'FCUnpublish', 0, null, 'other')],
  ])('goes on after a %s that names what is not there', async (_what, end) => {
    const source = await connected();
    await publishOn(source, 1, 's');
    const watcher = await player('s');
    end(source);
    send(source, 1, 5);
    await until(() => ids(watcher).length === 1, 'its picture');
    expect([isOwned('s'), statusesOf(source, 1)]).toEqual([true, ['NetStream.Publish.Start']]);
  });

  it('needs no createStream', async () => {
    const source = await RawRtmpClient.shaken(member.rtmpPort);
    clients.push(source);
    source.command(0, 'connect', 1, { app: 'live', tcUrl: 'rtmp://127.0.0.1/live' });
    source.command(0, 'publish', 0, null, 's', 'live');
    await source.status('NetStream.Publish.Start');
    const watcher = await player('s');
    send(source, 0, 5);
    await until(() => ids(watcher).length === 1, 'its picture');
  });

  it('has the connection’s deadline again when it ended', async () => {
    const hasty = await startMember('hasty', { limits: { ...limits, handshakeMs: 1000 } });
    const source = await RawRtmpClient.connected(hasty.rtmpPort);
    clients.push(source);
    source.publish('s');
    await source.status('NetStream.Publish.Start');
    source.command(0, 'deleteStream', 0, null, 1);
    await source.closed();
    await until(
      () => hasty.log.of('connection closed').some(({ reason }) => reason === 'command-deadline'),
      'the reason',
    );
    await hasty.stop();
  });
});

describe('several plays on one connection', () => {
  const SRS_ARGS = { srs_sig: 'SRS', srs_version: '6.0.157' };

  it('are answered on their own streams, and end one by one', async () => {
    const watcher = await connected();
    await createStream(watcher, 3);
    watcher.command(1, 'play', 0, null, 's1');
    watcher.command(2, 'play', 0, null, 's2');
    await status(watcher, 1, 'NetStream.Play.Start');
    await status(watcher, 2, 'NetStream.Play.Start');
    const begun = watcher.messages
      .filter(({ type, payload }) => type === 4 && payload.readUInt16BE() === 0)
      .map(({ payload }) => payload.readUInt32BE(2));
    expect(begun).toEqual([1, 2]);
    const players = (stream: string) => member.media.stream(key(stream))?.players.length ?? 0;
    expect([players('s1'), players('s2')]).toEqual([1, 1]);
    watcher.command(0, 'deleteStream', 0, null, 2);
    await until(() => players('s2') === 0, 'the second to end');
    expect(players('s1')).toBe(1);
    expect(watcher.isClosed).toBe(false);
  });

  it('are refused one by one, and the connection closes with the last', async () => {
    const { play } = mediaOptions('x');
    const short = await startMember('short', { play: { ...play, waitMs: 200 } });
    const watcher = await RawRtmpClient.connected(short.rtmpPort);
    clients.push(watcher);
    await createStream(watcher, 3);
    watcher.command(1, 'play', 0, null, 's1');
    watcher.command(2, 'play', 0, null, 's2');
    await status(watcher, 1, 'NetStream.Play.StreamNotFound');
    await status(watcher, 2, 'NetStream.Play.StreamNotFound');
    await watcher.closed();
    await short.stop();
  });

  it('are relayed where one alone would be redirected, which ends the connection', async () => {
    const host = mesh.host('b');
    mesh.setPorts('b', 1, 1);
    host.claim({ key: key('s1'), sinceMs: 1, media: {} });
    const edge = await RawRtmpClient.connected(member.rtmpPort, 'live', {}, [SRS_ARGS]);
    clients.push(edge);
    await createStream(edge, 3);
    edge.command(2, 'play', 0, null, 'waits');
    await status(edge, 2, 'NetStream.Play.Start');
    edge.command(1, 'play', 0, null, 's1');
    await until(() => member.log.of('play routed').length === 2, 'both routes');
    expect(member.log.of('play routed').map(({ route }) => route)).toEqual(['wait', 'relay']);
    edge.command(0, 'deleteStream', 0, null, 2);
    await settled(edge, 50);
    edge.command(1, 'play', 0, null, 's1');
    await edge.status('NetConnection.Connect.Rejected');
    await edge.closed();
  });
});
