import { claimsStand, type Liveness } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import type { Member } from '../member.js';
import { profileOf } from '../storm.js';
import { World } from '../world.js';
import { look } from './index.js';

/** What the checker allows where nobody stands still, as a look sees it, ms. */
const USUAL_MS = 5_600;

/** Three members that know each other, and a stream of a's. */
function settled(seed: number) {
  const world = new World({ seed, seeds: ['witness:7946'], codecShare: 0 });
  const [a, witness, observer] = ['a', 'witness', 'observer'].map((id) => world.add(id, profileOf(id))) as [
    Member,
    Member,
    Member,
  ];
  for (const member of [a, witness, observer]) world.start(member);
  world.run(4_000);
  world.publish(a, 'v/live/s1');
  world.run(500);
  /** What is found where the observer believes this of a; as a rule that the witness hears it. */
  const believe = (liveness: Liveness = 'unreachable', through: readonly string[] = [witness.id]) => {
    observer.running?.core.directory.setReach(a.id, through);
    observer.running?.core.directory.setLiveness(a.id, liveness);
    look(world, 'always');
    return world.violations.map(({ checker }) => checker);
  };
  return { world, a, witness, observer, believe };
}

/**
 * a is cut off. The witness, before it has noticed that, stands still, comes back with its old word, and is cut off from
 * the observer itself just before it knows better. `stallsAgain`: and stands still once more.
 */
function staleWitness(seed: number, stallsAgain: boolean) {
  const { world, a, witness, observer } = settled(seed);
  const cutAt = world.now;
  const { paths } = world.network;
  const cut = (one: Member, other: Member) => {
    paths.cut(one.id, other.id);
    paths.cut(other.id, one.id);
  };
  cut(a, witness);
  cut(a, observer);
  world.run(300);
  world.stall(witness, 1_900);
  world.run(1_900 + 1_000);
  cut(witness, observer);
  if (stallsAgain) world.stall(witness, 2_000);
  return { world, observer, cutAt };
}

/** b lost a, which is also looked for where nobody answers, some seconds after its loop was late for a while, or was not. */
function lostAt(seed: number, lateMs: number) {
  const world = new World({ seed, seeds: ['b:7946'], codecShare: 1 });
  const a = world.add('a', profileOf('a'), 0, { isNextVersion: true });
  const b = world.add('b', profileOf('b'));
  for (const member of [b, a]) world.start(member);
  world.run(2_000);
  world.publish(a, 'v/live/s1');
  world.setLate(b, lateMs);
  world.run(10_000);
  world.setLate(b, 0);
  world.run(4_800);
  world.end(a, 'killed');
  const stands = () => claimsStand(b.running?.core.directory.member('a')?.liveness ?? 'dead');
  const believeAgain = () => {
    b.running?.core.directory.setLiveness('a', 'unreachable');
    look(world, 'always');
    return world.violations.map(({ checker }) => checker);
  };
  return { world, stands, believeAgain };
}

/** The witness stands still for 8 s, about to go on; a's clock jumped, it spoke once more, and was cut off from all. */
function waitedFor(seed: number, jumpMs: number) {
  const { world, a, witness, observer } = settled(seed);
  world.stall(witness, 8_000);
  world.run(300);
  a.running?.jumpAhead(jumpMs);
  world.run(1_000);
  for (const other of [witness, observer]) {
    world.network.paths.cut(a.id, other.id);
    world.network.paths.cut(other.id, a.id);
  }
  world.run(6_500);
  return { world, witness, observer };
}

