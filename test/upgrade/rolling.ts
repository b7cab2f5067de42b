import { expect } from 'vitest';
import { line } from '../chaos/event-log.js';
import { violationsInWords } from '../chaos/violations-in-words.js';
import { type RunOptions, runSoak } from '../soak/run-soak.js';

/** Five members under load: half of the streams backed up, players of all protocols on all members. */
const LOAD = { seed: 5, members: 5, streams: 10, players: 40 };
/** The restarts themselves take as long as they need. */
const MINUTES = 1;
type Rolled = Required<Pick<RunOptions, 'rolling' | 'rollings'>> & Pick<RunOptions, 'program'>;

/** Restarts all members, one after the other, and expects that nobody who plays was to notice. */
/** `known`: what the release before does wrong, in words of a violation. */
export async function expectUnnoticed(rolled: Rolled, known?: RegExp): Promise<void> {
  const {
    report,
    violations: all,
    entries,
  } = await runSoak({
    ...LOAD,
    ...rolled,
    minutes: MINUTES,
    faultEverySeconds: 60,
    isCalm: true,
  });
  const violations = all.filter(({ what }) => known?.test(what) !== true);
  const isWell = violations.length === 0 && report.gaps.framesSentByNextSource === 0;
  if (!isWell) console.error(entries.map(({ atMs, text }) => line(atMs, text)).join('\n'));
  expect(violationsInWords(violations)).toEqual([]);
  expect(report.faults['rolling-restart']).toBe(rolled.rollings);
  // No play failed, and of what another owner had, none was lost: exact for same encodes. Where a lone publisher was closed and
  // came back elsewhere, all from its first keyframe there on came, so what is missing is what it did not send: no GOP more.
  const excused = new Set(all.filter((one) => !violations.includes(one)).map(({ who }) => who));
  expect(report.plays.failed).toBeLessThanOrEqual(excused.size);
  expect(report.gaps).toMatchObject({ framesLostThoughBackedUp: 0, framesSentByNextSource: 0 });
  expect(report.plays.started).toBeGreaterThanOrEqual(LOAD.players);
  // Each member closed its publishers.
  expect(report.publishers.lost).toBeGreaterThanOrEqual(LOAD.members);
}
