import { DIALS_OVER_MS } from '../step-notes.js';
import type { Checker } from './checker.js';

/** Members known, dead ones included, for each machine there is: the one that runs there, and one that did. */
export const RECORDS_PER_MACHINE_MAX = 2;

/** Dials in one second, on the average of ten: of a mesh that has just been split, and each looks for each. */
const DIALS_PER_MACHINE_AND_SECOND_MAX = 2;
const DIALS_PER_SECOND_LEAST = 8;

/** Members that lose their data directory, and come back as others, do not fill anybody's memory or network. */
export const strangers: Checker = {
  name: 'strangers',
  when: 'always',
  *check(world) {
    const members = [...world.members.values()];
    const machines = new Set(members.map(({ machine }) => machine)).size;
    // Who means ill makes members up, which has limits of its own.
    const isAbused = members.some(({ isHostile }) => isHostile);
    const recordsMax = RECORDS_PER_MACHINE_MAX * machines;
    const dialsMax = Math.max(DIALS_PER_SECOND_LEAST, DIALS_PER_MACHINE_AND_SECOND_MAX * machines);
    for (const { id, gauges, notes, states } of world.honest()) {
      const records = states.length;
      if (records > recordsMax) yield `${id} knows ${records} members on ${machines} machines`;
      if (isAbused) continue;
      const { peers } = gauges;
      if (peers > recordsMax) yield `${id} keeps ${peers} peers on ${machines} machines`;
      const dials = (notes.dials * 1_000) / DIALS_OVER_MS;
      if (dials > dialsMax) yield `${id} dials ${dials.toFixed(1)} times a second, more than ${dialsMax}`;
    }
  },
};
