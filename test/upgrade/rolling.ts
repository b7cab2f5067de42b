import { expect } from 'vitest';
import { line } from '../chaos/event-log.js';
import { violationsInWords } from '../chaos/violations-in-words.js';
import { type RunOptions, runSoak } from '../soak/run-soak.js';

/** Five members under load: half of the streams backed up, players of all protocols on all members. */
const LOAD = { seed: 5, members: 5, streams: 10, players: 40 };
/** The restarts themselves take as long as they need. */
const MINUTES = 1;
type Rolled = Required<Pick<RunOptions, 'rolling' | 'rollings'>> & Pick<RunOptions, 'program'>;

/** What the release before does wrong, as long as one of its members is there. */
export interface KnownFaults {
  /** In words of violations. */
  readonly violations: RegExp;
  /** Its FLV players miss what a publisher that moved sends first. */
  readonly cutsNextSource: boolean;
}

/** Restarts all members, one after the other, and expects that nobody who plays was to notice. */
export async function expectUnnoticed(rolled: Rolled, known?: KnownFaults): Promise<void> {
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
  const violations = all.filter(({ what }) => known?.violations.test(what) !== true);
  const isWell =
    violations.length === 0 && (known?.cutsNextSource || report.gaps.framesSentByNextSource === 0);
  if (!isWell) console.error(entries.map(({ atMs, text }) => line(atMs, text)).join('\n'));
  expect(violationsInWords(violations)).toEqual([]);
  expect(report.faults['rolling-restart']).toBe(rolled.rollings);
  // No play failed, and of what another owner had, none was lost: exact for same encodes. Where a lone publisher was closed and
  // came back elsewhere, all from its first keyframe there on came, so what is missing is what it did not send: no GOP more.
  const excused = new Set(all.filter((one) => !violations.includes(one)).map(({ who }) => who));
  expect(report.plays.failed).toBeLessThanOrEqual(excused.size);
  expect(report.gaps).toMatchObject({ framesLostThoughBackedUp: 0 });
  if (!known?.cutsNextSource) expect(report.gaps).toMatchObject({ framesSentByNextSource: 0 });
  expect(report.plays.started).toBeGreaterThanOrEqual(LOAD.players);
  // Each member closed its publishers.
  expect(report.publishers.lost).toBeGreaterThanOrEqual(LOAD.members);
}
