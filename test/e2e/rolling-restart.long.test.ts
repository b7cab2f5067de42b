import { setTimeout as sleep } from 'node:timers/promises';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { PlayersOf } from '../support/players-of.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const STREAM = 'live/rolled';
/** By whoever does not know of drains. */
const APART_MS = 10_000;

describe('a batch restart of five members, 10 s apart, by SIGTERM', needs('ffmpeg'), () => {
  it('loses no frame of a hot-backed-up stream, wherever its players are', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, { names: NAMES, config: { play: { mode: 'relay' } } });
    const source = new SampleSource(scope);
    const publish = (index: number, clockMs: number) =>
      source.publish(members.member(index).rtmpUrl(STREAM), { clockMs });
    await publish(0, 0);
    await publish(1, 3_000);
    await members.owned(STREAM, ['a', 'b']);
    // On the last member, which is not restarted: it relays, from owner after owner.
    const players = new PlayersOf(scope, members.member(4), STREAM);
    await players.playOn(40);
    for (const index of [0, 1, 2, 3]) {
      const member = members.member(index);
      member.signal('SIGTERM');
      // The batch does not look; only the pace of it is real.
      await sleep(APART_MS);
      await member.exited;
      member.restart();
      await members.whole();
      if (index < 2) await publish(index, 5_000 + index);
      await players.playOn(40);
    }
    expect(players.breaks()).toEqual([]);
  });
});
