import { describe, expect, it } from 'vitest';
import { CUT_OFF_MS, OFFENCE_FADES_MS, OFFENCES_MAX } from './limits.js';
import { Offences } from './offences.js';

describe('Offences', () => {
  it('cuts off who goes on, and logs ever more seldom', () => {
    const offences = new Offences();
    const verdicts = Array.from({ length: OFFENCES_MAX + 1 }, () => offences.add(0));
    expect(verdicts.at(-1)).toBe('cut-off');
    expect(verdicts.filter((verdict) => verdict === 'log')).toHaveLength(5);
  });

  it('forgives rare faults', () => {
    const offences = new Offences();
    const verdicts = Array.from({ length: 1_000 }, (_, index) => offences.add(index * OFFENCE_FADES_MS));
    expect(verdicts).not.toContain('cut-off');
    expect(offences.total).toBe(1_000);
  });

  it('is worth a line in the log ever more seldom', () => {
    const offences = new Offences();
    expect(Array.from({ length: 8 }, () => offences.add(0))).toEqual([
      'log',
      'log',
      'count',
      'log',
      'count',
      'count',
      'count',
      'log',
    ]);
  });

  it('are remembered until they have faded, one after the other', () => {
    const offences = new Offences();
    expect(offences.isRemembered(10_000)).toBe(false);
    offences.add(10_000);
    offences.add(10_000);
    expect(offences.refusedUntil).toBe(0);
    const fadedAt = 10_000 + 2 * OFFENCE_FADES_MS;
    expect([offences.isRemembered(fadedAt - 1), offences.isRemembered(fadedAt)]).toEqual([true, false]);
  });

  it('are remembered while it is cut off for them, and not any longer', () => {
    const offences = new Offences();
    for (let count = 0; count <= OFFENCES_MAX; count += 1) offences.add(10_000);
    const until = 10_000 + CUT_OFF_MS;
    expect(offences.refusedUntil).toBe(until);
    expect([offences.isRemembered(until - 1), offences.isRemembered(until)]).toEqual([true, false]);
  });
});
