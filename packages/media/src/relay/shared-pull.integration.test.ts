import { createServer } from 'node:net';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Media } from '../media.js';
import { FakeRtmpServer } from '../testing/fake-rtmp-server.js';
import { mediaOptions } from '../testing/media-options.js';
import { expectExact, grows, NAME, type Player, RelayWorld, sendUntil } from '../testing/relay-world.js';

const world = new RelayWorld();

beforeEach(() => world.open());
afterEach(() => world.close());

describe('a stream of another member that several workers play', () => {
  const pulledBy = (name: string) => () => ({ pullerOf: () => world.socketOf(name) });
  const pullsOf = (media: Media) => media.stream(NAME)?.players.length ?? 0;

  it('is pulled once for all of them, whichever plays first, and no longer than somebody plays', async () => {
    const b1 = await world.worker('b1');
    const [a1, a2, a3] = [
      await world.worker('a1', {}, pulledBy('a1')),
      await world.worker('a2', {}, pulledBy('a1')),
      await world.worker('a3', {}, pulledBy('a1')),
    ];
    const source = await world.encoder([b1]);
    source.send(12);
    const early = await world.play(a2);
    await sendUntil(source, grows(early, 15), 'the first');
    const late = [await world.play(a3), await world.play(a1), await world.play(a2)];
    await sendUntil(source, () => late.every((one) => one.pictures().length > 15), 'the others');
    for (const player of [early, ...late]) expectExact(player);
    expect(pullsOf(b1)).toBe(1);
    // The worker that pulls for others as well has but its own player.
    expect([a1, a2, a3].map((media) => media.load().players)).toEqual([1, 2, 1]);
    for (const media of [a1, a2, a3])
      expect(media.stream(NAME)).toMatchObject({ source: 'relay', relayFrom: 'b' });
    for (const client of world.clients.splice(1)) client.close();
    await until(() => pullsOf(b1) === 0, 'the pull to end');
  });

  it('is pulled once for two members of a zone, all their workers and what is passed on together', async () => {
    world.mesh.setZones({ b: 'near', a: 'far', c: 'far' });
    const b1 = await world.worker('b1');
    const names = ['a1', 'a2', 'c1', 'c2'];
    const workers = [];
    for (const name of names) workers.push(await world.worker(name, {}, pulledBy(`${name.slice(0, 1)}1`)));
    const source = await world.encoder([b1]);
    source.send(12);
    const players: Player[] = [];
    for (const media of workers) players.push(await world.play(media));
    await sendUntil(source, () => players.every((one) => one.pictures().length > 15), 'pictures');
    for (const player of players) expectExact(player);
    expect(pullsOf(b1)).toBe(1);
    const pulls = workers.flatMap((media) => media.stream(NAME)?.players ?? []);
    expect(pulls.filter(({ agent }) => agent.startsWith('headwater relay'))).toHaveLength(1);
    expect(workers.filter((media) => media.stream(NAME)?.relayThrough !== undefined)).toHaveLength(2);
  });

  it('is counted once as what came from other members, whatever the pull is for', async () => {
    world.mesh.setZones({ b: 'near', a: 'far', c: 'far' });
    const b1 = await world.worker('b1');
    const byOwner = () => ({ ...pulledBy('a1')(), relayHead: () => null });
    const [a1, a2] = [await world.worker('a1', {}, byOwner), await world.worker('a2', {}, byOwner)];
    const c = await world.member('c', () => ({ relayHead: () => 'a' }));
    const source = await world.encoder([b1]);
    const players = [await world.play(a1), await world.play(a2), await world.play(c)];
    await sendUntil(source, () => players.every((one) => one.pictures().length > 50), 'pictures');
    expect(pullsOf(b1)).toBe(1);
    const received = (media: Media) => media.figures().totals.bytesIn;
    expect(received(a2)).toMatchObject({ publisher: 0, relay: 0, worker: expect.any(Number) });
    expect(received(a2)?.worker).toBeGreaterThan(a2.stream(NAME)?.bytesIn ?? Number.POSITIVE_INFINITY);
    // Some bytes more than the stream: the end of the replay is marked.
    const ofStream = a1.stream(NAME)?.bytesIn ?? 0;
    expect(received(a1)).toMatchObject({ publisher: 0, worker: 0 });
    expect((received(a1)?.relay ?? 0) / ofStream).toBeCloseTo(1, 0);
  });

  it('goes on frame by frame where the worker that pulls it ends', async () => {
    const b1 = await world.worker('b1');
    const a1 = await world.worker('a1', {}, pulledBy('a1'));
    const [a2, a3] = [
      await world.worker('a2', {}, pulledBy('a1')),
      await world.worker('a3', {}, pulledBy('a1')),
    ];
    const source = await world.encoder([b1]);
    source.send(12);
    const players = [await world.play(a2), await world.play(a3)];
    await sendUntil(source, () => players.every((one) => one.pictures().length > 15), 'pictures');
    expect(pullsOf(b1)).toBe(1);
    const more = players.map((player) => grows(player, 40));
    await world.kill('a1', a1);
    await sendUntil(source, () => more.every((has) => has()), 'more pictures');
    for (const player of players) expectExact(player);
  });

  it('is pulled by each for itself where that worker hangs', async () => {
    const b1 = await world.worker('b1');
    const silent = createServer(() => {});
    world.clients.push(silent);
    await new Promise<void>((resolve) => silent.listen(world.socketOf('a9').path, resolve));
    const a2 = await world.worker('a2', {}, pulledBy('a9'));
    const source = await world.encoder([b1]);
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 5), 'pictures');
    expectExact(player);
  });

  it('comes from the owner where a head of the zone hangs: no worker waits for what another one waited for', async () => {
    const head = await FakeRtmpServer.open((connection) => {
      connection.shakes = false;
    });
    world.clients.push(head);
    world.mesh.setZones({ b: 'near', a: 'far', c: 'far' });
    const b1 = await world.worker('b1');
    world.mesh.host('c');
    world.mesh.setPorts('c', head.port, 1);
    // Whom the hash makes the head does not matter here.
    const byHead = () => ({
      ...pulledBy('a1')(),
      relayHead: (_: unknown, avoided: ReadonlySet<string>) => (avoided.has('c') ? null : 'c'),
    });
    const { relay } = mediaOptions('a');
    const a1 = await world.worker('a1', { relay: { ...relay, connectMs: 700 } }, byHead);
    const a2 = await world.worker('a2', {}, byHead);
    const source = await world.encoder([b1]);
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 5), 'pictures');
    expectExact(player);
    expect(world.logOf('a2').of('relay pulls').slice(0, 2)).toMatchObject([
      { through: 'c' },
      { reason: 'deadline' },
    ]);
    expect(head.connections).toHaveLength(1);
    expect(a1.faults()).toBe(0);
  });

  it('ends for all of them with its publisher, and comes again with the next', async () => {
    const b1 = await world.worker('b1');
    const [, a2] = [
      await world.worker('a1', {}, pulledBy('a1')),
      await world.worker('a2', {}, pulledBy('a1')),
    ];
    const player = await world.play(a2);
    for (let round = 0; round < 2; round += 1) {
      const source = await world.encoder([b1]);
      await sendUntil(source, grows(player, 5), 'pictures');
      await source.publishers[0]?.close();
      await until(() => a2.stream(NAME)?.source === 'none' || undefined, 'no source');
    }
    expect(world.logOf('a2').of('relay lost its owner')[0]).toMatchObject({ reason: 'publisher-ended' });
    expect(player.ends).toEqual([]);
  });

  it('switches to another owner frame by frame where its owner ends', async () => {
    const [b1, c1] = [await world.worker('b1'), await world.worker('c1')];
    const [, a2] = [
      await world.worker('a1', {}, pulledBy('a1')),
      await world.worker('a2', {}, pulledBy('a1')),
    ];
    const source = await world.encoder([b1, c1], { clocksMs: [0, 5000] });
    source.send(12);
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 15), 'pictures');
    const more = grows(player, 30);
    world.mesh.drop('b');
    await b1.stop();
    await sendUntil(source, more, 'more pictures');
    expectExact(player);
    expect(a2.stream(NAME)).toMatchObject({ relayFrom: 'c' });
  });
});
