import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play } from '../support/ffmpeg.js';
import { playHttp, playWebSocket } from '../support/flv-client.js';
import type { OriginProcess } from '../support/origin-process.js';
import { PlayersOf } from '../support/players-of.js';
import { pullsUnforced, relaysFrom, waysOver } from '../support/relay-moves.js';
import { SampleOrder } from '../support/sample-order.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

const STREAM = 'live/s1';
/** HTTP players, too, are to stay where they came. */
const config = { play: { mode: 'relay' } };

/** One encode on a and b, played by each protocol from c. */
async function twoOwners(names: readonly string[] = ['a', 'b', 'c']) {
  const scope = testScope();
  const cluster = await Cluster.start(scope, { names, config });
  const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
  const source = new SampleSource(scope);
  const outputs = [await source.publish(a.rtmpUrl(STREAM)), await source.publish(b.rtmpUrl(STREAM))] as const;
  await cluster.owned(STREAM, ['a', 'b']);
  const players = new PlayersOf(scope, c, STREAM);
  await players.playOn(40);
  return { scope, cluster, a, b, c, source, outputs, players };
}

describe('an owner that was killed and comes back', needs('ffmpeg'), () => {
  it('is the backup from then on: no player moves back, and none misses a frame', async () => {
    const { cluster, a, b, c, source, players } = await twoOwners();
    const [first, other] = relaysFrom(c) === a.name ? [a, b] : [b, a];
    await first.kill('SIGKILL');
    await cluster.owned(STREAM, [other.name]);
    await players.playOn(40);
    expect(relaysFrom(c)).toBe(other.name);
    const pulls = c.logged('relay pulls').length;
    first.restart();
    await cluster.whole();
    await source.publish(first.rtmpUrl(STREAM));
    await cluster.owned(STREAM, [other.name, first.name]);
    await players.playOn(60);
    expect(pullsUnforced(c, pulls)).toEqual([]);
    expect(waysOver(c)).toEqual(['exact']);
    expect(players.breaks()).toEqual([]);
  });
});

describe('players whose both owners go', needs('ffmpeg'), () => {
  it('wait when the processes are killed, and go on when the stream is published to their own member', async () => {
    const { cluster, a, b, c, source, players } = await twoOwners();
    await Promise.all([a.kill('SIGKILL'), b.kill('SIGKILL')]);
    await cluster.owned(STREAM, []);
    await wait(c, 3);
    await source.publish(c.rtmpUrl(STREAM));
    await players.playOn(60);
    players.areWell();
  });

  it('wait when the processes are killed, and go on when the stream is published to one that comes back', async () => {
    const { cluster, a, b, c, source, players } = await twoOwners();
    await Promise.all([a.kill('SIGKILL'), b.kill('SIGKILL')]);
    await cluster.owned(STREAM, []);
    await wait(c, 3);
    b.restart();
    await cluster.whole();
    await source.publish(b.rtmpUrl(STREAM));
    await players.playOn(60);
    expect(relaysFrom(c)).toBe('b');
  });

  it('wait when the publishers go, on every member, and go on when one publishes to a member that never owned it', async () => {
    const { scope, cluster, a, c, source, outputs, players } = await twoOwners(['a', 'b', 'c', 'd']);
    const onOwner = new PlayersOf(scope, a, STREAM);
    await onOwner.playOn(25);
    for (const output of outputs) output.cut();
    await cluster.owned(STREAM, []);
    await wait(a, 3);
    await wait(c, 3);
    await source.publish(cluster.member(3).rtmpUrl(STREAM));
    await Promise.all([players.playOn(60), onOwner.playOn(60)]);
    expect([relaysFrom(a), relaysFrom(c)]).toEqual(['d', 'd']);
  });
});

describe('players of an owner that is killed', needs('ffmpeg'), () => {
  it('are at once routed to the other owner by whichever member they come to', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope);
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    const source = new SampleSource(scope);
    await source.publish(a.rtmpUrl(STREAM));
    await source.publish(b.rtmpUrl(STREAM));
    await cluster.owned(STREAM, ['a', 'b']);
    const rtmp = play(scope, a.rtmpUrl(STREAM));
    const webSocket = playWebSocket(scope, a.wsUrl(STREAM));
    await rtmp.played(25);
    await awaitCondition('pictures', () => webSocket.reader.pictures.length > 25);
    a.signal('SIGKILL');
    await Promise.all([rtmp.process.exited, awaitCondition('the close', () => webSocket.end)]);
    // Nothing is waited for: whoever reconnects does so now.
    const again = [c, b].map((member) => play(scope, member.rtmpUrl(STREAM)));
    const flv = [playWebSocket(scope, c.wsUrl(STREAM)), playWebSocket(scope, b.wsUrl(STREAM))];
    for (const player of again) {
      await player.played(50);
      expect(new SampleOrder().breaks(player.frames)).toEqual([]);
    }
    for (const { reader } of flv) await awaitCondition('pictures', () => reader.pictures.length > 50);
    expect(relaysFrom(c)).toBe('b');
    await cluster.owned(STREAM, ['b']);
    const overHttp = playHttp(scope, c.flvUrl(STREAM));
    await awaitCondition('pictures over HTTP', () => overHttp.reader.pictures.length > 25);
    expect(c.logged('play routed').at(-1)).toMatchObject({ route: 'redirect', target: 'b 127.0.0.1' });
  });
});

function wait(origin: OriginProcess, count: number): Promise<unknown> {
  return awaitCondition(`${count} players to wait on ${origin.name}`, async () => {
    const { players } = (await origin.stream(STREAM)).here;
    return players.filter(({ state }) => state === 'waiting').length === count;
  });
}
