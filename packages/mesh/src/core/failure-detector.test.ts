import { describe, expect, it } from 'vitest';
import { FailureDetector } from './failure-detector.js';
import { CONFIRM_MS } from './limits.js';

const detectorAt = (now: number): FailureDetector =>
  new FailureDetector({ suspectAfterMs: 1_800, deadAfterMs: 900 }, now);

describe('FailureDetector', () => {
  it.each([
    [0, 'alive'],
    [1_799, 'alive'],
    [1_800, 'suspect'],
    [2_699, 'suspect'],
    [2_700, 'dead'],
  ])('says after %i ms of silence: %s', (silence, signal) => {
    expect(detectorAt(100).signal(100 + silence)).toBe(signal);
  });

  it('takes everything back at any word', () => {
    const detector = detectorAt(0);
    detector.lost(10);
    detector.unreachable();
    expect(detector.signal(10)).toBe('dead');
    detector.heard(20);
    expect(detector.signal(20)).toBe('alive');
  });

  it('suspects who lost its connection, and believes the redial', () => {
    const detector = detectorAt(0);
    detector.lost(10);
    expect(detector.signal(10)).toBe('suspect');
    expect(detector.signal(10 + CONFIRM_MS)).toBe('dead');
    detector.unreachable();
    expect(detector.signal(11)).toBe('dead');
  });

  it('does not begin anew to confirm a death with each further loss', () => {
    const detector = detectorAt(0);
    detector.lost(10);
    detector.lost(10 + CONFIRM_MS - 1);
    expect(detector.signal(10 + CONFIRM_MS - 1)).toBe('suspect');
    expect(detector.signal(10 + CONFIRM_MS)).toBe('dead');
  });

  it('does not take a failed dial against one that is connected', () => {
    const detector = detectorAt(0);
    detector.unreachable();
    expect(detector.signal(1)).toBe('alive');
  });

  it('excuses silence while this process stood still', () => {
    const detector = detectorAt(0);
    detector.excuse(10_000, 10_100);
    expect(detector.signal(10_100)).toBe('alive');
    expect(detector.signal(11_800)).toBe('suspect');
  });
});
