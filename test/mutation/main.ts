import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import type { MutantResult, PartialStrykerOptions } from '@stryker-mutator/api/core';
import { command, type Order, runCommand, UsageError } from '../support/command-line.js';
import { text } from '../support/options.js';
import { judge } from './verdict.js';

const COMMAND = command({
  call: 'npm run mutate --',
  about: `Changes the code of FOLDER in one small place after the other, runs the unit tests of FOLDER (or of --tests)
that reach that place, and lists each change that none of them noticed.`,
  options: { tests: text('whose unit tests are run (those of FOLDER)', { value: 'FOLDER' }) },
  operands: {
    value: 'FOLDER',
    about: 'packages/directory, packages/media/src/wire, or a single file',
    min: 1,
    max: 1,
  },
});

/** Below this share of noticed changes the run fails, percent. */
const SCORE_MIN = 85;

/** Copies of the sources, each with all changes in it; ignored by git, and removed after the run. */
const TEMP_FOLDER = '.stryker-tmp';

async function main({
  values,
  operands: [written = ''],
}: Order<(typeof COMMAND)['options']>): Promise<number> {
  const folder = sourceOf(written);
  const tests = values.tests === undefined ? folder : sourceOf(values.tests);
  // It takes a second to load, which a wrong call need not wait for.
  const { Stryker } = await import('@stryker-mutator/core');
  const results = await new Stryker(optionsFor(folder, tests)).runMutationTest();
  return report(results);
}

interface Source {
  /** From the root of the repo, with `/`. */
  readonly path: string;
  readonly isFile: boolean;
}

/** A folder or file in the packages. @throws UsageError where there is none. */
function sourceOf(written: string): Source {
  const path = relative(process.cwd(), resolve(written)).replaceAll('\\', '/');
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !path.startsWith('packages/'))
    throw new UsageError(`there is no '${written}' in packages/`);
  return { path, isFile: stat.isFile() };
}

function optionsFor(folder: Source, tests: Source): PartialStrykerOptions {
  return {
    mutate: folder.isFile
      ? [folder.path]
      : [`${folder.path}/**/*.ts`, '!**/*.test.ts', '!**/testing/**', '!**/testing.ts', '!**/*.fixture.ts'],
    ignorePatterns: ['dist', 'docs', '.ci', 'data'],
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    // `related`: only test files that import the changed one; vitest finds them by the imports.
    vitest: {
      configFile: 'test/mutation/vitest.config.ts',
      dir: tests.isFile ? tests.path.slice(0, tests.path.lastIndexOf('/')) : tests.path,
      related: true,
    },
    coverageAnalysis: 'perTest',
    // It rewrites tsconfig.json with the compiler's JavaScript API, which TypeScript 7 has not; vitest needs none.
    tsconfigFile: 'none.json',
    reporters: process.stdout.isTTY ? ['progress'] : ['progress-append-only'],
    tempDirName: TEMP_FOLDER,
    cleanTempDir: 'always',
    concurrency: Math.min(2, availableParallelism()),
    timeoutMS: 10_000,
    allowConsoleColors: false,
    thresholds: { high: SCORE_MIN, low: SCORE_MIN, break: null },
  };
}

function report(results: readonly MutantResult[]): number {
  const { survivors, noticed, equivalent, score } = judge(results);
  for (const line of survivors) console.log(line);
  console.log(
    `${noticed} of ${noticed + survivors.length} changes were noticed: ${score.toFixed(1)} % (at least ${SCORE_MIN} % wanted); ${equivalent} more were judged to change nothing that counts`,
  );
  return score >= SCORE_MIN ? 0 : 1;
}

process.exitCode = await runCommand(COMMAND, process.argv.slice(2), main);
