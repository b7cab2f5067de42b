import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, publishTee } from '../support/ffmpeg.js';
import { NetLab } from '../support/net-lab.js';
import type { OriginProcess } from '../support/origin-process.js';
import { waysOver } from '../support/relay-moves.js';
import { SampleOrder } from '../support/sample-order.js';
import { testScope } from '../support/scope.js';

const STREAM = 'live/s';

/** Waits until a member's relay goes this way; null: it pulls from the owner itself. */
function relayed(
  member: OriginProcess,
  through: (name: string | undefined) => boolean,
): Promise<string | undefined> {
  return awaitCondition(`${member.name} to relay another way`, async () => {
    const { here } = await member.stream(STREAM);
    return here.source === 'relay' && through(here.relayThroughName)
      ? { name: here.relayThroughName }
      : undefined;
  }).then(({ name }) => name);
}

describe("a member that does not reach an owner's RTMP port", needs('network namespaces', 'ffmpeg'), () => {
  it('plays its streams through a member that does, and loses no frame when that one dies', async () => {
    const scope = testScope();
    const lab = NetLab.open(scope, 5);
    const config = { relay: { connectMs: 700 } };
    const cluster = await Cluster.start(scope, { names: ['a', 'b', 'c', 'd'], lab, config });
    const [a, b, c, d] = cluster.members as [OriginProcess, OriginProcess, OriginProcess, OriginProcess];
    lab.cutPort([0], 1, b.ports.rtmp);
    publishTee(scope, [b.rtmpUrl(STREAM)], lab.within(4));
    await awaitCondition('a to know the owner', async () => (await a.ownerNames(STREAM)).includes('b'));
    const player = play(scope, a.rtmpUrl(STREAM), lab.within(4));
    await player.played(50);
    const first = await relayed(a, (name) => name !== undefined);
    const [way, other] = first === 'c' ? [c, d] : [d, c];
    const passing = await way.stream(STREAM);
    expect(passing.here).toMatchObject({ source: 'none', passesOn: [expect.any(String)] });
    expect(passing.here.players).toHaveLength(1);
    await expect.poll(async () => (await b.stream(STREAM)).here.players).toHaveLength(1);
    // Who passes on is asked by nobody to go a further way.
    expect(new Set(way.logged('relay pulls').map(({ to, reason }) => `${to} ${reason}`))).toEqual(
      new Set(['b passed-on']),
    );

    await way.kill();
    await player.playsOn(50);
    expect(await relayed(a, (name) => name !== first)).toBe(other.name);
    expect(player.stepsBack).toEqual([]);
    expect(new SampleOrder().breaks(player.frames)).toEqual([]);
    expect(waysOver(a)).toEqual(['exact']);

    // The owner is within reach again: nothing moves, since the players are well; the next time it is asked itself.
    lab.heal();
    await player.playsOn(50);
    expect(await relayed(a, () => true)).toBe(other.name);
    await other.kill();
    await player.playsOn(50);
    expect(await relayed(a, (name) => name === undefined)).toBeUndefined();
    expect(new SampleOrder().breaks(player.frames)).toEqual([]);
    expect(player.isRunning).toBe(true);
  });
});
