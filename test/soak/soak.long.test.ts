import { expect, it } from 'vitest';
import { line } from '../chaos/event-log.js';
import { violationsInWords } from '../chaos/violations-in-words.js';
import { runSoak } from './run-soak.js';

/** A hang ends here; the run takes a minute and a half. */
const HANG_MS = 300_000;

it('three members bear a minute of real life', { timeout: HANG_MS }, async () => {
  const { report, violations, entries } = await runSoak({
    seed: 1,
    members: 3,
    streams: 6,
    players: 20,
    minutes: 1,
    faultEverySeconds: 12,
    rollings: 1,
  });
  if (violations.length > 0) console.error(entries.map(({ atMs, text }) => line(atMs, text)).join('\n'));
  expect(violationsInWords(violations)).toEqual([]);
  expect(report.plays).toMatchObject({ failed: 0 });
  expect(report.plays.frames).toBeGreaterThan(0);
  expect(report.plays.started).toBeGreaterThanOrEqual(20);
  expect(report.faults['rolling-restart']).toBe(1);
  expect(report.logs.unexplained).toEqual([]);
});
