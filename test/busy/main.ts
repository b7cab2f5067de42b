import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../support/repository.js';
import { BusyCores } from './busy-cores.js';

const HELP = `npm run test:busy -- [--runs N] [--cores N] [-- PATTERN...]
Runs \`npm test\` so many times (10) while another process keeps so many cores busy (all), and says how many were green.
PATTERN: what is run instead of all tests, as for \`npm test -- PATTERN\`.`;

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

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      runs: { type: 'string', default: '10' },
      cores: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const [runs, cores] = [Number(values.runs), Number(values.cores)];
  if (values.help || !(Number.isInteger(runs) && runs > 0 && Number.isInteger(cores) && cores >= 0)) {
    console.log(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const logs = mkdtempSync(join(tmpdir(), 'headwater-test-busy-'));
  const busy = BusyCores.start(cores);
  let green = 0;
  try {
    for (let run = 1; run <= runs; run += 1) {
      const { isGreen, seconds, output } = await npmTest(positionals);
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
  process.exitCode = green === runs ? 0 : 1;
}

await main();
