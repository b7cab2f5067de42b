import { ownerThrough } from '@headwater/directory';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MediaHost } from '../media-host.js';
import { follow, NAME, RelayWorld, sendUntil } from '../testing/relay-world.js';
import type { Frame } from '../wire/frame.js';

const world = new RelayWorld();

/** Nothing listens there. */
const NOWHERE = { host: '127.0.0.1', rtmpPort: 1 };

/** A member that does not reach these others. */
const cutFrom =
  (...others: readonly string[]) =>
  (host: MediaHost): Partial<MediaHost> => ({
    relayAddress: (to) => (others.includes(to) ? NOWHERE : host.relayAddress(to)),
  });

beforeEach(() => world.open());
afterEach(() => world.close());

it('plays a stream through another member where the owner is out of reach, and hears its end', async () => {
  const b = await world.member('b');
  const c = await world.member('c');
  const a = await world.member('a', cutFrom('b'));
  const source = await world.encoder([b]);
  source.send(12);
  const player = await world.play(a);
  await sendUntil(source, () => player.pictures().length > 20, 'the pictures');
  expect(a.stream(NAME)).toMatchObject({ source: 'relay', relayFrom: 'b', relayThrough: 'c' });
  expect(c.stream(NAME)).toMatchObject({ source: 'none', passesOn: ['b'] });
  expect(c.stream(NAME)?.players).toMatchObject([{ state: 'playing', agent: 'headwater relay (a)' }]);
  expect(world.logOf('a').of('relay pulls')).toMatchObject([
    { to: 'b', reason: 'started' },
    { to: 'b', reason: 'unreachable', through: 'c' },
  ]);
  expect(b.stream(NAME)?.players).toHaveLength(1);
  // Frame by frame as the owner's own players get it.
  const direct = await world.play(b);
  await sendUntil(source, () => direct.pictures().length > 20, 'the pictures');
  const same = direct.frames.at(-10)?.timestampMs;
  const since = (frames: readonly Frame[]) =>
    frames.filter(({ timestampMs }) => timestampMs >= (same ?? 0)).slice(0, 8);
  await until(() => since(player.frames).length === 8 || undefined, 'the same frames');
  expect(since(player.frames)).toEqual(since(direct.frames));
  await source.publishers[0]?.close();
  await until(() => c.stream(NAME) === undefined || undefined, 'the end of the relay that was passed on');
  const lost = () => world.logOf('a').of('relay lost its owner').at(-1);
  await until(() => lost()?.reason === 'publisher-ended' || undefined, 'its end to be heard of');
  expect(lost()).toMatchObject({ through: 'c' });
  expect(world.logOf('c').of('relay lost its owner')).toMatchObject([
    { passedOn: true, reason: 'publisher-ended' },
  ]);
});

it('goes on with the very next frame when the member on the way is gone, through the next or by itself', async () => {
  const b = await world.member('b');
  const c = await world.member('c');
  const d = await world.member('d');
  let isCut = true;
  const a = await world.member('a', (host) => ({
    relayAddress: (to) => (isCut && to === 'b' ? NOWHERE : host.relayAddress(to)),
    detours: () => ['c', 'd'],
  }));
  const source = await world.encoder([b]);
  const player = await world.play(a);
  await sendUntil(source, () => a.stream(NAME)?.relayThrough === 'c' && player.pictures().length > 5, 'c');
  await c.stop();
  const before = player.pictures().length;
  await sendUntil(
    source,
    () => a.stream(NAME)?.relayThrough === 'd' && player.pictures().length > before + 20,
    'd',
  );
  isCut = false;
  await d.stop();
  const then = player.pictures().length;
  await sendUntil(
    source,
    () => a.stream(NAME)?.relayThrough === undefined && player.pictures().length > then + 20,
    'b itself',
  );
  expect(player.pictures().length).toBeGreaterThan(40);
  expect(follow(player.pictures())).toBe(true);
  expect(world.logOf('a').of('relay switched owner')).toMatchObject([
    { ownerId: 'b', through: 'd', splice: 'exact' },
    { ownerId: 'b', splice: 'exact' },
  ]);
  expect(player.ends).toEqual([]);
});

it('follows what the mesh says of the way, and moves nothing while the stream is fed', async () => {
  const b = await world.member('b');
  await world.member('c');
  let through: string | null = 'c';
  const host = (own: MediaHost): Partial<MediaHost> => ({
    owners: (key) => own.owners(key).map((owner) => ownerThrough(owner, through)),
    detours: () => [],
  });
  const a = await world.member('a', host);
  const source = await world.encoder([b]);
  const player = await world.play(a);
  await sendUntil(source, () => player.pictures().length > 5, 'the pictures');
  expect(a.stream(NAME)?.relayThrough).toBe('c');
  through = null;
  // An owner that comes or goes tells everybody.
  world.mesh.host('e').claim({ key: NAME, sinceMs: 1, media: {}, silent: true });
  await sendUntil(source, () => player.pictures().length > 25, 'the pictures');
  expect(a.stream(NAME)?.relayThrough).toBe('c');
  expect(follow(player.pictures())).toBe(true);
  expect(world.logOf('a').of('relay pulls')).toHaveLength(1);
});

it('goes nowhere in circles where members point at each other', async () => {
  const b = await world.member('b');
  const out = cutFrom('b');
  const [a, c] = [
    await world.member('a', (host) => ({ ...out(host), detours: () => ['c'] })),
    await world.member('c', (host) => ({ ...out(host), detours: () => ['a'] })),
  ];
  const source = await world.encoder([b]);
  const players = [await world.play(a), await world.play(c)];
  const refused = (name: string) =>
    world
      .logOf(name)
      .of('relay lost its owner')
      .some(({ through }) => through !== undefined);
  await sendUntil(source, () => refused('a') === true && refused('c') === true, 'both to refuse');
  expect(players.flatMap(({ frames }) => frames)).toEqual([]);
  // What is passed on is pulled from the owner itself, by whoever passes it on.
  for (const name of ['a', 'c']) {
    const passedOn =
      world
        .logOf(name)
        .of('relay pulls')
        .filter(({ reason }) => reason === 'passed-on') ?? [];
    expect(passedOn.length).toBeGreaterThan(0);
    for (const pull of passedOn) expect(pull).not.toHaveProperty('through');
  }
});
