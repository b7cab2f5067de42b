import { describe, expect, it } from 'vitest';
import { SEED_RECHECK_MS, SEED_RETRY_MAX_MS } from './limits.js';
import { Seeds } from './seeds.js';

const FAILED = { reached: [], isSelf: false, failure: 'refused' };

describe('Seeds', () => {
  it('is alone without seeds, or where they all are this member', () => {
    expect(new Seeds([], 0).isAlone).toBe(true);
    const seeds = new Seeds(['me:1', 'also-me:1'], 0);
    expect(seeds.isAlone).toBe(false);
    for (const seed of seeds.due(0)) seeds.visited(seed, { reached: [], isSelf: true }, 0, 0);
    expect(seeds.isAlone).toBe(true);
  });

  it('is not alone where its own name leads to others, too', () => {
    const seeds = new Seeds(['mesh:1'], 0);
    seeds.due(0);
    seeds.visited('mesh:1', { reached: ['x'], isSelf: true }, 0, 0);
    expect(seeds.isAlone).toBe(false);
    seeds.visited('mesh:1', { reached: [], isSelf: true, failure: '10.0.0.2: refused' }, 1, 0);
    expect(seeds.isAlone).toBe(false);
    seeds.visited('mesh:1', { reached: [], isSelf: true }, 2, 0);
    expect(seeds.isAlone).toBe(true);
  });

  it.each(['x', 'y'])('looks again at once when %s is lost, one of two members behind one name', (lost) => {
    const seeds = new Seeds(['mesh:1', 'other:1'], 0);
    seeds.due(0);
    seeds.visited('mesh:1', { reached: ['x', 'y'], isSelf: false }, 0, 0);
    seeds.visited('other:1', { reached: ['z'], isSelf: false }, 0, 0);
    seeds.lost('nobody', 500);
    expect(seeds.due(500)).toEqual([]);
    seeds.lost(lost, 1_000);
    expect(seeds.due(1_000)).toEqual(['mesh:1']);
  });

  it('tries for ever, never faster than planned, and says the same thing once', () => {
    const seeds = new Seeds(['s:1'], 0);
    let visits = 0;
    let told = 0;
    for (let now = 0; now < 600_000; now += 100) {
      for (const seed of seeds.due(now)) {
        visits += 1;
        told += Number(seeds.visited(seed, FAILED, now, 0.5));
      }
    }
    expect(visits).toBeGreaterThan(600_000 / SEED_RETRY_MAX_MS);
    expect(visits).toBeLessThan(600_000 / (SEED_RETRY_MAX_MS / 4));
    expect(told).toBe(1);
    expect(seeds.unreached).toEqual(['s:1: refused']);
  });

  it('looks again at leisure, and at once when a member behind it is lost', () => {
    const seeds = new Seeds(['s:1'], 0);
    seeds.due(0);
    seeds.visited('s:1', { reached: ['x'], isSelf: false }, 0, 0);
    expect(seeds.due(SEED_RECHECK_MS - 1)).toEqual([]);
    seeds.lost('x', 1_000);
    expect(seeds.due(1_000)).toEqual(['s:1']);
  });

  it('goes on with others where it is given others: new ones at once, known ones when they are due', () => {
    const seeds = new Seeds(['old:1', 'kept:1'], 0);
    for (const seed of seeds.due(0)) seeds.visited(seed, { reached: ['x'], isSelf: false }, 0, 0);
    seeds.replace(['kept:1', 'new:1', 'new:1'], 1_000);
    expect(seeds.due(1_000)).toEqual(['new:1']);
    seeds.visited('new:1', FAILED, 1_000, 0);
    // What comes back of a seed that is none any more says nothing.
    expect(seeds.visited('old:1', FAILED, 1_000, 0)).toBe(false);
    expect(seeds.unreached).toEqual(['new:1: refused']);
    seeds.lost('x', 2_000);
    expect(seeds.due(2_000)).toContain('kept:1');
    seeds.replace([], 3_000);
    expect([seeds.isAlone, seeds.due(1e9)]).toEqual([true, []]);
  });

  it.each([
    ['at the latest after that time', 0, SEED_RECHECK_MS],
    ['at the earliest after half of it', 1, SEED_RECHECK_MS / 2],
  ])('visits one that answered again %s', (_, random, ms) => {
    const seeds = new Seeds(['s:1'], 0);
    seeds.due(0);
    seeds.visited('s:1', { reached: ['x'], isSelf: false }, 1_000, random);
    expect([seeds.due(999 + ms), seeds.due(1_000 + ms)]).toEqual([[], ['s:1']]);
  });

  it('tells which were not reached, with the reason where there is one', () => {
    const seeds = new Seeds(['new:1', 'failed:1', 'reached:1'], 0);
    seeds.visited('failed:1', FAILED, 0, 0);
    seeds.visited('reached:1', { reached: ['x'], isSelf: false }, 0, 0);
    expect(seeds.unreached).toEqual(['new:1', 'failed:1: refused']);
    // One that was not visited yet led to nobody.
    seeds.lost('x', 0);
    expect(seeds.due(0)).toContain('new:1');
  });

  it('says so again where it fails for another reason, or is reached again', () => {
    const seeds = new Seeds(['s:1'], 0);
    const outcomes = [FAILED, FAILED, { ...FAILED, failure: 'timed out' }, { reached: ['x'], isSelf: false }];
    expect(outcomes.map((outcome) => seeds.visited('s:1', outcome, 0, 0))).toEqual([true, false, true, true]);
  });
});
