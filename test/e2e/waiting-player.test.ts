import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, publish } from '../support/ffmpeg.js';
import { playHttp, playWebSocket } from '../support/flv-client.js';
import type { OriginProcess } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { sharedScope, testScope } from '../support/scope.js';

describe('a player that comes before its stream', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(scope, { names: ['a', 'b'] });
  });

  for (const [where, index] of [
    ['the same origin', 0],
    ['another origin', 1],
  ] as const) {
    it(`waits on ${where} and plays as soon as it is published, by each protocol`, async () => {
      const own = testScope();
      const stream = `live/wait-${index}`;
      const origin = cluster.member(index);
      const rtmp = play(own, origin.rtmpUrl(stream));
      const http = play(own, origin.flvUrl(stream));
      const webSocket = playWebSocket(own, origin.wsUrl(stream));
      await waiting(origin, stream, 3);
      publish(own, cluster.member(0).rtmpUrl(stream));
      await rtmp.played(50);
      await http.played(50);
      await awaitCondition('50 pictures', () => webSocket.reader.pictures.length >= 50, {
        instead: () => webSocket.end,
      });
    });
  }

  it('is there, with the reason why it waits, in the API', async () => {
    const own = testScope();
    play(own, cluster.member(1).rtmpUrl('live/nobody'));
    await waiting(cluster.member(1), 'live/nobody', 1);
    const { owners, routes } = await cluster.member(1).stream('live/nobody');
    expect(owners).toEqual([]);
    for (const { route, reason } of routes) expect([route, reason]).toEqual(['wait', 'not-published']);
  });

  it('can come while the stream is there, stay while it is away, and play on when it returns', async () => {
    const own = testScope();
    const first = publish(own, cluster.member(0).rtmpUrl('live/returns'));
    const players = cluster.members.map((member) => play(own, member.rtmpUrl('live/returns')));
    for (const player of players) await player.played(25);
    first.signal('SIGKILL');
    await cluster.owned('live/returns', []);
    publish(own, cluster.member(0).rtmpUrl('live/returns'));
    for (const player of players) {
      await player.playsOn(50);
      expect(player.stepsBack).toEqual([]);
    }
  });
});

describe('a player whose stream never comes', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(scope, { names: ['a'], config: { play: { waitMs: 1000 } } });
  });

  it('is told StreamNotFound over RTMP, and let go', async () => {
    const port = cluster.member(0).ports.rtmp;
    const client = await RtmpClient.open(testScope(), port);
    await client.connect(`rtmp://127.0.0.1:${port}/live`);
    client.play('nobody');
    await client.awaitStatus('NetStream.Play.StreamNotFound');
    await client.awaitClose();
  });

  it('is told 404 over HTTP', async () => {
    const { status } = playHttp(testScope(), cluster.member(0).flvUrl('live/nobody'));
    expect(await status).toBe(404);
  });

  it('is let go over WebSocket', async () => {
    const played = playWebSocket(testScope(), cluster.member(0).wsUrl('live/nobody'));
    await awaitCondition('the connection to end', () => played.end);
  });
});

function waiting(origin: OriginProcess, stream: string, count: number): Promise<unknown> {
  return awaitCondition(`${count} players of ${stream} waiting on ${origin.name}`, async () => {
    const { players } = (await origin.stream(stream)).here;
    return players.filter(({ state }) => state === 'waiting').length === count;
  });
}
