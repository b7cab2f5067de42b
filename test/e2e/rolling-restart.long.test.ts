import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { PlayersOf } from '../support/players-of.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const STREAM = 'live/rolled';

describe('four of five members, restarted by SIGTERM one after the other', needs('ffmpeg'), () => {
  it('lose no frame of a hot-backed-up stream that the fifth relays', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, {
      names: NAMES,
      config: { play: { mode: 'relay' }, drain: { deadlineMs: 2_000 } },
    });
    const source = new SampleSource(scope);
    const publish = (index: number, clockMs: number) =>
      source.publish(members.member(index).rtmpUrl(STREAM), { clockMs });
    await publish(0, 0);
    await publish(1, 3_000);
    await members.owned(STREAM, ['a', 'b']);
    const players = new PlayersOf(scope, members.member(4), STREAM);
    await players.playOn(40);
    for (const index of [0, 1, 2, 3]) {
      const member = members.member(index);
      member.signal('SIGTERM');
      expect(await member.exited).toMatchObject({ code: 0 });
      member.restart();
      await members.whole();
      if (index < 2) await publish(index, 5_000 + index);
      await players.playOn(40);
    }
    expect(players.breaks()).toEqual([]);
  });
});