describe('the checker of dead routes', () => {
  // npm run sim -- --seed 5010469, as seeds were drawn then.
  it('gives the time that a path is measured with, where no dial is refused, up to what silence is given', () => {
    let late = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      const { world, stands, believeAgain } = lostAt(seed, 300);
      for (let ms = 0; ms < 3_500; ms += 50) {
        world.run(50);
        look(world, 'always');
        if (stands() && ms > 1_600) late += 1;
      }
      expect([stands(), world.violations]).toEqual([false, []]);
      world.run(200);
      expect(believeAgain()).toContain('dead-routes');
    }
    // The test is about them.
    expect(late).toBeGreaterThan(0);
  });

  it('gives a path that was never slow no such time', () => {
    const { world, stands, believeAgain } = lostAt(1, 0);
    world.run(1_400);
    look(world, 'always');
    expect([stands(), world.violations]).toEqual([false, []]);
    world.run(200);
    expect(believeAgain()).toContain('dead-routes');
  });

  // npm run sim -- --seed 1300082, as seeds were drawn then.
  // The second: npm run sim -- --seed 7200144 --trouble clock-jump,hang,stall,split,cut,hot-backup --minutes 1
  it.each([
    ['stood still', false],
    ['stood still and does so again', true],
  ])('gives a witness that %s as much time more', (_, stallsAgain) => {
    let late = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const { world, observer, cutAt } = staleWitness(seed, stallsAgain);
      const stands = () => claimsStand(observer.running?.core.directory.member('a')?.liveness ?? 'dead');
      let standsUntil = cutAt;
      while (world.now < cutAt + 7_000) {
        world.run(50);
        look(world, 'always');
        if (stands()) standsUntil = world.now;
      }
      if (standsUntil > cutAt + USUAL_MS) late += 1;
      expect([stands(), world.violations]).toEqual([false, []]);
      world.run(2_500);
      observer.running?.core.directory.setLiveness('a', 'unreachable');
      look(world, 'always');
      expect(world.violations.map(({ checker }) => checker)).toContain('dead-routes');
    }
    // The test is about them.
    expect(late).toBeGreaterThan(0);
  });

  it('gives a witness that stands still again and again, before it has said whom it hears, all that time', () => {
    let late = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      const { world, a, witness, observer } = settled(seed);
      const cutAt = world.now;
      for (const other of [witness, observer]) {
        world.network.paths.cut(a.id, other.id);
        world.network.paths.cut(other.id, a.id);
      }
      world.run(300);
      const stands = () => claimsStand(observer.running?.core.directory.member('a')?.liveness ?? 'dead');
      let standsUntil = cutAt;
      for (let ms = 0; ms < 15_000; ms += 50) {
        if (ms % 3_000 === 0 && ms < 9_000) world.stall(witness, 1_900);
        world.run(50);
        look(world, 'always');
        if (stands()) standsUntil = world.now;
      }
      if (standsUntil > cutAt + USUAL_MS + 1_900) late += 1;
      expect([stands(), world.violations]).toEqual([false, []]);
    }
    expect(late).toBeGreaterThan(0);
  });

  // npm run sim -- --seed 76002849
  it.each([
    ['that has gone without a word', true],
    ['that is there', false],
  ])('knows of a witness %s', (_, hasGone) => {
    const { world, a, witness, believe } = settled(1);
    if (hasGone) world.end(witness, 'silent');
    world.run(300);
    world.end(a, 'killed');
    world.run(1_600);
    expect(believe().includes('dead-routes')).toBe(!hasGone);
    world.run(USUAL_MS);
    expect(believe()).toContain('dead-routes');
  });

  // npm run sim -- --seed 7500150 --trouble twins,hang,hostile,join,split,late-loops, as seeds were drawn then.
  it('knows of words that a cut kept back from the last witness also while nobody is one any more', () => {
    const { world, a, witness, believe } = settled(1);
    world.network.paths.cut(a.id, witness.id);
    world.stall(a, 14_000);
    world.run(6_000);
    world.network.paths.heal(a.id, witness.id);
    world.run(1_500);
    expect(believe()).toEqual([]);
    expect(believe('suspect', [])).toEqual([]);
    expect(believe('dead', [])).toEqual([]);
    // Nobody has said since that it hears it.
    expect(believe('suspect', [])).toContain('dead-routes');
  });

  // npm run sim -- --seed 9410026 --members 4 --trouble mute,clock-jump,hang,cut,resets --minutes 1, as seeds were drawn then.
  it('knows of what a witness said, and a cut kept back', () => {
    const { world, a, witness, observer, believe } = settled(1);
    world.stall(a, 14_000);
    world.run(400);
    world.network.paths.cut(witness.id, observer.id);
    world.run(2_000);
    world.network.paths.heal(witness.id, observer.id);
    world.run(3_500);
    expect(believe()).toEqual([]);
    world.run(4_000);
    expect(believe()).toContain('dead-routes');
  });

  // The kind of npm run sim -- --seed 5011078, as seeds were drawn then.
  it('knows of words that waited while a witness stood still, and look new since a clock jumped by as much', () => {
    let late = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      const { world, observer } = waitedFor(seed, 7_500);
      const stands = () => claimsStand(observer.running?.core.directory.member('a')?.liveness ?? 'dead');
      expect(stands()).toBe(false);
      for (let ms = 0; ms < 5_000; ms += 50) {
        world.run(50);
        look(world, 'always');
        if (stands()) late += 1;
      }
      expect([stands(), world.violations]).toEqual([false, []]);
    }
    expect(late).toBeGreaterThan(0);
  });

  it('knows that a clock which jumped by more than that dates nothing', () => {
    const { world, witness, observer } = waitedFor(1, 14_000);
    world.run(1_000);
    observer.running?.core.directory.setReach('a', [witness.id]);
    observer.running?.core.directory.setLiveness('a', 'unreachable');
    look(world, 'always');
    expect(world.violations.map(({ checker }) => checker)).toContain('dead-routes');
  });
});
