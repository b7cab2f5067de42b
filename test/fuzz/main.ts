import { command, runCommand, type Values } from '../support/command-line.js';
import { flag, whole } from '../support/options.js';
import { runCampaign, runOne, SILENCE_MS_MAX, STALL_MS_MAX } from './campaign.js';
import { MemberUnderTest } from './member-under-test.js';
import { GROWTH_BYTES_MAX, RSS_GROWTH_BYTES_MAX } from './memory-rule.js';
import { makeRecordings } from './record.js';

const COMMAND = command({
  call: 'npm run fuzz --',
  about: 'Hostile sessions against a real member, with an honest publisher and honest players beside them.',
  options: {
    sessions: whole('how many hostile sessions', { default: 1000, min: 1 }),
    seed: whole('which ones: the same seed means the same bytes', { default: 1 }),
    only: whole('run session K of the seed alone, and show it', { value: 'K' }),
    record: flag('record the honest sessions anew that the others are made of'),
  },
});

const MIB = 2 ** 20;
const mib = (bytes: number): string => (bytes / MIB).toFixed(1).padStart(7);

async function main({ sessions, seed, only, record }: Values<(typeof COMMAND)['options']>): Promise<number> {
  if (record) {
    const member = await MemberUnderTest.start();
    await makeRecordings({ rtmp: member.rtmpPort, http: member.httpPort });
    await member.stop();
    return 0;
  }
  if (only !== undefined) return runAlone(seed, only);

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

async function runAlone(seed: number, index: number): Promise<number> {
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

process.exitCode = await runCommand(COMMAND, process.argv.slice(2), ({ values }) => main(values));
