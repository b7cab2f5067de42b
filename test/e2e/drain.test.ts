import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { PlayersOf } from '../support/players-of.js';
import { pullsUnforced, relaysFrom } from '../support/relay-moves.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

const STREAM = 'live/drained';
/** Nothing here ends by it. */
const DEADLINE_MS = 600_000;

const config = {
  drain: { deadlineMs: DEADLINE_MS },
  // HTTP players, too, are to stay where they came.
  play: { mode: 'relay' },
  // Nobody is suspected for being late on a busy machine.
  mesh: { suspectAfterMs: DEADLINE_MS, deadAfterMs: DEADLINE_MS },
};

describe('draining', needs('ffmpeg'), () => {
  it('of an owner moves relays to the other one, frame by frame, and then ends by itself', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, { config });
    const [a, b, c] = [members.member(0), members.member(1), members.member(2)];
    const source = new SampleSource(scope);
    await source.publish(a.rtmpUrl(STREAM));
    await source.publish(b.rtmpUrl(STREAM), { clockMs: 3_000 });
    await members.owned(STREAM, ['a', 'b']);
    const players = new PlayersOf(scope, c, STREAM);
    await players.playOn(40);
    const [leaver, other] = relaysFrom(c) === a.name ? [a, b] : [b, a];
    leaver.signal('SIGTERM');
    await players.playOn(60);
    expect((await leaver.exited).code).toBe(0);
    expect(players.breaks()).toEqual([]);
    expect(pullsUnforced(c, 1).map(({ to, reason }) => `${to} ${reason}`)).toEqual([
      `${other.name} draining`,
    ]);
    // It left; nobody had to find out.
    for (const member of [other, c]) {
      await awaitCondition('the leave', () => member.logged('member left').length > 0);
      expect(member.logged('member left').map(({ memberName }) => memberName)).toEqual([leaver.name]);
      expect([...member.logged('member suspect'), ...member.logged('member dead')]).toEqual([]);
    }
  });

  it('by an operator asks who can to reconnect, closes its ports for RTMP, and is cancelled', async () => {
    const scope = testScope();
    const more = { ...config, workers: 2, drain: { deadlineMs: DEADLINE_MS, listener: 'close' } };
    const members = await Cluster.start(scope, { names: ['a', 'b'], config: more });
    const [a, b] = [members.member(0), members.member(1)];
    const url = a.apiUrl('/api/v1/members/a/drain');
    const act = (method: string) =>
      fetch(url, {
        method,
        ...(method === 'POST' && { headers: { 'content-type': 'application/json' }, body: '{}' }),
      });
    const able = await RtmpClient.open(scope, a.ports.rtmp);
    await able.connect(`rtmp://127.0.0.1:${a.ports.rtmp}/live?k=1`, 'plain', { capsEx: 1 });
    able.publish('able');
    await able.awaitStatus('NetStream.Publish.Start');
    await members.owned('live/able', ['a']);
    expect((await act('POST')).status).toBe(200);
    const request = await able.awaitStatus('NetConnection.Connect.ReconnectRequest');
    expect(request.tcUrl).toBe(`rtmp://127.0.0.1:${b.ports.rtmp}/live?k=1`);
    await awaitCondition('the port to be closed', () =>
      RtmpClient.dial(scope, a.ports.rtmp).then(
        () => false,
        () => true,
      ),
    );
    expect((await fetch(`http://127.0.0.1:${a.ports.http}/`)).status).toBe(200);
    const left = {
      draining: true,
      stillHere: [{ kind: 'publisher', because: 'asked-to-reconnect', count: 1 }],
    };
    await awaitCondition('the publisher to be told of', async () => {
      const told = (await (await fetch(url)).json()) as { publishers: number; stillHere: object[] };
      return told.publishers === 1 && told.stillHere.length === 1;
    });
    expect(await (await fetch(url)).json()).toMatchObject(left);
    expect((await act('DELETE')).status).toBe(200);
    await awaitCondition('the port to be open again', () =>
      RtmpClient.dial(scope, a.ports.rtmp).then(
        () => true,
        () => false,
      ),
    );
    // Who was asked and is still here stays.
    expect([able.isClosed, await a.ownerNames('live/able')]).toEqual([false, ['a']]);
  });

  it('serves its own players from the other owner meanwhile, refuses publishers, and is not ready', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, { config });
    const [a, b] = [members.member(0), members.member(1)];
    const source = new SampleSource(scope);
    await source.publish(a.rtmpUrl(STREAM));
    await source.publish(b.rtmpUrl(STREAM));
    await members.owned(STREAM, ['a', 'b']);
    const players = new PlayersOf(scope, a, STREAM);
    await players.playOn(40);
    a.signal('SIGTERM');
    await awaitCondition(
      'the publisher to be closed',
      async () => (await b.stream(STREAM)).owners.length === 1,
    );
    await players.playOn(60);
    expect(players.breaks()).toEqual([]);
    const ready = await fetch(a.apiUrl('/readyz'));
    expect([ready.status, await ready.json()]).toMatchObject([503, { ready: false, draining: true }]);
    expect((await fetch(a.apiUrl('/healthz'))).status).toBe(200);
    const late = await RtmpClient.open(scope, a.ports.rtmp);
    await late.connect(`rtmp://127.0.0.1:${a.ports.rtmp}/live`);
    late.publish('another');
    await awaitCondition('the publisher to be refused', () =>
      a.logged('publish refused').some(({ reason }) => reason === 'stopping'),
    );
    // A second signal does not wait for the players.
    a.signal('SIGTERM');
    expect((await a.exited).code).not.toBe(0);
  });
});
