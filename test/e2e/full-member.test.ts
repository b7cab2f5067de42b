import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { playHttp } from '../support/flv-client.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

const STREAM = 'live/crowded';
/** Three players and two publishers, of whom the second one takes the last place. */
const CONNECTIONS_MAX = 5;

describe('a member that is full', needs('ffmpeg'), () => {
  it('says so, sends players that follow to one that has room, and refuses them where there is none', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['b'] });
    const b = cluster.member(0);
    const a = await cluster.add('a', undefined, { limits: { connectionsMax: CONNECTIONS_MAX } });
    await cluster.whole();
    const source = new SampleSource(scope);
    await source.publish(a.rtmpUrl(STREAM));
    await cluster.owned(STREAM, ['a']);
    const players = [1, 2, 3].map(() => playHttp(scope, a.flvUrl(STREAM)));
    expect(await Promise.all(players.map(({ status }) => status))).toEqual([200, 200, 200]);
    // Not a player: its own connection might be known to be the last one before it is routed, and it would be sent to b.
    await source.publish(a.rtmpUrl('live/last'));
    await awaitCondition('b to hear that a is full', async () => {
      const { members } = await b.api<{ members: { name: string; full: boolean }[] }>('/api/v1/members');
      return members.some(({ name, full }) => name === 'a' && full);
    });
    await awaitCondition('a to have logged it', () => a.logged('member full').length === 1);

    // Sent to the member that has room, which relays it.
    const answer = await fetch(a.flvUrl(STREAM), { redirect: 'manual' });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toContain(`:${b.ports.http}/${STREAM}.flv`);
    const sent = playHttp(scope, a.flvUrl(STREAM));
    await awaitCondition('the fourth player to play', () => sent.reader.tags.length > 20);
    const routes = () =>
      a.logged('play routed').map(({ route, mark, reason }) => `${route} ${mark} ${reason}`);
    await awaitCondition('three more routes to be logged', () => routes().length === 6);
    expect(routes().slice(0, 3)).toEqual(Array(3).fill('local none published-here'));
    // A redirect is logged once it was answered: by then the relay that came of it may have been.
    expect(routes().slice(3).sort()).toEqual([
      'local relay published-here',
      'redirect none full-other-member',
      'redirect none full-other-member',
    ]);
    await expect.poll(async () => (await b.stream(STREAM)).here.source).toBe('relay');
    // Whoever asks b first is not sent to the full owner.
    const direct = playHttp(scope, b.flvUrl(STREAM));
    await awaitCondition('the fifth player to play', () => direct.reader.tags.length > 20);
    await awaitCondition('its route to be logged', () =>
      b.logged('play routed').some(({ route, reason }) => route === 'relay' && reason === 'owner-full'),
    );
    for (const { end } of players) expect(end).toBeNull();

    await b.stop();
    await awaitCondition('a to be alone', async () => {
      const members = await a.members();
      return members.every(({ name, liveness }) => name === 'a' || liveness !== 'alive');
    });
    // With the three that play and the publishers, it has room for nobody.
    await awaitCondition('a player to be refused', async () => {
      const { status, body } = await fetch(a.flvUrl(STREAM), { redirect: 'manual' });
      await body?.cancel();
      return status === 503;
    });
    await awaitCondition('the reason to be logged', () => routes().at(-1) === 'refuse none nobody-has-room');
    for (const { end } of players) expect(end).toBeNull();
  });
});
