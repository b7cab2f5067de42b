import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, type Order, runCommand } from '../support/command-line.js';
import { whole } from '../support/options.js';
import { REPOSITORY } from '../support/repository.js';
import { BusyCores } from './busy-cores.js';

const COMMAND = command({
  call: 'npm run test:busy --',
  about:
    'Runs `npm test` again and again while another process keeps the cores busy, and says how many runs were green.',
  options: {
    runs: whole('how many runs', { default: 10, min: 1 }),
    cores: whole('how many cores are kept busy', { default: availableParallelism() }),
  },
  operands: {
    value: '[PATTERN...]',
    about:
      'what is run instead of all tests, as for `npm test -- PATTERN`; after `--` also options of vitest',
    min: 0,
    max: Number.POSITIVE_INFINITY,
  },
});

interface Run {
  readonly isGreen: boolean;
  readonly seconds: number;
  readonly output: string;
}

/** One run of \`npm test\`, its output kept. */
function npmTest(patterns: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const child = spawn('npm', ['test', ...(patterns.length > 0 ? ['--', ...patterns] : [])], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ isGreen: code === 0, seconds: Math.round((performance.now() - startMs) / 1000), output }),
    );
  });
}

/** What the summary says from its list of failures on; without one, the last that was printed. */
function verdict(output: string): string {
  const lines = output.trimEnd().split('\n');
  const failures = lines.lastIndexOf('Failed:');
  return lines.slice(failures < 0 ? -1 : failures).join('\n');
}

async function main({
  values: { runs, cores },
  operands,
}: Order<(typeof COMMAND)['options']>): Promise<number> {
  const logs = mkdtempSync(join(tmpdir(), 'headwater-test-busy-'));
  const busy = BusyCores.start(cores);
  let green = 0;
  try {
    for (let run = 1; run <= runs; run += 1) {
      const { isGreen, seconds, output } = await npmTest(operands);
      if (isGreen) green += 1;
      writeFileSync(join(logs, `run-${run}.log`), output);
      console.log(`run ${run}: ${isGreen ? 'green' : 'RED'} after ${seconds} s: ${verdict(output)}`);
    }
  } finally {
    busy.stop();
  }
  console.log(
    `\n${green} of ${runs} runs were green while another process kept ${cores} cores busy; logs: ${logs}`,
  );
  return green === runs ? 0 : 1;
}

process.exitCode = await runCommand(COMMAND, process.argv.slice(2), main);
