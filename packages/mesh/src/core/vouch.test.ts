import { describe, expect, it } from 'vitest';
import { VOUCHED_MS } from './limits.js';
import { Vouch } from './vouch.js';

describe('Vouch', () => {
  it('counts for a time, and who gave it is named no longer than that', () => {
    const vouch = new Vouch();
    expect([vouch.stands(0), vouch.by(0)]).toEqual([false, null]);
    vouch.give('a', 100);
    expect([vouch.stands(100 + VOUCHED_MS - 1), vouch.by(100 + VOUCHED_MS - 1)]).toEqual([true, 'a']);
    expect([vouch.stands(100 + VOUCHED_MS), vouch.by(100 + VOUCHED_MS)]).toEqual([false, null]);
    expect(vouch.at).toBe(100);
  });

  it('is withdrawn by who gave it alone', () => {
    const vouch = new Vouch();
    vouch.give('a', 0);
    vouch.withdraw('b');
    expect(vouch.by(1)).toBe('a');
    vouch.withdraw('a');
    expect(vouch.by(1)).toBeNull();
  });

  it('ends where the member is heard here', () => {
    const vouch = new Vouch();
    vouch.give('a', 0);
    vouch.clear();
    expect(vouch.stands(1)).toBe(false);
  });
});
