import { HANG_MS } from '@headwater/testing/await-condition';
import { expect, it } from 'vitest';
import { runCampaign } from './campaign.js';
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
