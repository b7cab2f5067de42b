import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../bench/figures.js';
import { command, runCommand, UsageError, type Values } from '../support/command-line.js';
import { choice, flag, text, whole } from '../support/options.js';
import { seconds } from './event-log.js';
import { STREAM_KINDS } from './plan.js';
import { runSeed, type SeedOptions, type SeedResult } from './run-seed.js';
import { violationsInWords } from './violations-in-words.js';

const COMMAND = command({
  call: 'npm run chaos --',
  about: `Three members, two streams with two owners each, players of every protocol on every member, random
faults. A failing seed prints its event log. The same seed and options draw the same faults.`,
  ways: [
    ['--seeds N [--from N] [options]', 'run many seeds'],
    ['--seed S [options]', 'run one again, and tell all of it'],
  ],
  options: {
    seeds: whole('how many seeds', { min: 1 }),
    from: whole('the first of them', { default: 1 }),
    seed: whole('this one alone', { value: 'S' }),
    'members-die': flag('members are killed, stopped and restarted, too'),
    'workers-die': flag('each member has two workers, which crash and hang, too'),
    only: choice('one stream alone: one encode on both owners, or two', STREAM_KINDS),
    'no-faults': flag('none at all: whether the harness itself is right'),
    logs: text("keep the members' logs of failing seeds there", { value: 'FOLDER' }),
    verbose: flag('print each event as it comes'),
  },
});

interface Order {
  readonly seeds: readonly number[];
  readonly isReplay: boolean;
  readonly options: SeedOptions;
  readonly logs: string | undefined;
}

function orderOf(values: Values<(typeof COMMAND)['options']>): Order {
  const { seed, seeds, from, only, logs } = values;
  if (seed !== undefined && seeds !== undefined)
    throw new UsageError('--seed runs one seed: leave out --seeds');
  if (seed === undefined && seeds === undefined) throw new UsageError('say --seeds N or --seed S');
  const trace = values.verbose ? { trace: (line: string) => console.log(line) } : {};
  return {
    seeds: seed === undefined ? Array.from({ length: seeds ?? 1 }, (_, index) => from + index) : [seed],
    isReplay: seed !== undefined,
    options: {
      membersDie: values['members-die'],
      workersDie: values['workers-die'],
      hasFaults: !values['no-faults'],
      ...(only && { only }),
      ...trace,
    },
    logs,
  };
}

async function main(order: Order): Promise<number> {
  const startedMs = performance.now();
  const results: SeedResult[] = [];
  const broken: number[] = [];
  for (const seed of order.seeds) {
    try {
      const result = await runSeed(seed, order.options);
      results.push(result);
      tell(result, order);
    } catch (error) {
      broken.push(seed);
      console.log(`seed ${seed}: did not run: ${error instanceof Error ? error.stack : error}`);
    }
  }
  const failed = results.filter(({ violations }) => violations.length > 0);
  const summary = {
    chaos: { seeds: order.seeds.length, failed: failed.length, didNotRun: broken },
    membersDie: order.options.membersDie,
    frames: results.reduce((sum, { frames }) => sum + frames, 0),
    longestBlackMs: Math.max(0, ...results.map(({ longestBlackMs }) => longestBlackMs)),
    harnessLateMs: Math.max(0, ...results.map(({ lateMs }) => lateMs)),
    wallMs: Math.round(performance.now() - startedMs),
    failures: failed.map(({ seed, violations }) => ({ seed, rules: countsOf(violations) })),
    machine: machine(),
  };
  console.log(JSON.stringify(summary, null, 2));
  return failed.length + broken.length > 0 ? 1 : 0;
}

function tell(result: SeedResult, { isReplay, options, logs }: Order): void {
  const { seed, violations, lines, faults, players, frames, switches, longestBlackMs, lateMs, wallMs } =
    result;
  const isFailed = violations.length > 0;
  if ((isFailed || isReplay) && options.trace === undefined) console.log(lines.join('\n'));
  if (isFailed && logs !== undefined) keepLogs(logs, result);
  const counted = `${faults} faults, ${players} players, ${frames} frames, ${switches} switches`;
  const times = `longest black ${seconds(longestBlackMs)} s, harness late ${lateMs} ms, ${seconds(wallMs)} s`;
  console.log(`seed ${seed}: ${isFailed ? `${violations.length} violations` : 'ok'}; ${counted}, ${times}`);
  for (const line of violationsInWords(violations)) console.log(`  ${line}`);
  if (!isFailed || isReplay) return;
  const flags = [
    options.membersDie ? ' --members-die' : '',
    options.workersDie ? ' --workers-die' : '',
    options.only === undefined ? '' : ` --only ${options.only}`,
    options.hasFaults ? '' : ' --no-faults',
  ].join('');
  console.log(`  again: npm run chaos -- --seed ${seed}${flags}`);
}

function keepLogs(folder: string, { seed, lines, memberLogs }: SeedResult): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `seed-${seed}-events.txt`), `${lines.join('\n')}\n`);
  for (const [name, logs] of memberLogs) {
    const text = logs.map((line) => JSON.stringify(line)).join('\n');
    writeFileSync(join(folder, `seed-${seed}-${name}.log`), `${text}\n`);
  }
}

function countsOf(violations: SeedResult['violations']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { rule } of violations) counts[rule] = (counts[rule] ?? 0) + 1;
  return counts;
}

// So that the members end with us: an exit that is asked for kills them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

process.exitCode = await runCommand(COMMAND, process.argv.slice(2), ({ values }) => main(orderOf(values)));
