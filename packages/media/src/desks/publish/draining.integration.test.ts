import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { startMember, type TestMember } from '../../testing/test-member.js';
import type { Frame } from '../../wire/frame.js';

const RECONNECT = 'NetConnection.Connect.ReconnectRequest';
const CAN_RECONNECT = { capsEx: 0x01 };
const TYPE = { audio: 8, video: 9, data: 18 };

let mesh: MemoryMesh;
let a: TestMember;
let b: TestMember;
const clients: RawRtmpClient[] = [];

beforeEach(async () => {
  mesh = new MemoryMesh();
  [a, b] = [await startMember('a', {}, mesh), await startMember('b', {}, mesh)];
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all([a.stop(), b.stop()]);
});

async function client(more = {}, port = a.rtmpPort, args: readonly object[] = []): Promise<RawRtmpClient> {
  const made = await RawRtmpClient.connected(port, 'live', more, args as never);
  clients.push(made);
  return made;
}

async function publisher(name: string, more = {}): Promise<RawRtmpClient> {
  const made = await client(more);
  made.publish(name);
  await made.status('NetStream.Publish.Start');
  return made;
}

function send(to: RawRtmpClient, ...frames: readonly Frame[]): void {
  for (const { kind, payload, timestampMs } of frames) to.message(TYPE[kind], payload, timestampMs);
}

const key = (name: string) => `__defaultVhost__/live/${name}`;
const bytesIn = (name: string) => a.media.stream(key(name))?.bytesIn ?? 0;
const count = () => a.media.load().publishers;

/** Waits until this many bytes more of the stream came in than before. */
async function taken(name: string, before: number): Promise<void> {
  await until(() => bytesIn(name) > before, 'frames to be taken');
}

function drain(): void {
  mesh.setDraining('a', true);
  a.media.refusePublishers();
  a.media.askPublishersToReconnect();
}

describe('publishers of a member that drains', () => {
  it('are asked to reconnect where they can, by the tcUrl of another member', async () => {
    const able = await publisher('able', CAN_RECONNECT);
    const more = await publisher('more', { capsEx: 0x0f });
    const plain = await publisher('plain', { capsEx: 0x0e });
    const odd = await publisher('odd', { capsEx: '1' });
    drain();
    for (const asked of [able, more]) {
      expect(await asked.status(RECONNECT)).toMatchObject({
        level: 'status',
        tcUrl: `rtmp://127.0.0.1:${b.rtmpPort}/live`,
        description: expect.stringContaining('draining'),
      });
    }
    expect([a.media.publishersAsked(), count()]).toEqual([2, 4]);
    a.media.closePublishers('others');
    await Promise.all([plain.closed(), odd.closed()]);
    expect(count()).toBe(2);
  });

  it('are closed at the keyframe after that, which is not taken any more', async () => {
    const able = await publisher('s', CAN_RECONNECT);
    send(able, METADATA(), VIDEO_HEADER(), KEY(0), INTER(40));
    await taken('s', 0);
    drain();
    a.media.closePublishers('others');
    const before = bytesIn('s');
    send(able, INTER(80), AUDIO_HEADER(), AUDIO(90));
    await taken('s', before);
    expect(count()).toBe(1);
    send(able, KEY(120), INTER(160));
    await able.closed();
    expect(count()).toBe(0);
    expect(a.log.of('publish ended').map(({ reason }) => reason)).toEqual(['reconnecting']);
  });

  it('are closed at the next sound where they send no video', async () => {
    const able = await publisher('s', CAN_RECONNECT);
    send(able, AUDIO_HEADER(), AUDIO(0));
    await taken('s', 0);
    drain();
    a.media.closePublishers('others');
    send(able, AUDIO(40));
    await able.closed();
  });

  it('are closed at the limit where they send nothing', async () => {
    const able = await publisher('s', CAN_RECONNECT);
    drain();
    a.media.closePublishers('others');
    expect(count()).toBe(1);
    a.media.closePublishers('all');
    await able.closed();
  });

  it('stay once the drain is cancelled, and may be asked again', async () => {
    const able = await publisher('s', CAN_RECONNECT);
    send(able, VIDEO_HEADER(), KEY(0));
    await taken('s', 0);
    drain();
    await able.status(RECONNECT);
    a.media.closePublishers('others');
    a.media.acceptPublishers();
    mesh.setDraining('a', false);
    const before = bytesIn('s');
    send(able, KEY(40), KEY(80));
    await taken('s', before);
    expect([a.media.publishersAsked(), count()]).toEqual([0, 1]);
    drain();
    expect(a.media.publishersAsked()).toBe(1);
    await able.status(RECONNECT);
  });

  it('are asked once for all that they publish on one connection', async () => {
    const able = await publisher('one', CAN_RECONNECT);
    able.command(0, 'createStream', 3, null);
    await able.answer('_result', 3);
    able.command(2, 'publish', 0, null, 'two', 'live');
    await until(() => count() === 2, 'both');
    drain();
    expect(a.media.publishersAsked()).toBe(2);
    a.media.closePublishers('all');
    await able.closed();
    const asked = able.commands.filter((values) => JSON.stringify(values).includes(RECONNECT));
    expect(asked).toHaveLength(1);
  });

  it('are asked nothing where no other member would take them, and closed as others are', async () => {
    const able = await publisher('s', CAN_RECONNECT);
    mesh.host('b').claim({ key: key('s'), sinceMs: 1, media: {} });
    drain();
    expect(a.media.publishersAsked()).toBe(0);
    a.media.closePublishers('others');
    await able.closed();
  });

  it('that come late are told where to go, and refused', async () => {
    drain();
    const late = await client(CAN_RECONNECT);
    late.publish('s');
    expect(await late.status(RECONNECT)).toMatchObject({ tcUrl: expect.stringContaining(`${b.rtmpPort}`) });
    await late.closed();
    expect(count()).toBe(0);
  });
});

