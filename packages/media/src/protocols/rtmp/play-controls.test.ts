import { createServer, type Server } from 'node:net';
import { OPEN_GUARD } from '@headwater/guard';
import { MemoryLog } from '@headwater/testing/memory-log';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AfterAnswer } from '../../after-answer.js';
import { PlayDesk } from '../../desks/play/play-desk.js';
import type { PlaySession } from '../../desks/play/play-session.js';
import { PublishDesk } from '../../desks/publish/publish-desk.js';
import { Fence } from '../../fence.js';
import { mediaOptions } from '../../testing/media-options.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { MemoryStreams } from '../../testing/stream-world.js';
import { startMember, type TestMember } from '../../testing/test-member.js';
import { amfObject, decodeAmf0 } from '../../wire/rtmp/amf0.js';
import { MESSAGE_TYPE, USER_EVENT } from '../../wire/rtmp/message.js';
import { RtmpSession } from './rtmp-session.js';

let member: TestMember;
const clients: RawRtmpClient[] = [];
beforeEach(async () => {
  member = await startMember();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await member.stop();
});

async function connected(port = member.rtmpPort): Promise<RawRtmpClient> {
  const client = await RawRtmpClient.connected(port);
  clients.push(client);
  return client;
}

async function playing(port?: number): Promise<RawRtmpClient> {
  const client = await connected(port);
  client.play('s');
  await client.status('NetStream.Play.Start');
  return client;
}

/** What came since, in words: statuses by code and stream, user control by event and stream. */
function said(client: RawRtmpClient, since: number): string[] {
  return client.messages.slice(since).map(({ type, streamId, payload }) => {
    if (type === MESSAGE_TYPE.userControl) {
      const event = Object.entries(USER_EVENT).find(([, number]) => number === payload.readUInt16BE());
      return `${event?.[0]} ${payload.readUInt32BE(2)}`;
    }
    const [name, , , info] = decodeAmf0(payload);
    return `${name} ${amfObject(info)?.code ?? ''} on ${streamId}`;
  });
}

/** What is said when the client asks this, up to the answer of a command after it. */
async function answersTo(client: RawRtmpClient, ask: () => void): Promise<string[]> {
  const since = client.messages.length;
  ask();
  const transaction = 1000 + since;
  client.command(0, '_checkbw', transaction, null);
  await client.answer('_result', transaction);
  return said(client, since).slice(0, -1);
}

describe('a player', () => {
  it('hears that it is paused, and that it goes on', async () => {
    const client = await playing();
    const pause = (isPaused: boolean) => () => client.command(1, 'pause', 0, null, isPaused, 0);
    expect(await answersTo(client, pause(true))).toEqual([
      'onStatus NetStream.Pause.Notify on 1',
      'streamEof 1',
    ]);
    expect(await answersTo(client, pause(false))).toEqual([
      'onStatus NetStream.Unpause.Notify on 1',
      'streamBegin 1',
    ]);
  });

  it('is told that a live stream goes on from now where it seeks', async () => {
    const client = await playing();
    const seek = () => client.command(1, 'seek', 0, null, 10_000);
    expect(await answersTo(client, seek)).toEqual(['onStatus NetStream.Seek.Notify on 1']);
    expect((await client.status('NetStream.Seek.Notify')).level).toBe('status');
    expect(client.isClosed).toBe(false);
  });

  it('is answered by its own transaction where it has one', async () => {
    const client = await playing();
    client.command(1, 'seek', 40, null, 10_000);
    client.command(1, 'pause', 41, null, true, 0);
    await client.answer('_result', 40);
    await client.answer('_result', 41);
  });

  it.each(['receiveAudio', 'receiveVideo'])('hears of %s when a track comes again', async (name) => {
    const client = await playing();
    expect(await answersTo(client, () => client.command(1, name, 0, null, false))).toEqual([]);
    expect(await answersTo(client, () => client.command(1, name, 0, null, true))).toEqual([
      'onStatus NetStream.Seek.Notify on 1',
      'onStatus NetStream.Play.Start on 1',
    ]);
  });

  it('that plays nothing is told so where it asks, and stays', async () => {
    const client = await connected();
    client.command(1, 'pause', 40, null, true, 0);
    client.command(1, 'seek', 41, null, 0);
    await client.answer('_error', 40);
    await client.answer('_error', 41);
    expect(await answersTo(client, () => client.command(1, 'seek', 0, null, 0))).toEqual([]);
  });
});

