import { describe, expect, it } from 'vitest';
import { FailureDetector } from './failure-detector.js';
import { type Leeway, leewayOf } from './leeway.js';

const asRow = ({ confirmMs, refusalMs, silenceMs, deadMs }: Leeway): number[] => [
  confirmMs,
  refusalMs,
  silenceMs,
  deadMs,
];

describe('leewayOf', () => {
  // The table at the head of the function.
  it.each([
    [null, 0, 0, [4_000, 500, 0, 1_500]],
    [[1, 5], 0, 0, [1_000, 500, 0, 0]],
    [[1, 600], 0, 0, [3_600, 1_800, 0, 0]],
    [[100, 200], 0, 0, [1_200, 600, 0, 0]],
    [[175, 200], 0, 0, [1_800, 600, 100, 700]],
    [[500, 550], 0, 0, [6_600, 1_650, 550, 3_850]],
    [[300, 7_700], 0, 0, [10_000, 1_900, 900, 4_000]],
    [[5_000, 9_000], 0, 0, [10_000, 1_900, 9_000, 4_000]],
    [[1, 5], 300, 0, [1_600, 1_100, 300, 300]],
    [[1, 5], 0, 300, [1_600, 1_100, 300, 300]],
    [[300, 600], 300, 0, [4_200, 1_500, 600, 2_400]],
    [[1, 5], 1e9, 1e9, [5_000, 1_900, 2_000, 2_000]],
  ] as const)(
    'on a path of %j ms to a member late by %i ms, from one late by %i ms',
    (path, peer, own, row) => {
      const measured = path && { shortestMs: path[0], expectedMs: path[1] };
      expect(asRow(leewayOf(measured, peer, own))).toEqual(row);
    },
  );

  // npm run sim -- --seed 9384004 --members 4 --trouble twins,resets,long-paths,takeover --minutes 1, as seeds were drawn then.
  it('lets a connection that closes before anything was measured be made again on the longest paths', () => {
    const detector = new FailureDetector({ suspectAfterMs: 1_800, deadAfterMs: 900 }, 0);
    // A heartbeat later, which was on its way for longer than the one before.
    detector.lost(800 + 250);
    const redialledMs = 6 * 500;
    expect(detector.evidence(800 + 250 + redialledMs, leewayOf(null, 0, 0)).kind).toBe('lost');
  });
});
