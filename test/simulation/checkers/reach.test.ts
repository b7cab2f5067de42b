import { describe, expect, it } from 'vitest';
import { FAIR } from '../network/paths.js';
import { profileOf } from '../storm.js';
import { World } from '../world.js';
import { slownessMs, witnessStandstillMs } from './reach.js';

function running() {
  const world = new World({ seed: 1, seeds: ['a:7946'], codecShare: 0 });
  const member = world.add('a', profileOf('a'));
  world.start(member);
  return { world, member, usualMs: slownessMs(world) };
}

describe('the time that slow paths and loops are given', () => {
  // npm run sim -- --seed 1500341 and 1501229, as seeds were drawn then.
  it.each([
    ['is on time again', (world: World) => world.setLate(world.member('a'), 0)],
    ['has ended', (world: World) => world.end(world.member('a'), 'killed')],
  ])('lasts for 3 s after who was late %s', (_, end) => {
    const { world, member, usualMs } = running();
    world.setLate(member, 300);
    expect(slownessMs(world)).toBe(usualMs + 1_800);
    world.run(5_000);
    end(world);
    world.run(3_000);
    expect(slownessMs(world)).toBe(usualMs + 1_800);
    world.run(1);
    expect(slownessMs(world)).toBe(usualMs);
  });

  it('lasts for 3 s after packets were lost', () => {
    const { world, usualMs } = running();
    world.network.paths.weather = { ...FAIR, loss: 0.02 };
    expect(slownessMs(world)).toBe(usualMs + 2_000);
    world.run(5_000);
    world.network.paths.weather = FAIR;
    world.run(3_000);
    expect(slownessMs(world)).toBe(usualMs + 2_000);
    world.run(1);
    expect(slownessMs(world)).toBe(usualMs);
  });
});

describe('the time that witnesses are given which stood still', () => {
  /** How much that is when a witness stood still for so long, one after the other, from the beginning of a silence on. */
  function givenMs(...acts: readonly (readonly ['stall' | 'jump' | 'run', number])[]) {
    const world = new World({ seed: 1, seeds: ['a:7946'], codecShare: 0 });
    const [a, observer, witness] = ['a', 'observer', 'witness'].map((id) => world.add(id, profileOf(id)));
    for (const member of [a, observer, witness]) if (member) world.start(member);
    world.run(1_000);
    const since = world.now;
    for (const [act, ms] of acts) {
      if (act === 'stall') world.stall(world.member('witness'), ms);
      if (act === 'jump') witness?.running?.jumpAhead(ms);
      else world.run(ms);
    }
    if (!observer?.running) throw new Error('it runs');
    return Math.round(witnessStandstillMs(world, observer.running, 'a', since, 3_000));
  }

  it('is as long as it did', () => {
    expect(givenMs(['run', 500], ['stall', 1_900])).toBe(1_900);
    expect(givenMs(['run', 500], ['stall', 3_100])).toBe(0);
    expect(givenMs(['run', 3_500], ['stall', 1_900])).toBe(0);
  });

  it('goes on while it stands still again before it says whom it hears', () => {
    expect(givenMs(['stall', 2_000], ['run', 1_000], ['stall', 2_000], ['run', 1_000], ['stall', 500])).toBe(
      5_000,
    );
    expect(givenMs(['stall', 1_000], ['run', 2_000], ['stall', 1_900])).toBe(1_900);
  });

  it('goes on where its clock jumps meanwhile, which it takes for a standstill', () => {
    expect(givenMs(['run', 500], ['jump', 9_000])).toBe(0);
    expect(givenMs(['stall', 2_000], ['run', 1_000], ['jump', 9_000], ['run', 1_000], ['stall', 500])).toBe(
      3_000,
    );
  });
});
