import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectExact, grows, NAME, RelayWorld, sendUntil } from '../testing/relay-world.js';

const world = new RelayWorld();

beforeEach(() => world.open());
afterEach(() => world.close());

describe('another member’s pull that comes to a worker without the publisher', () => {
  it('is fed from the worker that has it, likewise by many members', async () => {
    const [a1, a2, b1, c1] = [
      await world.worker('a1'),
      await world.worker('a2'),
      await world.worker('b1'),
      await world.worker('c1'),
    ];
    const source = await world.encoder([a1]);
    const players = [await world.play(b1), await world.play(c1)];
    await sendUntil(source, () => players.every((player) => player.pictures().length > 15), 'pictures');
    for (const player of players) expectExact(player);
    expect(b1.stream(NAME)).toMatchObject({ source: 'relay', relayFrom: 'a' });
    expect(a1.stream(NAME)).toMatchObject({ players: [], pulledByWorkers: [2] });
    expect(a2.stream(NAME)?.passesOn).toBeUndefined();
    // A drain waits for these.
    expect(a2.pulls()).toEqual([NAME, NAME]);
    expect(world.logOf('a2').of('play routed')).toMatchObject([
      { route: 'local', reason: 'published-here', mark: 'relay' },
      { route: 'local', reason: 'published-here', mark: 'relay' },
    ]);
    await source.publishers[0]?.close();
    await until(() => a2.stream(NAME) === undefined || undefined, 'the end of the pulls');
    await until(
      () => world.logOf('b1').of('relay lost its owner').length > 0 || undefined,
      'its end to be heard of',
    );
    expect(world.logOf('b1').of('relay lost its owner')).toMatchObject([{ reason: 'publisher-ended' }]);
  });

  it('finds its place in it: a failover to this member loses nothing, and neither does one away from it', async () => {
    const [b1, c1] = [await world.worker('b1'), await world.worker('c1')];
    const [a1] = [await world.worker('a1'), await world.worker('a2')];
    const source = await world.encoder([b1, a1], { clocksMs: [0, 3000, 50_000] });
    const player = await world.play(c1);
    await sendUntil(source, grows(player, 15), 'pictures');
    expect(c1.stream(NAME)?.relayFrom).toBe('b');
    await source.publishers[0]?.close();
    await sendUntil(source, () => c1.stream(NAME)?.relayFrom === 'a', 'this member');
    await source.join(b1);
    await sendUntil(source, grows(player, 15), 'more');
    await source.publishers[1]?.close();
    await sendUntil(source, () => c1.stream(NAME)?.relayFrom === 'b', 'the other one again');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
    expect(world.logOf('c1').of('relay switched owner')).toMatchObject([
      { ownerId: 'a', splice: 'exact' },
      { ownerId: 'b', splice: 'exact' },
    ]);
  });

  it('is made again where the worker that has the stream ends', async () => {
    const [a1] = [await world.worker('a1'), await world.worker('a2')];
    const [b1, c1] = [await world.worker('b1'), await world.worker('c1')];
    const source = await world.encoder([a1, c1], { clocksMs: [0, 4000] });
    const player = await world.play(b1);
    await sendUntil(source, grows(player, 15), 'pictures');
    expect(b1.stream(NAME)?.relayFrom).toBe('a');
    await world.kill('a1', a1);
    await sendUntil(source, () => b1.stream(NAME)?.relayFrom === 'c', 'the other owner');
    await sendUntil(source, grows(player, 15), 'more');
    expectExact(player);
  });

  it('ends with its publisher, and not before, when the member closes its publishers', async () => {
    const [a1, a2, b1] = [await world.worker('a1'), await world.worker('a2'), await world.worker('b1')];
    const source = await world.encoder([a1]);
    const player = await world.play(b1);
    await sendUntil(source, grows(player, 5), 'pictures');
    a2.closePublishers('all');
    await sendUntil(source, grows(player, 5), 'more');
    a1.closePublishers('all');
    await until(() => a2.stream(NAME) === undefined || undefined, 'the end');
    const lost = () => world.logOf('b1').of('relay lost its owner');
    await until(() => lost().length > 0 || undefined, 'its end to be heard of');
    expect(lost()).toMatchObject([{ reason: 'publisher-ended' }]);
  });
});
