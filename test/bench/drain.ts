import { runSoak } from '../soak/run-soak.js';
import { whole } from '../support/options.js';
import { bench } from './bench.js';

/**
 * Members that are drained, ended and started again, one after the other, as an operator does it: nobody who plays may
 * notice. Each of them is the one that drains once, so this is `members` drains.
 */
export const drain = bench(
  'members under load that drain one after the other: plays failed, frames lost, gaps',
  {
    members: whole('members', { default: 5, min: 2 }),
    streams: whole('streams; every other one has two owners', { default: 100, min: 1 }),
    players: whole('players of all protocols', { default: 500, min: 1 }),
    seed: whole('who publishes and plays where is drawn from it', { default: 1, value: 'S' }),
  },
  async (_scope, { members, streams, players, seed }) => {
    const { report, violations } = await runSoak({
      members,
      streams,
      players,
      seed,
      // The drains themselves take as long as they need.
      minutes: 1,
      faultEverySeconds: 60,
      rollings: 1,
      rolling: { by: 'drain' },
      isCalm: true,
    });
    const { plays, gaps, publishers, harnessLateMs, wallMs } = report;
    return {
      what: `${members} members drained one after the other, ${streams} streams, ${players} players at any time, loopback`,
      reach: { playsFailed: 0, framesLostThoughBackedUp: 0, framesSentByNextSource: 0 },
      plays,
      gaps,
      publishers,
      violations: violations.map(({ rule, who, what }) => `${rule}: ${who}: ${what}`),
      harnessLateMs,
      wallMs,
    };
  },
);
