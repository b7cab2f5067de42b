import { awaitCondition } from '@headwater/testing/await-condition';
import { amount } from '@headwater/testing/long-run';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play } from '../support/ffmpeg.js';
import { PlayersOf } from '../support/players-of.js';
import { waysOver } from '../support/relay-moves.js';
import { SampleOrder } from '../support/sample-order.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

const STREAM = 'live/own';

describe('players on an origin that loses its own publisher', needs('ffmpeg'), () => {
  for (const clockMs of amount({ short: [7_000_123], long: [0, 7_000_123] })) {
    it(`get every frame once from the other owner, whose clock is ${clockMs} ms ahead`, async () => {
      const scope = testScope();
      const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
      const [a, b] = [cluster.member(0), cluster.member(1)];
      const source = new SampleSource(scope);
      const toA = await source.publish(a.rtmpUrl(STREAM));
      await source.publish(b.rtmpUrl(STREAM), { clockMs });
      await cluster.owned(STREAM, ['a', 'b']);
      const players = new PlayersOf(scope, a, STREAM);
      await players.playOn(40);
      toA.cut();
      await cluster.owned(STREAM, ['b']);
      await players.playOn(60);
      expect(waysOver(a)).toEqual(['exact']);
      expect(players.breaks()).toEqual([]);
      // Who joins now gets the picture at once, and goes on with everybody.
      const late = play(scope, a.rtmpUrl(STREAM));
      await late.played(30);
      expect(new SampleOrder().breaks(late.frames)).toEqual([]);
    });
  }

  it('do not notice when it comes back, goes again and comes back again', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    const source = new SampleSource(scope);
    let toA = await source.publish(a.rtmpUrl(STREAM), { clockMs: 5000 });
    await source.publish(b.rtmpUrl(STREAM));
    await cluster.owned(STREAM, ['a', 'b']);
    const players = new PlayersOf(scope, a, STREAM);
    await players.playOn(30);
    for (let turn = 1; turn <= 2; turn += 1) {
      toA.cut();
      await cluster.owned(STREAM, ['b']);
      await players.playOn(30);
      toA = await source.publish(a.rtmpUrl(STREAM), { clockMs: turn * 1_000_000 });
      await cluster.owned(STREAM, ['b', 'a']);
      await awaitCondition(
        'the relay to give way',
        async () => (await a.stream(STREAM)).here.source === 'publisher',
        { instead: () => a.logged(/relay/) },
      );
      await players.playOn(30);
    }
    expect(waysOver(a)).toEqual(['exact']);
    const handedOver = a.logged('relay handed over to publisher').map(({ splice }) => splice);
    expect(handedOver.length).toBeGreaterThanOrEqual(2);
    expect(new Set(handedOver)).toEqual(new Set(['exact']));
    expect(players.breaks()).toEqual([]);
  });
});
