import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from '../bench/figures.js';
import { seconds } from './event-log.js';
import { STREAM_KINDS } from './plan.js';
import { runSeed, type SeedOptions, type SeedResult } from './run-seed.js';
import { violationsInWords } from './violations-in-words.js';

const USAGE = `usage: npm run chaos -- --seeds N [--from N] [options]   run many seeds
       npm run chaos -- --seed S [options]               run one again, and tell all of it

Three members, two streams with two owners each, players of every protocol on every member, random
faults. A failing seed prints its event log. The same seed and options draw the same faults.

  --members-die   members are killed, stopped and restarted, too
  --only KIND     one stream alone: same (one encode on two owners) or different (two encodes)
  --no-faults     none at all: whether the harness itself is right
  --logs FOLDER   keep the members' logs of failing seeds there
  --verbose       print each event as it comes
  --help          print this`;

class UsageError extends Error {}

interface Order {
  readonly seeds: readonly number[];
  readonly isReplay: boolean;
  readonly options: SeedOptions;
  readonly logs: string | undefined;
}

function read(args: string[]): Order | null {
  const { values } = parse(args);
  if (values.help) return null;
  const [seed, seeds, from] = (['seed', 'seeds', 'from'] as const).map((name) => whole(name, values[name]));
  if (seed !== undefined && (seeds ?? 1) !== 1)
    throw new UsageError('--seed runs one seed: leave out --seeds');
  if (seed === undefined && seeds === undefined) throw new UsageError('say --seeds N or --seed S');
  if (seeds === 0) throw new UsageError('--seeds takes at least 1');
  const first = seed ?? from ?? 1;
  const only = STREAM_KINDS.find((kind) => kind === values.only);
  if (values.only !== undefined && only === undefined)
    throw new UsageError(`--only takes ${STREAM_KINDS.join(' or ')}, not '${values.only}'`);
  const trace = values.verbose ? { trace: (line: string) => console.log(line) } : {};
  return {
    seeds: Array.from({ length: seed === undefined ? (seeds ?? 1) : 1 }, (_, index) => first + index),
    isReplay: seed !== undefined,
    options: {
      membersDie: values['members-die'],
      hasFaults: !values['no-faults'],
      ...(only && { only }),
      ...trace,
    },
    logs: values.logs,
  };
}

function parse(args: string[]) {
  const off = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const options = {
    seeds: text,
    seed: text,
    from: text,
    logs: text,
    only: text,
    'members-die': off,
    'no-faults': off,
    verbose: off,
    help: off,
  };
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`--${name} takes a whole number, not '${text}'`);
  return Number(text);
}

async function main(): Promise<number> {
  const order = read(process.argv.slice(2));
  if (order === null) {
    console.log(USAGE);
    return 0;
  }
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

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
