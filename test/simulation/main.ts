import { parseArgs } from 'node:util';
import { machine } from '../bench/figures.js';
import { runSeed, type SeedOptions, type SeedResult } from './run-seed.js';
import { type ScaleFigures, scaleOf } from './scale.js';

const USAGE = `usage: npm run sim -- --seeds N [--from N] [--members M] [--verbose]   run many seeds
       npm run sim -- --seed N [--members M] [--verbose]               run one again, and tell all of it
       npm run sim -- --scale [--members M]                            count what a mesh of each size costs`;

const SIZES = [3, 5, 10, 20, 30, 50, 100, 200];

/** Progress is told this often, ms. */
const PROGRESS_MS = 10_000;

function main(): number {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      from: { type: 'string', default: '1' },
      members: { type: 'string' },
      scale: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  });
  const [seed, seeds, from, members] = [values.seed, values.seeds, values.from, values.members].map((text) =>
    text === undefined ? undefined : Number(text),
  );
  const numbers = [seed, seeds, from, members];
  const isSound = numbers.every(
    (number) => number === undefined || (Number.isInteger(number) && number >= 0),
  );
  const options = members === undefined ? {} : { members };
  if (isSound && values.scale) return scale(members === undefined ? SIZES : [members]);
  if (isSound && seed !== undefined) return one(seed, options, values.verbose);
  if (isSound && seeds !== undefined) return many(from ?? 1, seeds, options, values.verbose);
  console.error(USAGE);
  return 2;
}

function one(seed: number, options: SeedOptions, isVerbose: boolean): number {
  const result = runSeed(seed, isVerbose ? { ...options, trace: (line) => console.log(line) } : options);
  if (result.violations.length > 0) console.log(replayLine(result, options));
  const plan = { ...result.plan, troubles: [...result.plan.troubles] };
  console.log(JSON.stringify({ ...result, plan }, null, 2));
  return result.violations.length > 0 ? 1 : 0;
}

function many(from: number, seeds: number, options: SeedOptions, isVerbose: boolean): number {
  const startedAt = performance.now();
  let toldAt = startedAt;
  const sum = { seeds: 0, failed: 0, virtualHours: 0, steps: 0, messages: 0, bytes: 0 };
  for (let seed = from; seed < from + seeds; seed += 1) {
    const result = runSeed(seed, options);
    sum.seeds += 1;
    sum.virtualHours += result.virtualMs / 3_600_000;
    sum.steps += result.steps;
    sum.messages += result.messages;
    sum.bytes += result.bytes;
    if (isVerbose)
      console.error(`seed ${seed}: ${result.plan.members} members, ${[...result.plan.troubles].join(' ')}`);
    if (result.violations.length > 0) {
      sum.failed += 1;
      console.log(replayLine(result, options));
    }
    if (performance.now() - toldAt < PROGRESS_MS) continue;
    toldAt = performance.now();
    console.error(`${sum.seeds} of ${seeds} seeds, ${sum.failed} failed`);
  }
  const wallMs = Math.round(performance.now() - startedAt);
  const seedsPerSecond = Number(((sum.seeds * 1_000) / wallMs).toFixed(1));
  const virtualHours = Number(sum.virtualHours.toFixed(2));
  console.log(JSON.stringify({ ...sum, virtualHours, wallMs, seedsPerSecond, machine: machine() }, null, 2));
  return sum.failed > 0 ? 1 : 0;
}

/** All that is needed to see it again. */
function replayLine({ seed, violations }: SeedResult, { members }: SeedOptions): string {
  const [first] = violations;
  const size = members === undefined ? '' : ` --members ${members}`;
  const at = ((first?.at ?? 0) / 1_000).toFixed(3);
  return `npm run sim -- --seed ${seed}${size}  # at ${at} s, ${first?.checker}: ${first?.what}`;
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

process.exitCode = main();
