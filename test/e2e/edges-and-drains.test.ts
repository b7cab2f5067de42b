import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import type { OriginProcess } from '../support/origin-process.js';
import { PlayersOf } from '../support/players-of.js';
import { SampleSource } from '../support/sample-source.js';
import { type Scope, testScope } from '../support/scope.js';

const STREAM = 'live/anywhere';
/** Nothing here ends by it. */
const DEADLINE_MS = 600_000;
const config = {
  play: { mode: 'relay' },
  drain: { deadlineMs: DEADLINE_MS },
  forward: { lostMs: 60_000 },
  mesh: { suspectAfterMs: DEADLINE_MS, deadAfterMs: DEADLINE_MS },
};

async function meshOf(scope: Scope, origins: readonly string[], edges: readonly string[], more: object = {}) {
  const members = await Cluster.start(scope, { names: origins, config: { ...config, ...more } });
  const seeds = members.members.map(({ seed }) => seed);
  const added: OriginProcess[] = [];
  for (const name of edges) added.push(await members.add(name, seeds, { role: 'edge' }));
  await members.whole();
  return { members, origins: members.members.slice(0, origins.length), edges: added };
}

const drain = (origin: OriginProcess, method: 'POST' | 'DELETE') =>
  fetch(origin.apiUrl(`/api/v1/members/${origin.name}/drain`), {
    method,
    ...(method === 'POST' && { headers: { 'content-type': 'application/json' }, body: '{}' }),
  });

const stepOf = async (origin: OriginProcess): Promise<string | undefined> =>
  ((await (await fetch(origin.apiUrl(`/api/v1/members/${origin.name}/drain`))).json()) as { step?: string })
    .step;

describe('a publisher at an edge', needs('ffmpeg'), () => {
  it('waits for an origin where the only one dies amid a publish, and goes on with the one that comes', async () => {
    const scope = testScope();
    const { members, origins, edges } = await meshOf(scope, ['a'], ['edge']);
    const [a, edge] = [origins[0] as OriginProcess, edges[0] as OriginProcess];
    const output = await new SampleSource(scope).publish(edge.rtmpUrl(STREAM));
    const players = new PlayersOf(scope, edge, STREAM);
    await players.playOn(10);
    await a.kill();
    await awaitCondition('nobody to have it', async () => (await edge.ownerNames(STREAM)).length === 0);
    a.restart();
    await members.owned(STREAM, ['a']);
    await players.playOn(15);
    expect(output.client.isClosed).toBe(false);
    expect(edge.logged('publish ended')).toEqual([]);
  });

  it('comes again by another edge while the first one lost it, and both edges may forward one stream', async () => {
    const scope = testScope();
    const { members, edges } = await meshOf(scope, ['a', 'b'], ['e', 'f']);
    const [e, f] = [edges[0] as OriginProcess, edges[1] as OriginProcess];
    const source = new SampleSource(scope);
    const first = await source.publish(e.rtmpUrl(STREAM));
    await awaitCondition('an owner', async () => (await f.ownerNames(STREAM)).length === 1);
    const second = await source.publish(f.rtmpUrl(STREAM));
    await awaitCondition('both owners', async () => (await f.ownerNames(STREAM)).length === 2);
    const players = new PlayersOf(scope, f, STREAM);
    await players.playOn(10);
    first.cut();
    await awaitCondition('one owner', async () => (await f.ownerNames(STREAM)).length === 1);
    await players.playOn(10);
    const third = await source.publish(e.rtmpUrl(STREAM));
    await awaitCondition('both owners again', async () => (await f.ownerNames(STREAM)).length === 2);
    await e.kill();
    await awaitCondition('one owner', async () => (await f.ownerNames(STREAM)).length === 1);
    await players.playOn(10);
    expect(players.breaks()).toEqual([]);
    expect([second.client.isClosed, third.client.isClosed]).toEqual([false, true]);
    // An edge that drains closes what it forwards, so that encoders come to another one.
    f.signal('SIGTERM');
    await awaitCondition('the publisher to be closed', () => second.client.isClosed);
    expect(await members.member(0).ownerNames(STREAM)).toEqual([]);
    // Its players would keep it for as long as drain.deadlineMs.
    expect(await stepOf(f)).toBe('players-leave');
    f.signal('SIGHUP');
    await awaitCondition('its answer', () => f.logged('signal does nothing').length === 1);
    f.signal('SIGINT');
    expect((await f.exited).code).toBe(1);
  });
});

