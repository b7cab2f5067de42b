import { describe, expect, it } from 'vitest';
import { FailureDetector } from './failure-detector.js';
import type { Leeway } from './leeway.js';
import { CONFIRM_MS } from './limits.js';

const FAST: Leeway = { confirmMs: CONFIRM_MS, refusalMs: 500, silenceMs: 0, deadMs: 0 };
const SLOW: Leeway = { confirmMs: 4_000, refusalMs: 1_500, silenceMs: 300, deadMs: 2_100 };

const detectorAt = (now: number): FailureDetector =>
  new FailureDetector({ suspectAfterMs: 1_800, deadAfterMs: 900 }, now);
const kindAt = (detector: FailureDetector, now: number, leeway = FAST): string =>
  detector.evidence(now, leeway).kind;

describe('FailureDetector', () => {
  it.each([
    [0, 'heard', 'heard'],
    [1_799, 'heard', 'heard'],
    [1_800, 'quiet', 'heard'],
    [2_100, 'quiet', 'quiet'],
    [2_699, 'quiet', 'quiet'],
    [2_700, 'gone', 'quiet'],
    [5_099, 'gone', 'quiet'],
    [5_100, 'gone', 'gone'],
  ])('says after %i ms of silence: %s, and on a slow path: %s', (silence, onFast, onSlow) => {
    expect(kindAt(detectorAt(100), 100 + silence)).toBe(onFast);
    expect(kindAt(detectorAt(100), 100 + silence, SLOW)).toBe(onSlow);
  });

  it('takes everything back at any word', () => {
    const detector = detectorAt(0);
    detector.lost(10);
    detector.refused();
    expect(detector.evidence(10, FAST)).toMatchObject({ kind: 'lost', isRefused: true });
    detector.heard(20);
    expect(kindAt(detector, 20)).toBe('heard');
  });

  it('expects a lost connection again for the time to confirm, from when it was lost first', () => {
    const detector = detectorAt(0);
    detector.lost(10);
    detector.lost(500);
    expect(detector.evidence(500, FAST)).toEqual({
      kind: 'lost',
      lostAt: 10,
      countedFrom: 10,
      isRefused: false,
      until: 10 + CONFIRM_MS,
    });
    expect(kindAt(detector, 9 + CONFIRM_MS)).toBe('lost');
    expect(detector.evidence(10 + CONFIRM_MS, FAST)).toEqual({ kind: 'gone', lostAt: 10 });
    expect(kindAt(detector, 10 + CONFIRM_MS, SLOW)).toBe('lost');
  });

  it('does not expect it beyond what silence allows', () => {
    const detector = detectorAt(0);
    detector.lost(2_500);
    expect(kindAt(detector, 2_699)).toBe('lost');
    expect(kindAt(detector, 2_700)).toBe('gone');
  });

  it('does not take a refused dial against one that is connected', () => {
    const detector = detectorAt(0);
    detector.refused();
    detector.lost(1);
    expect(detector.evidence(1, FAST)).toMatchObject({ kind: 'lost', isRefused: false });
  });

  it('takes who does not hear this member for cut off from it, whatever it says', () => {
    const detector = detectorAt(0);
    detector.hearsUs(false, 100);
    detector.hearsUs(false, 800);
    detector.heard(900);
    expect([kindAt(detector, 900), kindAt(detector, 999)]).toEqual(['quiet', 'quiet']);
    expect(kindAt(detector, 1_000)).toBe('gone');
    expect(detector.isHeard(1_000, FAST)).toBe(true);
    detector.hearsUs(true, 1_100);
    expect(kindAt(detector, 1_100)).toBe('heard');
  });

  it('does not take who tells nothing any more for cut off: it may hear this member again', () => {
    const detector = detectorAt(0);
    detector.tellsNothing(50);
    expect(kindAt(detector, 60)).toBe('heard');
    detector.hearsUs(false, 100);
    detector.hearsUs(false, 500);
    detector.tellsNothing(900);
    detector.heard(900);
    expect([kindAt(detector, 1_000), kindAt(detector, 2_699)]).toEqual(['quiet', 'quiet']);
    detector.hearsUs(false, 1_700);
    expect([kindAt(detector, 1_799), kindAt(detector, 1_800)]).toEqual(['quiet', 'gone']);
    detector.hearsUs(true, 1_800);
    expect(kindAt(detector, 1_800)).toBe('heard');
  });

  it('waits until it says so again, at another moment', () => {
    const detector = detectorAt(0);
    detector.hearsUs(false, 100);
    detector.hearsUs(false, 100);
    detector.heard(100);
    expect(detector.evidence(1_000, FAST)).toEqual({ kind: 'quiet', until: 100 + 1_800 + 900 });
    detector.hearsUs(false, 1_000);
    expect(kindAt(detector, 1_000)).toBe('gone');
  });

  it('waits until an answer can be here, and takes one as proof that it is heard', () => {
    const detector = detectorAt(0);
    detector.hearsUs(false, 100, 450);
    detector.hearsUs(false, 500, 450);
    detector.heard(500);
    expect(kindAt(detector, 1_100)).toBe('quiet');
    detector.hearsUs(false, 1_150, 450, 99);
    expect(kindAt(detector, 1_150)).toBe('gone');
    detector.hearsUs(false, 1_200, 450, 100);
    detector.heard(1_200);
    expect(kindAt(detector, 1_200)).toBe('heard');
  });

  it('forgets that with the next greeting', () => {
    const detector = detectorAt(0);
    detector.hearsUs(false, 100);
    detector.greeted(200);
    expect(kindAt(detector, 1_500)).toBe('heard');
  });

  it('excuses silence while this process stood still, but tells nobody that it heard anything', () => {
    const detector = detectorAt(0);
    detector.excuse(10_000, 10_100);
    expect(kindAt(detector, 10_100)).toBe('heard');
    expect(kindAt(detector, 11_800)).toBe('quiet');
    expect(detector.isHeard(10_100, FAST)).toBe(false);
  });

  it('takes a greeting that may have waited for no older or newer word than it is', () => {
    const detector = detectorAt(0);
    detector.greeted(10_000, 6_000);
    expect(kindAt(detector, 10_000)).toBe('heard');
    expect(detector.wordAt).toBe(4_000);
    detector.spoke(9_000);
    detector.greeted(10_100, 6_000);
    expect(detector.wordAt).toBe(9_000);
    detector.greeted(10_200);
    expect(detector.wordAt).toBe(10_200);
  });

  it('does not excuse beyond now', () => {
    const detector = detectorAt(0);
    detector.lost(900);
    detector.excuse(5_000, 1_000);
    expect(detector.evidence(1_000, FAST)).toMatchObject({
      kind: 'lost',
      lostAt: 900,
      countedFrom: 1_000,
    });
    detector.hearsUs(false, 1_000);
    detector.excuse(500, 1_200);
    expect(kindAt(detector, 2_000)).toBe('lost');
  });

  it.each([
    ['fast', FAST, 1_800],
    ['slow', SLOW, 2_100],
  ])('lets what was said count for as long as a silence may last, on a %s path', (_, leeway, ms) => {
    const detector = detectorAt(0);
    expect(detector.isRecent(500, 499 + ms, leeway)).toBe(true);
    expect(detector.isRecent(500, 500 + ms, leeway)).toBe(false);
  });

  it('expects nothing of a start that was never heard here', () => {
    const detector = detectorAt(0);
    detector.lost(10);
    detector.neverHeard();
    expect(detector.evidence(20, SLOW)).toEqual({ kind: 'gone', lostAt: null });
    expect(detector.wordAt).toBe(Number.NEGATIVE_INFINITY);
  });

  it('takes the first word that this member is not heard for no answer, whatever it answers', () => {
    const detector = detectorAt(0);
    detector.hearsUs(false, 100, 0, 100);
    expect(kindAt(detector, 100)).toBe('quiet');
  });

  it.each([
    ['as long as it lasted', 200, 1_199, 1_200],
    ['not beyond now', 5_000, 1_399, 1_400],
  ])('counts a standstill of this process for none of the time that it is not heard: %s', (_, ms, ...at) => {
    const detector = detectorAt(0);
    detector.hearsUs(false, 100);
    detector.hearsUs(false, 300);
    detector.heard(500);
    detector.excuse(ms, 500);
    expect(at.map((now) => kindAt(detector, now))).toEqual(['quiet', 'gone']);
  });
});
