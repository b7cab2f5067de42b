import { MemberCore } from '@headwater/mesh/core';
import { describe, expect, it } from 'vitest';
import { BREAKS } from './breaks.js';
import { runSeed } from './run-seed.js';

/** A fault must show within so many seeds. */
const SEEDS_MAX = 8;

describe('a core that', () => {
  it.each(BREAKS)(
    '$name is found',
    ({ caughtBy, core: breakIt, routeOf, sealing, prepare, troubles, stormMs }) => {
      const makeCore = (...args: ConstructorParameters<typeof MemberCore>): MemberCore => {
        const core = new MemberCore(...args);
        breakIt?.(core);
        return core;
      };
      const found: string[] = [];
      for (let seed = 1; seed <= SEEDS_MAX && !found.some((name) => caughtBy.includes(name)); seed += 1) {
        const { violations } = runSeed(seed, {
          makeCore,
          members: 4,
          troubles,
          stormMs,
          ...(routeOf && { routeOf }),
          ...(sealing && { sealing }),
          ...(prepare && { prepare }),
        });
        found.push(...violations.map(({ checker }) => checker));
      }
      expect(found, `found by ${found.join(', ') || 'nobody'}`).toEqual(
        expect.arrayContaining([expect.toBeOneOf([...caughtBy])]),
      );
    },
  );
});
