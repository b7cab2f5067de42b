import { describe, expect, it } from 'vitest';
import { OFFENCE_FADES_MS, OFFENCES_MAX } from './limits.js';
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
});
