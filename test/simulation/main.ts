import { availableParallelism } from 'node:os';
import { machine } from '../bench/figures.js';
import { command, runCommand, UsageError, type Values } from '../support/command-line.js';
import { choices, flag, whole } from '../support/options.js';
import { isDrawn } from './not-yet.js';
import { kindOf, TROUBLES } from './plan.js';
import { runSeed, type SeedOptions, type SeedResult } from './run-seed.js';
import { type ScaleFigures, scaleOf } from './scale.js';
import { runSeeds } from './seed-pool.js';

const SIZES = [3, 5, 10, 20, 30, 50, 100, 200];

/** Progress is told this often, ms. */
const PROGRESS_MS = 10_000;

const width = Math.max(...TROUBLES.map(({ length }) => length));

const COMMAND = command({
  call: 'npm run sim --',
  about: `Whole lives of a mesh on a simulated network with a virtual clock. A seed draws the members, their troubles and
all that happens; checkers look at it all the time. A seed that breaks a rule prints how to run it again.

Troubles (a star: the core is known not to stand it yet, so no seed has it unless it is called for):
${TROUBLES.map((name) => ` ${isDrawn(name) ? ' ' : '*'} ${name.padEnd(width)}  ${kindOf(name).about}`).join('\n')}`,
  ways: [
    ['--seeds N [options]', 'run many seeds'],
    ['--seed S [options]', 'run one again, and tell all of it'],
    ['--scale [--members N]', 'count what a mesh of each size costs'],
  ],
  options: {
    seeds: whole('how many seeds', { min: 1 }),
    from: whole('the first of them', { default: 1 }),
    jobs: whole('seeds run at once, each on a thread', { default: availableParallelism(), min: 1, max: 64 }),
    seed: whole('this one alone', { value: 'S' }),
    trouble: choices('these troubles and no others', TROUBLES),
    members: whole('so many members at the start', { min: 1, max: 200 }),
    minutes: whole('how long the storm lasts', { min: 1, max: 1_440 }),
    strict: flag('ask also the checkers, and draw the troubles, for which the core is not ready yet'),
    scale: flag('count messages and bytes in a quiet network'),
    verbose: flag('tell each step of one seed, or the plan of each of many'),
  },
});

type Given = Values<(typeof COMMAND)['options']>;

function main(given: Given): number | Promise<number> {
  const { seed, seeds, from, members, verbose, jobs } = given;
  const ways = [seed !== undefined, seeds !== undefined, given.scale].filter(Boolean).length;
  if (ways !== 1) throw new UsageError('say one of --seeds N, --seed S and --scale');
  if (given.scale) return scale(members === undefined ? SIZES : [members]);
  if (seed !== undefined) return one(seed, given, verbose);
  return many({ from, count: seeds ?? 0 }, jobs, given, verbose);
}

const optionsOf = ({ members, trouble, minutes, strict }: Given): SeedOptions => ({
  members,
  troubles: trouble,
  stormMs: minutes === undefined ? undefined : minutes * 60_000,
  isStrict: strict,
});

function one(seed: number, given: Given, isVerbose: boolean): number {
  const options = optionsOf(given);
  const result = runSeed(seed, isVerbose ? { ...options, trace: (line) => console.log(line) } : options);
  if (result.violations.length > 0) console.log(replayLine(result, given));
  const plan = { ...result.plan, troubles: [...result.plan.troubles] };
  console.log(JSON.stringify({ ...result, plan }, null, 2));
  return result.violations.length > 0 ? 1 : 0;
}

async function many(
  range: { readonly from: number; readonly count: number },
  jobs: number,
  given: Given,
  isVerbose: boolean,
): Promise<number> {
  const startedAt = performance.now();
  let toldAt = startedAt;
  const sum = { seeds: 0, failed: 0, virtualHours: 0, steps: 0, messages: 0, bytes: 0 };
  const failures: string[] = [];
  await runSeeds(range, jobs, optionsOf(given), (result) => {
    sum.seeds += 1;
    sum.virtualHours += result.virtualMs / 3_600_000;
    sum.steps += result.steps;
    sum.messages += result.messages;
    sum.bytes += result.bytes;
    if (isVerbose)
      console.error(
        `seed ${result.seed}: ${result.plan.members} members, ${[...result.plan.troubles].join(' ')}`,
      );
    if (result.violations.length > 0) {
      sum.failed += 1;
      failures.push(replayLine(result, given));
      console.log(failures.at(-1));
    }
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    console.error(`${sum.seeds} of ${range.count} seeds, ${sum.failed} failed`);
  });
  const wallMs = Math.round(performance.now() - startedAt);
  const seedsPerSecond = Number(((sum.seeds * 1_000) / wallMs).toFixed(1));
  const virtualHours = Number(sum.virtualHours.toFixed(2));
  console.log(
    JSON.stringify(
      { ...sum, virtualHours, wallMs, seedsPerSecond, jobs, failures, machine: machine() },
      null,
      2,
    ),
  );
  return sum.failed > 0 ? 1 : 0;
}

/** All that is needed to see it again. */
function replayLine({ seed, violations }: SeedResult, { members, trouble, minutes, strict }: Given): string {
  const [first] = violations;
  const options = [
    members === undefined ? '' : ` --members ${members}`,
    trouble === undefined ? '' : ` --trouble ${trouble.join(',')}`,
    minutes === undefined ? '' : ` --minutes ${minutes}`,
    strict ? ' --strict' : '',
  ].join('');
  const at = ((first?.at ?? 0) / 1_000).toFixed(3);
  return `npm run sim -- --seed ${seed}${options}  # at ${at} s, ${first?.checker}: ${first?.what}`;
}

function scale(sizes: readonly number[]): number {
  const rows: ScaleFigures[] = [];
  for (const members of sizes) {
    console.error(`${members} members`);
    rows.push(scaleOf(members));
  }
  console.log(
    JSON.stringify(
      {
        bench: 'scale',
        counted:
          'our messages with frame or envelope; not: TCP, noise, yamux, and the control messages of gossipsub',
        rows,
        machine: machine(),
      },
      null,
      2,
    ),
  );
  console.table(Object.fromEntries(rows.map(({ members, ...figures }) => [`${members} members`, figures])));
  return 0;
}

process.exitCode = await runCommand(COMMAND, process.argv.slice(2), ({ values }) => main(values));
