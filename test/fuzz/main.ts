import { parseArgs } from 'node:util';
import { runCampaign, runOne, SILENCE_MS_MAX, STALL_MS_MAX } from './campaign.js';
import { MemberUnderTest } from './member-under-test.js';
import { GROWTH_BYTES_MAX, RSS_GROWTH_BYTES_MAX } from './memory-rule.js';
import { makeRecordings } from './record.js';

const USAGE = `usage: npm run fuzz -- [--sessions N] [--seed N] [--only K]
  --sessions N  how many hostile sessions (1000)
  --seed N      which ones (1): the same seed means the same bytes
  --only K      run session K of the seed alone, and show it
  --record      record the honest sessions anew that the others are made of`;

const MIB = 2 ** 20;
const mib = (bytes: number): string => (bytes / MIB).toFixed(1).padStart(7);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      sessions: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [sessions, seed] = [Number(values.sessions), Number(values.seed)];
  if (values.help || !Number.isInteger(sessions) || !Number.isInteger(seed)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  if (values.record) {
    const member = await MemberUnderTest.start();
    await makeRecordings({ rtmp: member.rtmpPort, http: member.httpPort });
    await member.stop();
    return 0;
  }
  if (values.only !== undefined) return only(seed, Number(values.only));

  console.log(`${sessions} sessions of seed ${seed}; memory after collection, in MiB`);
  console.log('sessions     heap  outside      rss  stalled ms');
  const result = await runCampaign({
    seed,
    sessions,
    onSample: (done, { heapBytes, externalBytes, rssBytes, stalledMs }) => {
      const numbers = `${mib(heapBytes)}  ${mib(externalBytes)}  ${mib(rssBytes)}  ${stalledMs.toFixed(0).padStart(10)}`;
      console.log(`${String(done).padStart(8)}  ${numbers}`);
    },
  });
  const { elapsedMs, made, longestSilenceMs, longestStallMs, readsOfPlayers, failures } = result;
  console.log(
    JSON.stringify(
      {
        fuzz: { seed, sessions: result.sessions, seconds: Math.round(elapsedMs / 1000) },
        made,
        longestSilenceOfPlayersMs: Math.round(longestSilenceMs),
        longestStallMs: Math.round(longestStallMs),
        readsOfPlayers,
        rules: {
          silenceMsMax: SILENCE_MS_MAX,
          stallMsMax: STALL_MS_MAX,
          heldGrowthMiBMax: GROWTH_BYTES_MAX / MIB,
          rssGrowthMiBMax: RSS_GROWTH_BYTES_MAX / MIB,
        },
        failures,
      },
      null,
      2,
    ),
  );
  return failures.length === 0 ? 0 : 1;
}

async function only(seed: number, index: number): Promise<number> {
  const { session, end, log } = await runOne(seed, index);
  console.log(
    `session ${index} of seed ${seed}: ${session.made}, to the ${session.port} port, ends by ${session.end}`,
  );
  for (const bytes of session.writes)
    console.log(`  ${bytes.length} bytes ${bytes.toString('hex').slice(0, 160)}`);
  console.log(`what the member said:\n${log}`);
  console.log(end === null ? 'the member lives' : `the member ended: ${end}`);
  return end === null ? 0 : 1;
}

process.exitCode = await main();
