import { describe, expect, it } from 'vitest';
import type { Member } from '../member.js';
import { profileOf } from '../storm.js';
import { World } from '../world.js';
import { look } from './index.js';

/** As the world gives it after the end of a copy. */
const TWIN_GONE_MS = 15_000;

/**
 * A copy of a was there, which b heard, and is gone. c came since, and has heard the older one alone. `replay`: somebody says
 * again what the copy signed.
 */
function copyGone() {
  const world = new World({ seed: 1, seeds: ['b:7946'], codecShare: 0 });
  const [a, b] = [world.add('a', profileOf('a')), world.add('b', profileOf('b'))];
  for (const member of [a, b]) world.start(member);
  world.run(2_000);
  world.startTwin(a);
  world.run(4_000);
  const [copy] = a.twinGenerations;
  const words = world.overheard.filter(
    ({ author, message }) => author === 'a' && message?.kind === 'delta' && message.delta.generation === copy,
  );
  world.endTwin(a);
  // Its end is not known yet.
  world.run(1_000);
  const c = world.add('c', profileOf('c'));
  world.start(c);
  world.run(300);
  const replay = () => {
    for (const parcel of words) b.running?.endpoint.broadcast(parcel);
  };
  const held = () => c.running?.core.directory.position('a').generation;
  return { world, a, copy, held, replay };
}

describe('the checker of twins that are gone', () => {
  // npm run sim -- --seed 5007806, as seeds were drawn then.
  it('counts from when the words of a copy come first to a member that never heard it, and from then alone', () => {
    const { world, a, copy, held, replay } = copyGone();
    expect(held()).toBe(a.running?.generation);
    replay();
    world.run(100);
    expect(held()).toBe(copy);
    const saidAt = a.disputedUntil - TWIN_GONE_MS;
    expect(saidAt).toBeGreaterThan(world.now - 101);
    expect(saidAt).toBeLessThanOrEqual(world.now);

    // No news any more.
    const until = a.disputedUntil;
    replay();
    world.run(100);
    expect(a.disputedUntil).toBe(until);
    world.run(TWIN_GONE_MS);
    look(world, 'always');
    expect(world.violations).toEqual([]);
    expect(held()).toBe(a.running?.generation);
    expect(held()).toBeGreaterThan(copy ?? 0);
  });

  // npm run sim -- --seed 7400266 --trouble twins,hang,join,split, as seeds were drawn then.
  it('counts from when somebody goes on that stood still as a copy ended, and not from later standstills', () => {
    const world = new World({ seed: 1, seeds: ['b:7946'], codecShare: 0 });
    const [a, b, c] = ['a', 'b', 'c'].map((id) => world.add(id, profileOf(id))) as [Member, Member, Member];
    for (const member of [a, b, c]) world.start(member);
    world.run(2_000);
    world.startTwin(a);
    world.run(4_000);
    const [copy] = a.twinGenerations;
    world.stall(c, 13_000);
    // Nothing but its silence tells c of the end.
    world.network.paths.cut('twin of a', 'c');
    world.endTwin(a);
    // Its pause is not over before c tells it again that the copy is heard.
    world.stall(a, 11_800);
    world.run(13_000);
    expect(c.running?.resumedAt).toBe(world.now);
    expect(a.disputedUntil - TWIN_GONE_MS).toBeGreaterThanOrEqual(world.now);

    const until = a.disputedUntil;
    world.run(2_300);
    expect(c.running?.core.directory.member('a')).toMatchObject({
      liveness: 'dead',
      position: { generation: copy },
    });
    world.stall(c, 100);
    world.run(200);
    expect(a.disputedUntil).toBe(until);
    expect(b.running?.core.directory.position('a').generation).toBe(copy);
    world.run(TWIN_GONE_MS);
    look(world, 'always');
    expect(world.violations).toEqual([]);
    expect(c.running?.core.directory.position('a').generation).toBeGreaterThan(copy ?? 0);
  });

  // npm run sim -- --seed 5012510, as seeds were drawn then.
  it('knows of who came back at another address and has met nobody yet', () => {
    const world = new World({ seed: 1, seeds: ['b:7946'], codecShare: 0 });
    const [a, b, c] = ['a', 'b', 'c'].map((id) => world.add(id, profileOf(id))) as [Member, Member, Member];
    for (const member of [b, a, c]) world.start(member);
    world.run(2_000);
    world.startTwin(a);
    world.run(2_000);
    world.endTwin(a);
    world.run(9_000);
    const { paths } = world.network;
    paths.cut('b', 'a');
    world.end(a, 'killed');
    a.addresses = ['a-1:7946'];
    world.run(500);
    world.start(a);
    for (let ms = 0; ms < 15_000; ms += 250) {
      world.run(250);
      look(world, 'always');
    }
    expect(a.disputedUntil).toBeLessThan(world.now);
    expect(world.violations).toEqual([]);

    // Both meet it once its only seed can be reached.
    paths.heal('b', 'a');
    for (let ms = 0; ms < 10_000; ms += 250) {
      world.run(250);
      look(world, 'always');
    }
    expect(world.violations).toEqual([]);
    c.running?.core.directory.setLiveness('a', 'dead');
    look(world, 'always');
    expect(world.violations.map(({ checker }) => checker)).toContain('twins-gone');
  });
});
