import { HANG_MS } from '@headwater/testing/await-condition';
import { expect, it } from 'vitest';
import { runCampaign } from './campaign.js';
import { makeSession } from './make-session.js';
import { memoryProblem } from './memory-rule.js';
import { readRecordings } from './record.js';

const SEED = 20_261_122;
const SESSIONS = 400;

it(`a real member survives ${SESSIONS} hostile sessions (seed ${SEED})`, async () => {
  const { failures, sessions, made } = await runCampaign({
    seed: SEED,
    sessions: SESSIONS,
    silenceMsMax: HANG_MS,
    stallMsMax: HANG_MS,
  });
  expect(failures).toEqual([]);
  expect(sessions).toBe(SESSIONS);
  // Every recording and every grammar had its turn.
  expect(Object.keys(made).length).toBeGreaterThanOrEqual(readRecordings().length + 3);
});

it('makes the same session of the same seed and number', () => {
  const recordings = readRecordings();
  for (let index = 0; index < 200; index += 1) {
    expect(makeSession(7, index, recordings)).toEqual(makeSession(7, index, recordings));
  }
  expect(makeSession(7, 1, recordings)).not.toEqual(makeSession(8, 1, recordings));
});

it('judges memory: flat passes, a leak does not', () => {
  const sample = (heapMiB: number) => ({
    heapBytes: heapMiB * 2 ** 20,
    externalBytes: 0,
    rssBytes: 100 * 2 ** 20,
    stalledMs: 1,
    handles: 10,
  });
  const flat = Array.from({ length: 24 }, (_, i) => sample(i < 6 ? 20 + i : 26 + (i % 3)));
  expect(memoryProblem(flat)).toBeNull();
  const leak = Array.from({ length: 24 }, (_, i) => sample(20 + i));
  expect(memoryProblem(leak)).toMatch(/grew by/);
});
