import { describe, expect, it } from 'vitest';
import { LastWitnesses } from './last-witnesses.js';

const SUSPECT_AFTER_MS = 1_800;

/** One whose last word came then; `isLost`: it does not count any more. */
const witness = (isLost = false, witnessLeewayMs = 0, at = 1_000) => {
  const word = isLost ? null : { at };
  return { word, wordAt: () => word, witnessLeewayMs };
};

/** Of witnesses that were there until 1,400. */
function known(...witnesses: ReturnType<typeof witness>[]): LastWitnesses {
  const last = new LastWitnesses(SUSPECT_AFTER_MS);
  last.note(witnesses, 1_200);
  last.note(witnesses, 1_400);
  return last;
}

/** It is lost from now on. */
const lose = (one: ReturnType<typeof witness>): void => void Object.assign(one, witness(true));

describe('LastWitnesses', () => {
  it('knows of none at first', () => {
    const last = new LastWitnesses(SUSPECT_AFTER_MS);
    last.note([], 1_000);
    expect([last.until, last.hearAgainMs]).toEqual([null, 0]);
  });

  it('ends with the last one that ceases to hear the member', () => {
    const last = known(witness());
    last.note([], 1_500);
    last.note([], 1_600);
    expect(last.until).toBe(1_400);
  });

  it('goes on after the last one is lost, as if it had fallen silent', () => {
    const one = witness();
    const last = known(one);
    lose(one);
    last.note([], 1_500);
    last.note([], 1_600);
    expect(last.until).toBe(1_000 + SUSPECT_AFTER_MS);
  });

  it('goes on after one of the last ones is lost, also where the others cease to hear the member just then', () => {
    const one = witness();
    const last = known(witness(), one);
    lose(one);
    last.note([], 1_500);
    expect(last.until).toBe(1_000 + SUSPECT_AFTER_MS);
  });

  // Two halves of a mesh: the other half is lost one by one, and who ceased to hear it here said so late.
  it('does not count the later word of one that ceased to hear the member', () => {
    const one = witness();
    const last = known(witness(false, 0, 1_150), one);
    lose(one);
    last.note([], 1_500);
    expect(last.until).toBe(1_000 + SUSPECT_AFTER_MS);
  });

  it('ends with who ceases later than another one was lost', () => {
    const [lost, left] = [witness(), witness()];
    const last = known(lost, left);
    lose(lost);
    last.note([left], 1_500);
    last.note([], 1_600);
    expect(last.until).toBe(1_500);
  });

  it('who was lost before it ceases to hear the member takes nothing back later', () => {
    const one = witness();
    const last = known(one);
    last.note([], 1_500);
    lose(one);
    last.note([], 1_600);
    expect(last.until).toBe(1_400);
  });

  it('lasts longer by a standstill of this process, also where it is known before the loss is', () => {
    const one = witness();
    const last = known(one);
    last.excuse(500, 2_000);
    expect(last.until).toBe(1_900);
    lose(one);
    last.note([], 2_000);
    expect(last.until).toBe(1_500 + SUSPECT_AFTER_MS);
    last.excuse(100, 2_100);
    expect(last.until).toBe(1_500 + SUSPECT_AFTER_MS);
  });

  it('is over where the member is heard here', () => {
    const one = witness();
    const last = known(one);
    last.clear();
    lose(one);
    last.note([], 1_500);
    expect(last.until).toBeNull();
  });

  it.each([
    [400, 400],
    [9_000, 3_000],
  ])('gives %i ms of leeway as %i', (leewayMs, hearAgainMs) => {
    expect(known(witness(false, 10), witness(false, leewayMs)).hearAgainMs).toBe(hearAgainMs);
  });
});
