import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, publishTee } from '../support/ffmpeg.js';
import { NetLab } from '../support/net-lab.js';
import { PlayersOf } from '../support/players-of.js';
import { pullsUnforced, relaysFrom } from '../support/relay-moves.js';
import { SampleOrder } from '../support/sample-order.js';
import { SampleSource } from '../support/sample-source.js';
import { sharedScope, testScope } from '../support/scope.js';

/** Three frame intervals of the sample are less. */
const STALL_MS_LEAST = 500;

/** HTTP players, too, are to stay where they came. */
const config = { play: { mode: 'relay' } };

describe('a relay whose owner is there and sends nothing', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(scope, { config });
  });

  it('goes on from the other owner by itself, every frame once, and does not move back', async () => {
    const own = testScope();
    const stream = 'live/silent';
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    const source = new SampleSource(own);
    const outputs = {
      a: await source.publish(a.rtmpUrl(stream)),
      b: await source.publish(b.rtmpUrl(stream), { clockMs: 90_000 }),
    };
    await cluster.owned(stream, ['a', 'b']);
    const players = new PlayersOf(own, c, stream);
    await players.playOn(40);
    const [silent, other] = relaysFrom(c) === 'a' ? (['a', 'b'] as const) : (['b', 'a'] as const);
    outputs[silent].isSilent = true;
    await awaitCondition('the relay to move', () => relaysFrom(c) === other);
    await players.playOn(60);
    // All members rank it last while it says that it is silent.
    await cluster.owned(stream, [other, silent]);
    const pulls = c.logged('relay pulls').length;
    outputs[silent].isSilent = false;
    await players.playOn(60);
    expect(pullsUnforced(c, pulls)).toEqual([]);
    const losses = c.logged('relay lost its owner');
    expect(losses.filter(({ reason }) => reason !== 'stalled')).toEqual([]);
    const lost = losses.findLast(({ owner }) => owner === silent);
    expect(lost?.silentMs).toBeGreaterThanOrEqual(STALL_MS_LEAST);
    expect(players.breaks()).toEqual([]);
  });
});

describe('players of an owner whose publisher is there and sends nothing', needs('ffmpeg'), () => {
  it('go on from the other owner, and from their own when that sends again, every frame once', async () => {
    const scope = testScope();
    const stream = 'live/silent';
    const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    const source = new SampleSource(scope);
    const toA = await source.publish(a.rtmpUrl(stream));
    await source.publish(b.rtmpUrl(stream), { clockMs: 90_000 });
    await cluster.owned(stream, ['a', 'b']);
    const players = new PlayersOf(scope, a, stream);
    await players.playOn(40);
    toA.isSilent = true;
    await players.playOn(60);
    expect(a.logged('publisher silent')).not.toEqual([]);
    await expect.poll(async () => (await a.stream(stream)).here.source).toBe('relay');
    // All members rank it last while it says that it is silent.
    await cluster.owned(stream, ['b', 'a']);
    toA.isSilent = false;
    await awaitCondition(
      'the relay to give way',
      async () => (await a.stream(stream)).here.source === 'publisher',
    );
    await players.playOn(40);
    expect(players.breaks()).toEqual([]);
  });
});

describe('an encoder that pauses on both of its origins', needs('ffmpeg'), () => {
  it('loses nothing but what it did not send, wherever it is played', async () => {
    const scope = testScope();
    const stream = 'live/pauses';
    const cluster = await Cluster.start(scope, { config });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    const source = new SampleSource(scope);
    const outputs = [await source.publish(a.rtmpUrl(stream)), await source.publish(b.rtmpUrl(stream))];
    await cluster.owned(stream, ['a', 'b']);
    const everywhere = cluster.members.map((member) => new PlayersOf(scope, member, stream));
    for (const players of everywhere) await players.playOn(40);
    const silences = [a, b].map((member) => () => member.logged('publisher silent').length);
    const before = silences.map((count) => count());
    for (const output of outputs) output.isSilent = true;
    for (const [index, count] of silences.entries())
      await awaitCondition('it to be noticed', () => count() > (before[index] ?? 0));
    for (const output of outputs) output.isSilent = false;
    for (const players of everywhere) {
      await players.playOn(60);
      // One step over the pause in each recording: pictures of three players, sound of two.
      expect(players.breaks()).toHaveLength(5);
    }
  });
});

describe('a relay whose owner is cut off', needs('ffmpeg', 'network namespaces'), () => {
  it('goes on from the other owner in time, every frame once, and stays there when the network heals', async () => {
    const scope = testScope();
    const stream = 'live/cut';
    const lab = NetLab.open(scope, 4);
    const cluster = await Cluster.start(scope, { lab, config });
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    publishTee(scope, [a.rtmpUrl(stream), b.rtmpUrl(stream)], lab.within(3));
    await awaitCondition('two owners', async () => (await c.ownerNames(stream)).length === 2);
    const players = [
      play(scope, c.rtmpUrl(stream), lab.within(3)),
      play(scope, c.flvUrl(stream), lab.within(2)),
    ];
    for (const player of players) await player.played(40);
    const owner = relaysFrom(c) === 'a' ? 0 : 1;
    const other = cluster.member(1 - owner);
    // Its publisher reaches it as before: only the members lose it.
    lab.cut([owner], [1 - owner, 2]);
    for (const player of players) await player.playsOn(60);
    expect(relaysFrom(c)).toBe(other.name);
    const losses = c.logged('relay lost its owner');
    expect(losses.filter(({ reason }) => reason !== 'stalled')).toEqual([]);
    expect(losses.at(-1)?.silentMs).toBeGreaterThanOrEqual(STALL_MS_LEAST);
    await awaitCondition(
      'the cut off owner to be dropped',
      async () => (await c.ownerNames(stream)).length === 1,
    );
    lab.heal();
    await cluster.whole();
    await awaitCondition('two owners again', async () => (await c.ownerNames(stream)).length === 2);
    const pulls = c.logged('relay pulls').length;
    for (const player of players) await player.playsOn(40);
    expect(pullsUnforced(c, pulls)).toEqual([]);
    for (const player of players) {
      expect(new SampleOrder().breaks(player.frames)).toEqual([]);
      expect([player.stepsBack, player.isRunning]).toEqual([[], true]);
    }
  });
});
