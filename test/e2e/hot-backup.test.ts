import { awaitCondition } from '@headwater/testing/await-condition';
import { amount } from '@headwater/testing/long-run';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, publish, publishTee } from '../support/ffmpeg.js';
import { playHttp, playWebSocket } from '../support/flv-client.js';
import { pullsUnforced, relaysFrom } from '../support/relay-moves.js';
import { SampleOrder } from '../support/sample-order.js';
import { testScope } from '../support/scope.js';

describe('a stream published to two of three origins', needs('ffmpeg'), () => {
  for (const victim of amount({ short: [0], long: [0, 1] })) {
    const name = 'ab'[victim];
    it(`goes on for a player on the third when ${name} is killed, on the same connection`, async () => {
      const scope = testScope();
      const cluster = await Cluster.start(scope);
      const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
      publishTee(scope, [a.rtmpUrl('live/s1'), b.rtmpUrl('live/s1')]);
      const owners = await sameOwnersEverywhere(cluster, 2);
      expect([...owners].sort()).toEqual(['a', 'b']);

      const player = play(scope, c.rtmpUrl('live/s1'));
      const webSocket = playWebSocket(scope, c.wsUrl('live/s1'));
      await player.played(50);
      const dead = cluster.member(victim);
      await dead.kill('SIGKILL');
      await cluster.owned(
        'live/s1',
        owners.filter((owner) => owner !== dead.name),
      );

      await player.playsOn(100);
      expect(player.isRunning).toBe(true);
      expect(player.stepsBack).toEqual([]);
      // Every frame is one that was sent; what is lost around the kill is at most about a GOP.
      const breaks = new SampleOrder().breaks(player.frames);
      expect(breaks.length).toBeLessThanOrEqual(1);
      const before = webSocket.reader.pictures.length;
      await awaitCondition(
        'the WebSocket player to play on',
        () => webSocket.reader.pictures.length > before + 25,
      );
      expect(webSocket.end).toBeNull();
    });
  }

  it('goes on for a player on the third when the owner that it is relayed from hangs, and nothing moves back', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope);
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    publishTee(scope, [a.rtmpUrl('live/s1'), b.rtmpUrl('live/s1')]);
    await sameOwnersEverywhere(cluster, 2);
    const player = play(scope, c.rtmpUrl('live/s1'));
    await player.played(50);
    const source = [a, b].find(({ name }) => name === relaysFrom(c));
    if (source === undefined) throw new Error(`c relays from ${relaysFrom(c)}`);
    source.signal('SIGSTOP');
    await awaitCondition('the relay to move', () => relaysFrom(c) !== source.name);
    const afterHang = relaysFrom(c);
    // Long enough that the mesh calls it dead, and lives on; then it comes back.
    for (const member of cluster.members.filter((each) => each !== source)) {
      await awaitCondition(`${member.name} to drop the hung owner`, async () => {
        const owners = await member.ownerNames('live/s1');
        return owners.length === 1 && owners[0] === afterHang;
      });
    }
    await player.playsOn(25);
    const pulls = c.logged('relay pulls').length;
    source.signal('SIGCONT');
    await cluster.whole();
    for (const member of cluster.members) expect(member.exit).toBeNull();
    await player.playsOn(50);
    expect(pullsUnforced(c, pulls)).toEqual([]);
    expect(player.stepsBack).toEqual([]);
  });

  it('is watched without a break while its owners are killed, stopped and hung in turn', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope);
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    publish(scope, a.rtmpUrl('live/s1'));
    publish(scope, b.rtmpUrl('live/s1'));
    await sameOwnersEverywhere(cluster, 2);
    const player = play(scope, c.rtmpUrl('live/s1'));
    await player.played(25);
    for (const [victim, survivor, signal] of [
      [a, b, 'SIGKILL'],
      [b, a, 'SIGSTOP'],
      [a, b, 'SIGTERM'],
    ] as const) {
      victim.signal(signal);
      await awaitCondition(`${victim.name} to be dropped after ${signal}`, async () => {
        return (await c.ownerNames('live/s1')).join() === survivor.name;
      });
      await player.playsOn(15);
      if (signal === 'SIGSTOP') victim.signal('SIGCONT');
      else {
        await victim.exited;
        victim.restart();
        await victim.ready();
        publish(scope, victim.rtmpUrl('live/s1'));
      }
      await cluster.whole();
      await sameOwnersEverywhere(cluster, 2);
    }
    await player.playsOn(15);
    expect(player.stepsBack).toEqual([]);
  });

  it('is found on the survivor by a player whose own origin was killed', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope);
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    publishTee(scope, [a.rtmpUrl('live/s1'), b.rtmpUrl('live/s1')]);
    await sameOwnersEverywhere(cluster, 2);
    const first = play(scope, a.rtmpUrl('live/s1'));
    await first.played(25);
    await a.kill('SIGKILL');
    await first.process.exited;
    const again = play(scope, c.rtmpUrl('live/s1'));
    await again.played(50);
    const overHttp = playHttp(scope, c.flvUrl('live/s1'));
    await awaitCondition('pictures over HTTP', () => overHttp.reader.pictures.length > 25);
  });
});

/** Waits until every member lists this many owners, all in the same order: an owner comes first once its media flows. */
async function sameOwnersEverywhere(cluster: Cluster, count: number): Promise<readonly string[]> {
  let first: readonly string[] = [];
  await awaitCondition(`${count} owners on every member, in one order`, async () => {
    const all = await Promise.all(cluster.live.map((member) => member.ownerNames('live/s1')));
    first = all[0] ?? [];
    return all.every((owners) => owners.length === count && owners.join() === first.join());
  });
  return first;
}