describe('a drain', needs('ffmpeg'), () => {
  it('of two members at once moves all to the third, and of that one ends too', async () => {
    const scope = testScope();
    const { members, origins } = await meshOf(scope, ['a', 'b', 'c'], ['edge']);
    const [a, b, c] = origins as [OriginProcess, OriginProcess, OriginProcess];
    const edge = members.member(3);
    const source = new SampleSource(scope);
    await source.publish(a.rtmpUrl(STREAM));
    await source.publish(b.rtmpUrl(STREAM));
    await members.owned(STREAM, ['a', 'b']);
    const players = new PlayersOf(scope, edge, STREAM);
    await players.playOn(10);
    // It gives nothing before its first keyframe, up to a second from now: both wait for it.
    await source.publish(c.rtmpUrl(STREAM));
    await members.owned(STREAM, ['a', 'b', 'c']);
    for (const leaver of [a, b]) leaver.signal('SIGTERM');
    expect([(await a.exited).code, (await b.exited).code]).toEqual([0, 0]);
    await members.owned(STREAM, ['c']);
    await players.playOn(10);
    expect(players.breaks()).toEqual([]);
    // Nobody is left to move to: it ends all the same, and says so to who is there.
    c.signal('SIGTERM');
    expect((await c.exited).code).toBe(0);
    await awaitCondition('its leave', () => edge.logged('member left').length === 3);
    expect(edge.logged('member dead')).toEqual([]);
  });

  it('that is cancelled half-way leaves who is there, and takes whom it refused', async () => {
    const scope = testScope();
    const { members, origins } = await meshOf(scope, ['a', 'b'], []);
    const [a, b] = origins as [OriginProcess, OriginProcess];
    const source = new SampleSource(scope);
    await source.publish(b.rtmpUrl(STREAM));
    await members.owned(STREAM, ['b']);
    // They keep it draining.
    const players = new PlayersOf(scope, a, STREAM);
    await players.playOn(10);
    for (let round = 0; round < 3; round += 1) {
      expect((await drain(a, 'POST')).status).toBe(200);
      await awaitCondition('all to know', async () =>
        JSON.stringify((await b.members()).find(({ name }) => name === 'a')).includes('"draining":true'),
      );
      expect((await fetch(a.apiUrl('/readyz'))).status).toBe(503);
      expect((await drain(a, 'DELETE')).status).toBe(200);
      await a.ready();
    }
    await source.publish(a.rtmpUrl('live/more'));
    await members.owned('live/more', ['a']);
    await players.playOn(10);
    expect(players.breaks()).toEqual([]);
  });

  it('goes on while a worker of it is killed', async () => {
    const scope = testScope();
    const { members, origins } = await meshOf(scope, ['a', 'b'], [], { workers: 2 });
    const [a, b] = origins as [OriginProcess, OriginProcess];
    const source = new SampleSource(scope);
    await source.publish(a.rtmpUrl(STREAM));
    await members.owned(STREAM, ['a']);
    const players = new PlayersOf(scope, b, STREAM);
    await players.playOn(10);
    a.signal('SIGTERM');
    await awaitCondition('it to drain', () => a.logged('draining').length === 1);
    const own = (await a.members()).find(({ self }) => self);
    for (const { pid } of own?.workers ?? []) process.kill(pid as number, 'SIGKILL');
    // Whom it drained for is gone with the workers.
    expect((await a.exited).code).toBe(0);
  });
});

describe('relay.tree', needs('ffmpeg'), () => {
  it('serves where a zone has one member, and where a member has none', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, {
      names: ['o'],
      config: { ...config, relay: { tree: true }, zone: 'z1' },
    });
    const seeds = [members.member(0).seed];
    const lone = await members.add('lone', seeds, { zone: 'z2' });
    const none = await members.add('none', seeds, { zone: null });
    const none2 = await members.add('none2', seeds, { zone: null });
    await members.whole();
    await new SampleSource(scope).publish(members.member(0).rtmpUrl(STREAM));
    await members.owned(STREAM, ['o']);
    const players = [lone, none, none2].map((member) => new PlayersOf(scope, member, STREAM));
    await Promise.all(players.map((each) => each.playOn(10)));
    await lone.kill();
    await Promise.all(players.slice(1).map((each) => each.playOn(10)));
    expect(players.slice(1).flatMap((each) => each.breaks())).toEqual([]);
  });
});