describe('new plays on a member that drains', () => {
  const SRS_EDGE = [{ srs_sig: 'SRS', srs_version: '6.0.1' }];
  const flv = (name: string) =>
    fetch(`http://127.0.0.1:${a.httpPort}/live/${name}.flv`, { redirect: 'manual' });

  it.each(['published here', 'published nowhere'])('are sent on by a 302: %s', async (where) => {
    if (where === 'published here') send(await publisher('s'), VIDEO_HEADER(), KEY(0));
    drain();
    const edge = await client({}, a.rtmpPort, SRS_EDGE);
    edge.play('s');
    await until(() => JSON.stringify(edge.commands).includes('302'), 'the redirect');
    expect(JSON.stringify(edge.commands)).toContain(`rtmp://127.0.0.1:${b.rtmpPort}/live/s`);
    const response = await flv('s');
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toContain(`:${b.httpPort}/live/s.flv`);
  });

  it('are served where they follow no redirect: plain RTMP and WebSocket', async () => {
    const source = await publisher('s');
    send(source, VIDEO_HEADER(), KEY(0));
    await taken('s', 0);
    drain();
    const player = await client();
    player.play('s');
    const socket = new WebSocket(`ws://127.0.0.1:${a.httpPort}/live/s.flv`);
    await once(socket, 'open');
    await until(() => a.media.load().players === 2, 'both players');
    socket.terminate();
  });

  it('stay with those who play already', async () => {
    const source = await publisher('s');
    send(source, VIDEO_HEADER(), KEY(0));
    await taken('s', 0);
    const edge = await client({}, a.rtmpPort, SRS_EDGE);
    edge.play('s');
    await until(() => a.media.load().players === 1, 'the edge');
    drain();
    mesh.host('b').claim({ key: key('s'), sinceMs: 1, media: {} });
    expect(a.media.load().players).toBe(1);
  });
});

describe('RTMP ports that are closed for a while', () => {
  it('refuse a connect at once, keep who is there, and open again', async () => {
    const before = await publisher('s');
    a.media.pauseRtmp();
    a.media.pauseRtmp();
    const refused = once(connect(a.rtmpPort, '127.0.0.1'), 'connect');
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await fetch(`http://127.0.0.1:${a.httpPort}/`)).status).toBe(200);
    send(before, VIDEO_HEADER(), KEY(0));
    await taken('s', 0);
    await a.media.resumeRtmp();
    await a.media.resumeRtmp();
    await publisher('t');
    expect(count()).toBe(2);
  });

  it('tell where another process has the port by now, and open once it is free', async () => {
    a.media.pauseRtmp();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(a.rtmpPort, '127.0.0.1', resolve));
    await expect(a.media.resumeRtmp()).rejects.toMatchObject({
      name: 'ListenError',
      systemCode: 'EADDRINUSE',
    });
    await new Promise((resolve) => other.close(resolve));
    await a.media.resumeRtmp();
    await publisher('s');
  });
});
