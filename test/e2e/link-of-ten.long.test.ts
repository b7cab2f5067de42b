import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { type Player, play, publishTee } from '../support/ffmpeg.js';
import { NetLab } from '../support/net-lab.js';
import type { OriginProcess } from '../support/origin-process.js';
import { SampleOrder } from '../support/sample-order.js';
import { testScope } from '../support/scope.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'] as const;
/** Where publishers and players are: it reaches everybody. */
const CLIENTS = NAMES.length;
const CUT_MS = 60_000;

describe('one link of ten members', needs('network namespaces', 'ffmpeg'), () => {
  it('is cut for a minute: no play fails on either side, no frame is lost, and no claim', async () => {
    const scope = testScope();
    const lab = NetLab.open(scope, NAMES.length + 1);
    const cluster = await Cluster.start(scope, { names: NAMES, lab, config: { workers: 0 } });
    const [a, b] = cluster.members as [OriginProcess, OriginProcess];
    const sides = [
      { from: a, stream: 'live/of-b', owner: b },
      { from: b, stream: 'live/of-a', owner: a },
    ] as const;
    const start = (url: string): Player => play(scope, url, lab.within(CLIENTS));
    for (const { owner, stream } of sides) publishTee(scope, [owner.rtmpUrl(stream)], lab.within(CLIENTS));
    /** Members that do not list a stream with its owner. */
    const without = async (): Promise<readonly string[]> => {
      const lists = await Promise.all(
        cluster.members.map(async (member) => ({
          name: member.name,
          owners: await Promise.all(sides.map(({ stream }) => member.ownerNames(stream))),
        })),
      );
      return lists
        .filter(({ owners }) => !sides.every(({ owner }, at) => owners[at]?.includes(owner.name)))
        .map(({ name, owners }) => `${name}: ${JSON.stringify(owners)}`);
    };
    await awaitCondition('all to know both streams', async () => (await without()).length === 0);
    const staying = sides.map(({ from, stream }) => start(from.rtmpUrl(stream)));
    for (const player of staying) await player.played(50);

    lab.cut([0], [1]);
    const until = performance.now() + CUT_MS;
    let plays = 0;
    while (performance.now() < until) {
      // By RTMP it is relayed, and the owner cannot be asked itself; by HTTP the player is sent there, and gets there.
      const players = sides.flatMap(({ from, stream }) => [
        start(from.rtmpUrl(stream)),
        start(from.flvUrl(stream)),
      ]);
      for (const player of players) await player.played(25);
      plays += players.length;
      expect(await without()).toEqual([]);
      for (const player of players) await player.process.stop();
    }
    const reach = await a.members();
    expect(reach.find(({ name }) => name === 'b')?.liveness).toBe('unreachable');
    lab.heal();

    for (const player of staying) await player.playsOn(50);
    for (const player of staying) {
      expect(player.stepsBack).toEqual([]);
      expect(new SampleOrder().breaks(player.frames)).toEqual([]);
    }
    expect(plays).toBeGreaterThan(8);
    expect(await without()).toEqual([]);
    await awaitCondition('a to reach b again', async () =>
      (await a.members()).some(({ name, liveness }) => name === 'b' && liveness === 'alive'),
    );
  });
});
