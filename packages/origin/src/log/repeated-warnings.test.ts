import { beforeEach, expect, it } from 'vitest';
import { QUIET_MS, REMIND_MS, RepeatedWarnings, TROUBLES_MAX } from './repeated-warnings.js';

let warnings: RepeatedWarnings;
beforeEach(() => {
  warnings = new RepeatedWarnings();
});

const refused = (client: unknown, toldMax = 1) => ({
  msg: 'connection refused',
  about: { client },
  toldMax,
  isEndedByQuiet: true,
});

it('tells a trouble once, counts it, and tells once that it has ended', () => {
  const told = [0, 10, 20, 30].map((nowMs) => warnings.heard(refused('a'), nowMs));
  expect(told).toEqual([true, false, false, false]);
  expect(warnings.quiet(30 + QUIET_MS - 1)).toEqual([]);
  expect(warnings.quiet(30 + QUIET_MS)).toEqual([
    { msg: 'connection refused', about: { client: 'a' }, count: 4, forMs: 30 },
  ]);
  expect(warnings.quiet(30 + 9 * QUIET_MS)).toEqual([]);
  expect(warnings.heard(refused('a'), 40 + QUIET_MS)).toBe(true);
});

it('says nothing of the end of what was told each time', () => {
  warnings.heard(refused('a'), 0);
  expect(warnings.quiet(QUIET_MS)).toEqual([]);
  expect(warnings.size).toBe(0);
});

it('tells troubles apart by what they are about', () => {
  expect(warnings.heard(refused('a'), 0)).toBe(true);
  expect(warnings.heard(refused('b'), 0)).toBe(true);
  expect(warnings.heard(refused('b'), 0)).toBe(false);
  expect(warnings.heard({ ...refused('b'), msg: 'other' }, 0)).toBe(true);
});

it('tells some as often as it is meant to', () => {
  const told = [0, 1, 2, 3].map((nowMs) => warnings.heard(refused('a', 3), nowMs));
  expect(told).toEqual([true, true, true, false]);
});

it('ends by words what quiet does not end', () => {
  const seed = { msg: 'seed not reached', about: { seed: 's' }, toldMax: 1, isEndedByQuiet: false };
  warnings.heard(seed, 0);
  expect(warnings.quiet(9 * QUIET_MS)).toEqual([]);
  warnings.heard(seed, 10 * QUIET_MS);
  expect(warnings.end(seed.msg, seed.about)).toMatchObject({ count: 2, forMs: 10 * QUIET_MS });
  expect(warnings.end(seed.msg, seed.about)).toBeNull();
  expect(warnings.heard(seed, 11 * QUIET_MS)).toBe(true);
});

it('reminds of what goes on for very long', () => {
  for (let nowMs = 0; nowMs <= REMIND_MS; nowMs += QUIET_MS / 2) warnings.heard(refused('a'), nowMs);
  expect(warnings.lasting(REMIND_MS - 1)).toEqual([]);
  expect(warnings.lasting(REMIND_MS)).toMatchObject([{ about: { client: 'a' } }]);
  expect(warnings.lasting(REMIND_MS + 1)).toEqual([]);
});

it('is bounded: beyond the limit only messages are told apart', () => {
  for (let index = 0; index < 3 * TROUBLES_MAX; index += 1) warnings.heard(refused(index), 0);
  expect(warnings.size).toBe(TROUBLES_MAX + 1);
  expect(warnings.quiet(QUIET_MS)).toEqual([
    { msg: 'connection refused', about: {}, count: 2 * TROUBLES_MAX, forMs: 0 },
  ]);
  expect(warnings.size).toBe(0);
});

it('tells all that was counted at the end of the log', () => {
  warnings.heard(refused('a'), 0);
  warnings.heard(refused('a'), 5);
  expect(warnings.endAll()).toMatchObject([{ count: 2, forMs: 5 }]);
  expect(warnings.size).toBe(0);
});
