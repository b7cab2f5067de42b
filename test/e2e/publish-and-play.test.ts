import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, probeFrames, publish } from '../support/ffmpeg.js';
import { playWebSocket } from '../support/flv-client.js';
import { headwater } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { SampleOrder } from '../support/sample-order.js';
import { sharedScope, testScope } from '../support/scope.js';

/** Longer than any test: news travels by itself, or not at all. */
const HEARTBEAT_MS = 60_000;

describe('a stream published to one of three origins', needs('ffmpeg', 'ffprobe'), () => {
  const scope = sharedScope();
  let cluster: Cluster;
  beforeAll(async () => {
    const config = { mesh: { heartbeatMs: HEARTBEAT_MS, suspectAfterMs: 4 * HEARTBEAT_MS } };
    cluster = await Cluster.start(scope, { config });
    publish(scope, cluster.member(0).rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['a']);
  });

  for (const index of [0, 1, 2]) {
    const name = 'abc'[index];
    it(`plays from ${name} over RTMP, every frame once and in order`, async () => {
      const player = play(testScope(), cluster.member(index).rtmpUrl('live/s1'));
      await player.played(60);
      expect(new SampleOrder().breaks(player.frames)).toEqual([]);
      expect(player.stepsBack).toEqual([]);
    });

    it(`plays from ${name} over HTTP-FLV, every frame once and in order`, async () => {
      const player = play(testScope(), cluster.member(index).flvUrl('live/s1'));
      await player.played(60);
      expect(new SampleOrder().breaks(player.frames)).toEqual([]);
      expect(player.stepsBack).toEqual([]);
    });

    it(`plays from ${name} over WebSocket-FLV, pictures and sound`, async () => {
      const { reader, ...rest } = playWebSocket(testScope(), cluster.member(index).wsUrl('live/s1'));
      await awaitCondition(
        '50 pictures and 50 sounds',
        () => reader.pictures.length >= 50 && reader.sounds.length >= 50,
        { instead: () => ({ ...rest, tags: reader.tags.length }) },
      );
    });
  }

  it('is decoded by ffprobe, pictures and sound, from an origin that does not own it', async () => {
    for (const url of [cluster.member(1).rtmpUrl('live/s1'), cluster.member(2).flvUrl('live/s1')]) {
      const counted = await probeFrames(testScope(), url, 2);
      expect(counted.video).toBeGreaterThanOrEqual(40);
      expect(counted.audio).toBeGreaterThanOrEqual(60);
    }
  });

  it('is redirected over HTTP with the query kept, CORS allowed, and never twice', async () => {
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    const first = await fetch(`${b.flvUrl('live/s1')}?token=x%2Fy`, { redirect: 'manual' });
    expect(first.status).toBe(302);
    expect(first.headers.get('access-control-allow-origin')).toBe('*');
    const target = new URL(first.headers.get('location') ?? '');
    expect(target.port).toBe(String(a.ports.http));
    expect(target.pathname).toBe('/live/s1.flv');
    expect(target.searchParams.get('token')).toBe('x/y');
    target.port = String(c.ports.http);
    const aborter = new AbortController();
    const second = await fetch(target, { redirect: 'manual', signal: aborter.signal });
    expect(second.status).toBe(200);
    aborter.abort();
  });

  it('is shown by the API of every member: who, since when, what is in it', async () => {
    const lists = await Promise.all(cluster.members.map((member) => member.streams()));
    const owners = lists.map((streams) => streams.find((stream) => stream.key.endsWith('/live/s1'))?.owners);
    expect(owners[1]).toEqual(owners[0]);
    expect(owners[2]).toEqual(owners[0]);
    const [owner] = owners[0] ?? [];
    expect(owner?.name).toBe('a');
    expect(owner?.liveness).toBe('alive');
    expect(Math.abs(Date.now() - (owner?.sinceMs ?? 0))).toBeLessThan(600_000);
    expect(owner?.media.video).toMatchObject({ codec: 'h264', width: 320, height: 180 });
    expect(owner?.media.audio).toMatchObject({ codec: 'aac' });
  });

  it('has a route for each kind of client on each member', async () => {
    const routes = async (index: number) => {
      const detail = await cluster.member(index).stream('live/s1');
      return Object.fromEntries(detail.routes.map(({ client, route }) => [client, route]));
    };
    expect(await routes(0)).toEqual({
      rtmp: 'local',
      'srs-edge': 'local',
      'http-flv': 'local',
      'ws-flv': 'local',
    });
    const elsewhere = { rtmp: 'relay', 'srs-edge': 'redirect', 'http-flv': 'redirect', 'ws-flv': 'relay' };
    expect(await routes(1)).toEqual(elsewhere);
    expect(await routes(2)).toEqual(elsewhere);
  });

  it('lists the same three members everywhere, alive, each knowing itself', async () => {
    for (const [index, member] of cluster.members.entries()) {
      const members = await member.members();
      expect(members.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
      expect(members.every(({ liveness }) => liveness === 'alive')).toBe(true);
      expect(members.filter(({ self }) => self).map(({ name }) => name)).toEqual(['abc'[index]]);
    }
  });

  it('is played by ffmpeg with tokens in the query', async () => {
    for (const url of [cluster.member(1).rtmpUrl('live/s1'), cluster.member(1).flvUrl('live/s1')]) {
      await play(testScope(), `${url}?token=a%20b&time=1`).played(10);
    }
  });

  it('is told by the commands members, streams and explain', async () => {
    const api = ['--api', cluster.member(1).apiUrl()];
    const members = await headwater(testScope(), 'members', ...api);
    expect(members).toMatchObject({ code: 0 });
    for (const name of ['a', 'b', 'c']) expect(members.output).toMatch(new RegExp(`^\\W*${name}\\b`, 'm'));
    const streams = await headwater(testScope(), 'streams', ...api);
    expect(streams).toMatchObject({ code: 0 });
    expect(streams.output).toMatch(/live\/s1\b.*\ba\b/);
    const explained = await headwater(testScope(), 'explain', 'live/s1', ...api);
    expect(explained).toMatchObject({ code: 0 });
    expect(explained.output).toMatch(/rtmp.*relay/);
    expect(explained.output).toMatch(/srs-edge.*redirect/);
    const health = await headwater(testScope(), 'health', ...api);
    expect(health).toMatchObject({ code: 0 });
  });

  it('answers coworkers in the format of SRS', async () => {
    const query = 'vhost=__defaultVhost__&ip=127.0.0.1&app=live&stream=s1&coworker=127.0.0.1:1985';
    const answer = await cluster.member(1).api(`/api/v1/clusters?${query}`);
    expect(answer).toMatchObject({
      code: 0,
      data: {
        query: { ip: '127.0.0.1', vhost: '__defaultVhost__', app: 'live', stream: 's1' },
        origin: { ip: '127.0.0.1', port: cluster.member(0).ports.rtmp, vhost: '__defaultVhost__' },
      },
    });
    const unknown = await cluster.member(1).api(`/api/v1/clusters?${query.replace('s1', 'nobody')}`);
    expect(unknown).toMatchObject({ code: 0, data: { origin: null } });
  });

  it('is routed with a reason in the log, for each play', async () => {
    const own = testScope();
    play(own, `${cluster.member(2).rtmpUrl('live/s1')}?viewer=7`);
    const line = await awaitCondition('a line about the play', () =>
      cluster
        .member(2)
        .logged('play routed')
        .find(({ protocol }) => protocol === 'rtmp'),
    );
    expect(line).toMatchObject({
      route: 'relay',
      reason: 'client-follows-no-redirects',
      key: '__defaultVhost__/live/s1',
      target: 'a',
    });
  });

  it('may have slashes in its app and any script in its name', async () => {
    const own = testScope();
    publish(own, cluster.member(0).rtmpUrl('live/room/日本'));
    await cluster.owned('live/room/日本', ['a']);
    const asUrl = `live/room/${encodeURIComponent('日本')}`;
    for (const member of cluster.members) {
      await play(own, member.rtmpUrl('live/room/日本')).played(5);
      await play(own, member.flvUrl(asUrl)).played(5);
      const { reader } = playWebSocket(own, member.wsUrl(asUrl));
      await awaitCondition('5 pictures', () => reader.pictures.length >= 5);
    }
  });

  it('ends with its deleteStream, and another can follow on the same connection', async () => {
    const { rtmp } = cluster.member(0).ports;
    const client = await RtmpClient.open(testScope(), rtmp);
    await client.connect(`rtmp://127.0.0.1:${rtmp}/live`);
    client.publish('first');
    await cluster.owned('live/first', ['a']);
    client.command(0, 'FCUnpublish', 4, null, 'first');
    client.command(0, 'deleteStream', 5, null, 1);
    await cluster.owned('live/first', []);
    client.command(0, 'createStream', 6, null);
    const [, , , stream] = await client.awaitCommand('_result', (values) => values[1] === 6);
    client.command(Number(stream), 'publish', 7, null, 'second', 'live');
    await cluster.owned('live/second', ['a']);
    client.socket.destroy();
    await cluster.owned('live/second', []);
  });

  it('refuses a second publisher on the same origin with BadName, and the first goes on', async () => {
    const player = play(testScope(), cluster.member(2).rtmpUrl('live/s1'));
    await player.played(10);
    const second = publish(testScope(), cluster.member(0).rtmpUrl('live/s1'));
    expect((await second.exited).code).not.toBe(0);
    const { rtmp } = cluster.member(0).ports;
    const client = await RtmpClient.open(testScope(), rtmp);
    await client.connect(`rtmp://127.0.0.1:${rtmp}/live`);
    client.publish('s1');
    await client.awaitStatus('NetStream.Publish.BadName');
    expect(client.statuses).toEqual(['NetStream.Publish.BadName']);
    await client.awaitClose();
    await player.playsOn(50);
    await cluster.owned('live/s1', ['a']);
    expect(new SampleOrder().breaks(player.frames)).toEqual([]);
  });

  for (const [end, signal] of [
    ['stops', 'SIGINT'],
    ['is killed', 'SIGKILL'],
  ] as const) {
    it(`appears on every member as soon as it is published, and is gone when its ffmpeg ${end}`, async () => {
      const publisher = publish(testScope(), cluster.member(1).rtmpUrl('live/brief'));
      await awaitCondition('the publish to be accepted', async () => {
        return (await cluster.member(1).ownerNames('live/brief')).length > 0;
      });
      await cluster.owned('live/brief', ['b']);
      publisher.signal(signal);
      await publisher.exited;
      await cluster.owned('live/brief', []);
    });
  }
});
