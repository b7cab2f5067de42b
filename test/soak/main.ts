import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { line } from '../chaos/event-log.js';
import { violationsInWords } from '../chaos/violations-in-words.js';
import { command, runCommand, type Values } from '../support/command-line.js';
import { flag, text, whole } from '../support/options.js';
import { around } from './around.js';
import { runSoak, type SoakResult } from './run-soak.js';

const COMMAND = command({
  call: 'npm run soak --',
  about: `Real life for a while: members that are killed, hang, restart and drain, encoders that fall silent, close and
move, half of the streams backed up, players of every protocol that come and go. Ends in a report as JSON; status 1
where a play failed or a frame was lost that a backup had, with what happened around. Linux only: it reads /proc.`,
  options: {
    minutes: whole('how long', { default: 60, min: 1 }),
    members: whole('how many', { default: 5, min: 1, max: 50 }),
    streams: whole('how many; every other one has two owners', { default: 100, min: 1 }),
    players: whole('how many at any time', { default: 500, min: 0 }),
    seed: whole('what happens, and when, is drawn from it', { default: 1, value: 'S' }),
    'fault-every': whole('seconds between two faults', { default: 60, min: 5 }),
    rolling: whole('how often all members are restarted, one after the other', { default: 2, min: 0 }),
    logs: text("keep the members' logs and all events there", { value: 'FOLDER' }),
    verbose: flag('print each event as it comes'),
  },
});

/** Players give up on what hangs after seconds, and are judged some seconds later. */
const AROUND = { beforeMs: 15_000, afterMs: 5_000, entriesMax: 300 };

async function main(values: Values<(typeof COMMAND)['options']>): Promise<number> {
  const { minutes, members, streams, players, seed, rolling, logs, verbose } = values;
  const result = await runSoak({
    seed,
    members,
    streams,
    players,
    minutes,
    faultEverySeconds: values['fault-every'],
    rollings: rolling,
    ...(logs !== undefined && { logs }),
    ...(verbose && { trace: (text: string) => console.log(text) }),
  });
  tell(result);
  if (logs !== undefined) {
    const all = result.entries.map(({ atMs, text }) => line(atMs, text)).join('\n');
    writeFileSync(join(logs, 'events.txt'), `${all}\n`);
    writeFileSync(join(logs, 'report.json'), `${JSON.stringify(result.report, null, 2)}\n`);
  }
  return result.violations.length > 0 ? 1 : 0;
}

function tell({ report, violations, entries }: SoakResult): void {
  for (const stretch of around(entries, violations, AROUND)) {
    console.log('...');
    for (const { atMs, text } of stretch) console.log(line(atMs, text));
  }
  for (const words of violationsInWords(violations)) console.log(words);
  console.log(JSON.stringify(report, null, 2));
}

// So that the members end with us: an exit that is asked for kills them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

process.exitCode = await runCommand(COMMAND, process.argv.slice(2), ({ values }) => main(values));
