import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { HookService } from '../support/hook-service.js';
import type { OriginProcess } from '../support/origin-process.js';
import { PlayersOf } from '../support/players-of.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { SampleSource } from '../support/sample-source.js';
import { type Scope, testScope } from '../support/scope.js';

const STREAM = 'live/forwarded';
/** Nothing here ends by it. */
const DEADLINE_MS = 600_000;
/** HTTP players, too, are to stay where they came. */
const config = { play: { mode: 'relay' }, drain: { deadlineMs: DEADLINE_MS }, zone: 'z1' };

/** Two origins, an edge beside them, and an origin in another zone, where people play. */
async function meshOf(scope: Scope, more: object = {}, names: readonly string[] = ['a', 'b']) {
  const members = await Cluster.start(scope, { names, config: { ...config, ...more } });
  const seeds = [members.member(0).seed];
  const far = await members.add('far', seeds, { zone: 'z2' });
  const edge = await members.add('edge', seeds, { role: 'edge' });
  await members.whole();
  return { members, far, edge };
}

async function ownerOf(members: Cluster, asked: OriginProcess): Promise<OriginProcess> {
  const [name] = await asked.ownerNames(STREAM);
  const found = members.members.find((member) => member.name === name);
  if (found === undefined) throw new Error(`${STREAM} has no owner`);
  return found;
}

async function refusal(scope: Scope, to: OriginProcess, stream = 'forwarded'): Promise<unknown> {
  const client = await RtmpClient.open(scope, to.ports.rtmp);
  await client.connect(`rtmp://127.0.0.1:${to.ports.rtmp}/live`);
  client.publish(stream);
  return (await client.awaitStatus('NetStream.Publish.BadName')).description;
}

describe('a publisher at an edge', needs('ffmpeg'), () => {
  it('goes on exactly at the next origin where its own drains, is stopped, is killed, and hangs', async () => {
    const scope = testScope();
    const { members, far, edge } = await meshOf(scope);
    const source = new SampleSource(scope);
    const output = await source.publish(edge.rtmpUrl(STREAM));
    const players = new PlayersOf(scope, far, STREAM);
    await players.playOn(30);
    // SIGINT stops without a drain.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGSTOP'] as const) {
      const before = await ownerOf(members, far);
      before.signal(signal);
      await awaitCondition('another origin to have it', async () => {
        const owners = await far.ownerNames(STREAM);
        return owners.length > 0 && !owners.includes(before.name);
      });
      await players.playOn(30);
      if (signal === 'SIGSTOP') continue;
      await before.exited;
      before.restart();
      await members.whole();
    }
    expect(players.breaks()).toEqual([]);
    // By whatever the edge noticed it first.
    expect(edge.logged('forward moved').map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/draining|reconnecting/),
      expect.stringMatching(/stopping|closed-by-server|stalled/),
      expect.stringMatching(/closed-by-server|stalled/),
      'stalled',
    ]);
    expect(new Set(far.logged('relay switched owner').map(({ splice }) => splice))).toEqual(
      new Set(['exact']),
    );
    expect(output.client.isClosed).toBe(false);
    output.cut();
    await awaitCondition('the claim to end', async () => (await far.ownerNames(STREAM)).length === 0);
  });

  it('is judged there, answered as the origin answers, and gone with the edge', async () => {
    const scope = testScope();
    const hook = await HookService.start(scope);
    const url = hook.url('/');
    const { members, far, edge } = await meshOf(scope, {
      publish: { policy: 'reject', auth: [{ hook: { on_publish: url, on_unpublish: url } }] },
    });
    const source = new SampleSource(scope);
    await source.publish(edge.rtmpUrl(STREAM));
    const calls = () => hook.calls.map(({ body }) => /"action":"(\w+)"/.exec(body)?.[1]);
    expect(calls()).toEqual(['on_publish']);
    const players = new PlayersOf(scope, edge, STREAM);
    await players.playOn(10);
    expect(await refusal(scope, edge)).toContain('publish.policy lets only one');
    const clients = (await (await fetch(edge.apiUrl('/api/v1/clients?kind=publish&member=edge'))).json()) as {
      clients: { forwardedTo?: string }[];
    };
    expect(clients.clients.map(({ forwardedTo }) => forwardedTo)).toEqual(await far.ownerNames(STREAM));
    // A worker tells of it once a second.
    await awaitCondition('metrics to count it', async () =>
      (await (await fetch(edge.apiUrl('/metrics'))).text()).includes('headwater_forwards 1'),
    );
    await edge.kill();
    await awaitCondition('the claim to end', async () => (await far.ownerNames(STREAM)).length === 0);
    edge.restart();
    await members.whole();
    await source.publish(edge.rtmpUrl(STREAM));
    expect(await far.ownerNames(STREAM)).toHaveLength(1);
  });

  it('is told where there is no origin', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, { names: ['edge'], config: { role: 'edge' } });
    expect(await refusal(scope, members.member(0))).toContain('no origin takes the stream at the moment');
  });
});

describe('an origin that drains with drain.forwardPublishers', needs('ffmpeg'), () => {
  it('keeps its publishers, and takes those that come, for another origin', async () => {
    const scope = testScope();
    const more = { workers: 1, drain: { deadlineMs: DEADLINE_MS, forwardPublishers: true } };
    const members = await Cluster.start(scope, { names: ['a', 'b'], config: { ...config, ...more } });
    const far = await members.add('far', [members.member(0).seed], { zone: 'z2' });
    await members.whole();
    const [a] = [members.member(0)];
    const source = new SampleSource(scope);
    const output = await source.publish(a.rtmpUrl(STREAM));
    const players = new PlayersOf(scope, far, STREAM);
    await players.playOn(30);
    const url = a.apiUrl('/api/v1/members/a/drain');
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    await members.owned(STREAM, ['b']);
    const late = await source.publish(a.rtmpUrl('live/late'));
    await players.playOn(30);
    expect(players.breaks()).toEqual([]);
    expect([output.client.isClosed, late.client.isClosed]).toEqual([false, false]);
    await awaitCondition('both to be told of', async () => {
      const { stillHere } = (await (await fetch(url)).json()) as { stillHere: object[] };
      return JSON.stringify(stillHere).includes('"forwarded","count":2');
    });
  });
});
