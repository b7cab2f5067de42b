import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, publish } from '../support/ffmpeg.js';
import { testScope } from '../support/scope.js';

describe('a relay', needs('ffmpeg'), () => {
  it('is one pull for all players of a member, and ends some time after the last left', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a', 'b'], config: { relay: { lingerMs: 1000 } } });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    publish(scope, a.rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['a']);
    const players = [1, 2, 3].map(() => play(scope, b.rtmpUrl('live/s1')));
    for (const player of players) await player.played(25);

    expect((await a.stream('live/s1')).here).toMatchObject({ source: 'publisher' });
    await expect.poll(async () => (await a.stream('live/s1')).here.players).toHaveLength(1);
    const onB = (await b.stream('live/s1')).here;
    expect(onB.source).toBe('relay');
    expect(onB.players).toHaveLength(3);
    // A relayed stream is no claim of who relays it.
    await cluster.owned('live/s1', ['a']);

    const [first, second, third] = players;
    await first?.process.kill();
    await second?.process.kill();
    await awaitCondition(
      'one player left',
      async () => (await b.stream('live/s1')).here.players.length === 1,
    );
    await expect.poll(async () => (await b.stream('live/s1')).here.source).toBe('relay');
    await third?.playsOn(25);
    await third?.process.kill();
    await awaitCondition('the relay to end', async () => (await b.stream('live/s1')).here.source === 'none');
    await awaitCondition(
      'the owner to serve nobody',
      async () => (await a.stream('live/s1')).here.players.length === 0,
    );
  });

  it('follows a publisher that moves to another origin, and so do players on the old one', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope);
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    const first = publish(scope, a.rtmpUrl('live/moves'));
    const players = [play(scope, c.rtmpUrl('live/moves')), play(scope, a.rtmpUrl('live/moves'))];
    for (const player of players) await player.played(25);
    first.signal('SIGKILL');
    await cluster.owned('live/moves', []);
    publish(scope, b.rtmpUrl('live/moves'));
    await cluster.owned('live/moves', ['b']);
    for (const player of players) {
      await player.playsOn(50);
      expect(player.stepsBack).toEqual([]);
    }
  });

  it('takes over for players on an owner whose publisher leaves while another owner has the stream', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    const first = publish(scope, a.rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['a']);
    const second = publish(scope, b.rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['a', 'b']);
    const player = play(scope, a.rtmpUrl('live/s1'));
    await player.played(25);

    await first.kill();
    await cluster.owned('live/s1', ['b']);
    await player.playsOn(25);
    publish(scope, a.rtmpUrl('live/s1'));
    // The oldest claim comes first: who comes back is the backup now.
    await cluster.owned('live/s1', ['b', 'a']);
    await player.playsOn(25);
    await second.kill();
    await cluster.owned('live/s1', ['a']);
    await player.playsOn(25);
    expect(player.stepsBack).toEqual([]);
  });

  it('serves the players of an edge, which takes no publishers where it is to take none', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a'] });
    const edge = await cluster.add('edge', [cluster.member(0).seed], {
      role: 'edge',
      forward: { enabled: false },
    });
    await cluster.whole();
    publish(scope, cluster.member(0).rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['a']);
    await play(scope, edge.rtmpUrl('live/s1')).played(25);
    expect((await publish(scope, edge.rtmpUrl('live/s2')).exited).code).not.toBe(0);
    await cluster.owned('live/s2', []);
  });

  it('pulls again from the owner where its origin was killed and came back', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    publish(scope, a.rtmpUrl('live/s1'));
    const player = play(scope, b.rtmpUrl('live/s1'));
    await player.played(25);
    await a.kill('SIGKILL');
    await cluster.owned('live/s1', []);
    a.restart();
    await cluster.whole();
    publish(scope, a.rtmpUrl('live/s1'));
    await player.playsOn(50);
    expect(player.stepsBack).toEqual([]);
  });
});
