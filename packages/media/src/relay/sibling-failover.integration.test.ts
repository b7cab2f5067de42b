import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mediaOptions } from '../testing/media-options.js';
import { expectExact, grows, NAME, RelayWorld, sendUntil } from '../testing/relay-world.js';

const world = new RelayWorld();

beforeEach(() => world.open());
afterEach(() => world.close());

describe('one encode on a worker and on another member', () => {
  it('goes on frame by frame when the worker dies, on the same connections', async () => {
    const [a1, a2, b1] = [await world.worker('a1'), await world.worker('a2'), await world.worker('b1')];
    const source = await world.encoder([a1, b1], { clocksMs: [0, 500_000] });
    source.send(25);
    const players = [await world.play(a2), await world.play(a2)];
    await sendUntil(source, () => players.every((player) => player.pictures().length > 15), 'pictures');
    expect(a2.stream(NAME)?.relayWorker).toBe(1);
    await world.kill('a1', a1);
    const [player = await world.play(a2)] = players;
    await sendUntil(source, () => a2.stream(NAME)?.relayFrom === 'b', 'the other owner');
    await sendUntil(source, grows(player, 20), 'more');
    for (const one of players) expectExact(one);
    expect(world.logOf('a2').of('relay switched owner')).toMatchObject([{ ownerId: 'b', splice: 'exact' }]);
  });

  it('goes on frame by frame when the publisher of the worker ends, and stays where it is', async () => {
    const [a1, a2, b1] = [await world.worker('a1'), await world.worker('a2'), await world.worker('b1')];
    const source = await world.encoder([a1, b1], { clocksMs: [7000, 0] });
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 15), 'pictures');
    expect(a2.stream(NAME)?.relayWorker).toBe(1);
    await source.publishers[0]?.close();
    await sendUntil(source, () => a2.stream(NAME)?.relayFrom === 'b', 'the other owner');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
  });

  it('goes on frame by frame from another worker that the publisher came back to', async () => {
    const [a1, a2, a3, b1] = [
      await world.worker('a1'),
      await world.worker('a2'),
      await world.worker('a3'),
      await world.worker('b1'),
    ];
    const source = await world.encoder([b1, a1], { clocksMs: [0, 90_000, 20_000] });
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 15), 'pictures');
    // Of two that flow the worker comes first.
    expect(a2.stream(NAME)?.relayWorker).toBe(1);
    await source.publishers[1]?.close();
    await sendUntil(source, () => a2.stream(NAME)?.relayFrom === 'b', 'the member');
    await source.join(a3);
    await sendUntil(source, grows(player, 15), 'more');
    expect(a2.stream(NAME)?.relayFrom).toBe('b');
    world.mesh.drop('b');
    await b1.stop();
    await sendUntil(source, () => a2.stream(NAME)?.relayWorker === 3, 'the other worker');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
  });

  it('moves on frame by frame from a worker that hangs: its socket is open, and nothing comes', async () => {
    const { relay } = mediaOptions('a');
    const told = { worker: 1, path: join(world.folder, 'way.sock') };
    const way = await world.wayTo(world.socketOf('a1').path, told.path);
    const [a1, a2, b1] = [
      await world.worker('a1', {}, () => world.mesh.host('a', told)),
      await world.worker('a2', { relay: { ...relay, stallMs: 600 } }),
      await world.worker('b1'),
    ];
    const source = await world.encoder([a1, b1], { clocksMs: [0, 1000] });
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 15), 'pictures');
    expect(a2.stream(NAME)?.relayWorker).toBe(1);
    way.hang();
    await sendUntil(source, () => a2.stream(NAME)?.relayFrom === 'b', 'the other owner');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
    expect(world.logOf('a2').of('relay lost its owner')).toMatchObject([
      { reason: 'stalled', fromWorker: 1 },
    ]);
  });

  it('starts anew at a keyframe where the other one has another encode', async () => {
    const [a1, a2, b1] = [await world.worker('a1'), await world.worker('a2'), await world.worker('b1')];
    const first = await world.encoder([a1]);
    const other = await world.encoder([b1], { header: 2 });
    other.send(103);
    const player = await world.play(a2);
    const both = {
      send(count: number) {
        first.send(count);
        other.send(count);
      },
    };
    await sendUntil(both, grows(player, 12), 'pictures');
    await world.kill('a1', a1);
    await sendUntil(other, () => a2.stream(NAME)?.relayFrom === 'b', 'the other owner');
    await sendUntil(other, grows(player, 12), 'more');
    const times = player.frames.filter(({ kind }) => kind === 'video').map(({ timestampMs }) => timestampMs);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    expect(player.ends).toEqual([]);
  });
});
