import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { type Player, play, publish } from '../support/ffmpeg.js';
import { playWebSocket } from '../support/flv-client.js';
import { SampleOrder } from '../support/sample-order.js';
import { sharedScope, testScope } from '../support/scope.js';
import { TcpBalancer } from '../support/tcp-balancer.js';

describe('three origins behind one round-robin TCP balancer', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let cluster: Cluster;
  let rtmp: TcpBalancer;
  let http: TcpBalancer;
  beforeAll(async () => {
    cluster = await Cluster.start(scope);
    rtmp = await TcpBalancer.start(
      scope,
      cluster.members.map(({ ports }) => ports.rtmp),
    );
    http = await TcpBalancer.start(
      scope,
      cluster.members.map(({ ports }) => ports.http),
    );
  });

  it('take publishers and serve every player wherever the balancer sends it, over RTMP', async () => {
    const own = testScope();
    for (const stream of ['live/one', 'live/two', 'live/three']) {
      publish(own, `rtmp://127.0.0.1:${rtmp.port}/${stream}`);
      await awaitCondition(`an owner of ${stream} everywhere`, async () => {
        const owners = await Promise.all(cluster.members.map((member) => member.ownerNames(stream)));
        return owners.every((names) => names.length === 1);
      });
    }
    expect(rtmp.taken).toEqual([1, 1, 1]);

    const players: Player[] = [];
    for (const stream of ['live/one', 'live/two']) {
      for (let turn = 0; turn < 3; turn += 1) {
        const player = play(own, `rtmp://127.0.0.1:${rtmp.port}/${stream}`);
        await player.played(1);
        players.push(player);
      }
    }
    const sample = new SampleOrder();
    for (const player of players) {
      await player.played(50);
      expect(sample.breaks(player.frames)).toEqual([]);
    }
    expect(rtmp.taken).toEqual([3, 3, 3]);
  });

  it('serve HTTP-FLV and WebSocket-FLV players wherever the balancer sends them', async () => {
    const own = testScope();
    publish(own, `rtmp://127.0.0.1:${rtmp.port}/live/web`);
    for (let turn = 0; turn < 3; turn += 1) {
      const player = play(own, `http://127.0.0.1:${http.port}/live/web.flv`);
      await player.played(25);
      const { reader } = playWebSocket(own, `ws://127.0.0.1:${http.port}/live/web.flv`);
      await awaitCondition('25 pictures', () => reader.pictures.length >= 25);
    }
  });
});
