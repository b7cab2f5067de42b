import { describe, expect, it } from 'vitest';
import { FAIR } from '../network/paths.js';
import { profileOf } from '../storm.js';
import { World } from '../world.js';
import { slownessMs } from './reach.js';

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