describe('what a player wants', () => {
  let server: Server;
  const plays: PlaySession[] = [];

  /** A real session on a real socket; the desk hands out the plays that it gets. */
  class SeenPlays extends PlayDesk {
    override play(session: PlaySession): void {
      plays.push(session);
      super.play(session);
    }
  }

  beforeEach(async () => {
    plays.length = 0;
    const options = mediaOptions('seen');
    const log = new MemoryLog();
    const host = new MemoryMesh().host('seen');
    const streams = new MemoryStreams();
    const desk = new SeenPlays({ streams, host, log }, options);
    const publishes = new PublishDesk(
      { streams, host, forwards: null, log, onPublisherChanged: () => {} },
      { acceptsPublishers: true, idleMs: 1000, policy: () => 'backup' },
    );
    server = createServer(
      (socket) =>
        new RtmpSession(
          {
            socket,
            client: { ip: '127.0.0.1', port: 1, isSecure: false, isProxy: false },
            place: { leave: () => {}, name: () => true, countAsPull: () => {}, countAsClient: () => true },
          },
          {
            options,
            plays: desk,
            publishes,
            log,
            fence: new Fence(log),
            guard: OPEN_GUARD,
            isMemberAddress: () => false,
            afterAnswer: new AfterAnswer(),
          },
          () => {},
        ),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    for (const client of clients) client.close();
    server.close();
  });

  const port = () => {
    const bound = server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  };

  it('follows its commands', async () => {
    const client = await playing(port());
    const [play] = plays;
    expect([play?.wants, play?.messageStreamId]).toEqual(['all', 1]);
    const steps: [command: string, flag: boolean, wants: string][] = [
      ['receiveVideo', false, 'audio'],
      ['pause', true, 'nothing'],
      ['pause', false, 'audio'],
      ['receiveAudio', false, 'nothing'],
      ['receiveVideo', true, 'video'],
      ['receiveAudio', true, 'all'],
      ['pauseRaw', true, 'nothing'],
      ['receiveVideo', true, 'nothing'],
      ['pauseRaw', false, 'all'],
    ];
    for (const [command, flag, wants] of steps) {
      client.command(1, command, 0, null, flag, 0);
      await until(() => play?.wants === wants, `${command} ${flag} to make it want ${wants}`);
    }
  });

  it('takes a frame rate for the picture, too: any above 0 wants it', async () => {
    const client = await playing(port());
    const [play] = plays;
    const steps: [rate: number, wants: string][] = [
      [0, 'audio'],
      [15, 'all'],
    ];
    for (const [rate, wants] of steps) {
      client.command(1, 'receiveVideo', 0, null, rate);
      await until(() => play?.wants === wants, `${rate} frames per second to make it want ${wants}`);
    }
  });

  it('may be said before it plays, and is its own on each stream', async () => {
    const client = await connected(port());
    client.command(0, 'createStream', 3, null);
    await client.answer('_result', 3);
    client.command(2, 'receiveAudio', 0, null, false);
    client.command(1, 'play', 0, null, 's1');
    client.command(2, 'play', 0, null, 's2');
    await until(() => plays.length === 2, 'both plays');
    expect(plays.map(({ messageStreamId, wants }) => [messageStreamId, wants])).toEqual([
      [1, 'all'],
      [2, 'video'],
    ]);
    client.command(1, 'pause', 0, null, true, 0);
    await until(() => plays[0]?.wants === 'nothing', 'the pause');
    expect(plays[1]?.wants).toBe('video');
  });
});

describe('an encoder of FMLE’s kind', () => {
  it('is answered onFCPublish beside the result, then onFCUnpublish and Unpublish.Success', async () => {
    const client = await connected();
    const start = () => client.command(0, 'FCPublish', 30, null, 's');
    expect(await answersTo(client, start)).toEqual([
      '_result  on 0',
      'onFCPublish NetStream.Publish.Start on 0',
    ]);
    client.publish('s');
    await until(() => client.statuses.includes('NetStream.Publish.Start'), 'the start');
    const stop = () => client.command(0, 'FCUnpublish', 31, null, 's');
    expect(await answersTo(client, stop)).toEqual([
      'onFCUnpublish NetStream.Unpublish.Success on 0',
      '_result  on 0',
      'onStatus NetStream.Unpublish.Success on 1',
    ]);
    // A second one stops nothing.
    const again = () => client.command(0, 'FCUnpublish', 0, null, 's');
    expect(await answersTo(client, again)).toEqual(['onFCUnpublish NetStream.Unpublish.Success on 0']);
  });

  it('and players that subscribe are answered likewise, whether they ask for a result or not', async () => {
    const client = await connected();
    const subscribe = (id: number) => () => client.command(0, 'FCSubscribe', id, null, 's');
    const leave = (id: number) => () => client.command(0, 'FCUnsubscribe', id, null, 's');
    const started = 'onFCSubscribe NetStream.Play.Start on 0';
    expect(await answersTo(client, subscribe(40))).toEqual(['_result  on 0', started]);
    expect(await answersTo(client, subscribe(0))).toEqual([started]);
    const stopped = 'onFCUnsubscribe NetStream.Play.Stop on 0';
    expect(await answersTo(client, leave(41))).toEqual(['_result  on 0', stopped]);
    expect(await answersTo(client, leave(0))).toEqual([stopped]);
  });

  it('hears of a closeStream', async () => {
    const client = await connected();
    client.publish('s');
    await client.status('NetStream.Publish.Start');
    const close = () => client.command(1, 'closeStream', 0, null);
    expect(await answersTo(client, close)).toEqual(['onStatus NetStream.Unpublish.Success on 1']);
  });
});

describe('a client that is refused hears why before the close', () => {
  it.each([
    ['', 's', 'no app'],
    ['live', '', 'empty'],
    ['live', '?token=x', 'only a query'],
    ['live', '100%', '%25'],
  ])('app %j, key %j', async (app, key, text) => {
    for (const [command, code] of [
      ['publish', 'NetStream.Publish.BadName'],
      ['play', 'NetStream.Play.Failed'],
    ] as const) {
      const client = await RawRtmpClient.connected(member.rtmpPort, app);
      clients.push(client);
      client.command(1, command, 0, null, key);
      expect(await client.status(code)).toMatchObject({
        level: 'error',
        description: expect.stringContaining(text),
      });
      await client.closed();
    }
  });

  it('also where it has sent much that nobody reads any more', async () => {
    const client = await RawRtmpClient.shaken(member.rtmpPort);
    clients.push(client);
    client.command(0, 'connect', 1, { tcUrl: 'rtmp://127.0.0.1' });
    for (let i = 0; i < 50; i += 1) client.message(9, Buffer.alloc(60_000), 0, 0);
    const [, , , info] = await client.answer('_error');
    expect(amfObject(info)?.description).toContain('no app');
    await client.closed();
  });

  it('and publishes and plays with an empty app and app/stream as key', async () => {
    const source = await RawRtmpClient.connected(member.rtmpPort, '');
    clients.push(source);
    source.publish('live/s');
    await source.status('NetStream.Publish.Start');
    expect(member.media.stream('__defaultVhost__/live/s')?.source).toBe('publisher');
  });
});
