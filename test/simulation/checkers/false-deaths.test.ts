import { describe, expect, it } from 'vitest';
import type { Member } from '../member.js';
import { profileOf } from '../storm.js';
import { World } from '../world.js';
import { look } from './index.js';

/**
 * While a hangs, b's machine goes off and comes back. a goes on for so long, hangs once more, and then takes the new start
 * of b, of which others told it, for dead.
 */
function hungTwice(awakeMs: number) {
  const world = new World({ seed: 1, seeds: ['c:7946'], codecShare: 0 });
  const [a, b, c] = ['a', 'b', 'c'].map((id) => world.add(id, profileOf(id))) as [Member, Member, Member];
  for (const member of [c, a, b]) world.start(member);
  world.run(4_000);
  world.stall(a, 10_000);
  world.run(1_000);
  world.end(b, 'silent');
  world.run(2_000);
  world.start(b);
  world.run(7_000);
  world.run(awakeMs);
  world.stall(a, 2_000);
  world.run(2_000);
  look(world, 'always');
  expect(world.violations).toEqual([]);
  const generation = b.running?.generation ?? 0;
  world.beliefs.push({ at: world.now, observer: 'a', member: 'b', generation, liveness: 'dead' });
  look(world, 'always');
  return world.violations.map(({ checker }) => checker);
}

describe('the checker of false deaths', () => {
  // npm run sim -- --seed 5013544, as seeds were drawn then.
  it('knows of what was so before a hang that another one followed at once', () => {
    expect(hungTwice(500)).toEqual([]);
  });

  it('gives who went on for long between two hangs no such excuse', () => {
    expect(hungTwice(8_500)).toEqual(['false-deaths']);
  });
});
