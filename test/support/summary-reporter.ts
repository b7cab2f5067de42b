import { writeSync } from 'node:fs';
import type {} from '@headwater/testing/tools';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';

interface Skipped {
  readonly name: string;
  readonly why: string;
}

/**
 * The end of a run: every skipped test with what it lacked, then one line alone, `N passed, N failed` and where any were
 * skipped `, N skipped`, as the very last line of the output. Where CI is set a skipped test fails the run: it would
 * look green and prove nothing.
 */
export class SummaryReporter implements Reporter {
  readonly #isCi: boolean;
  readonly #write: (text: string) => void;

  constructor(isCi = isCiRun(process.env.CI), write: (text: string) => void = writeToStdout) {
    this.#isCi = isCi;
    this.#write = write;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const skipped: Skipped[] = [];
    let passed = 0;
    let failed = unhandled.length;
    for (const module of modules) {
      failed += failuresOutsideTests(module);
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed' || hasBrokenSetup(test)) failed += 1;
        else skipped.push({ name: test.fullName, why: whySkipped(test) });
      }
    }
    const isFailedBySkips = this.#isCi && skipped.length > 0;
    if (isFailedBySkips) process.exitCode = 1;
    // vitest prints a line or two after its reporters are done, and this line has to be the last.
    process.once('exit', () => this.#write(summary(passed, failed, skipped, isFailedBySkips)));
  }
}

export function summary(
  passed: number,
  failed: number,
  skipped: readonly Skipped[],
  isFailedBySkips: boolean,
): string {
  const lines: string[] = [''];
  if (skipped.length > 0) {
    lines.push('Skipped:', ...skipped.map(({ name, why }) => `  ${name}: ${why}`));
    if (isFailedBySkips) lines.push('The run fails: CI is set, and in CI nothing may be skipped.');
    lines.push('');
  }
  const counts = `${passed} passed, ${failed} failed`;
  lines.push(skipped.length > 0 ? `${counts}, ${skipped.length} skipped` : counts);
  return `${lines.join('\n')}\n`;
}

/** A file that did not load, or a hook around a suite that failed: no test of its own fails by that. */
function failuresOutsideTests(module: TestModule): number {
  let count = module.errors().length > 0 ? 1 : 0;
  for (const suite of module.children.allSuites()) count += suite.errors().length > 0 ? 1 : 0;
  return count;
}

/** Its `beforeAll` failed, so that vitest calls it skipped: it was meant to run, and did not. */
function hasBrokenSetup(test: TestCase): boolean {
  let parent: TestSuite | TestModule = test.parent;
  for (;;) {
    if (parent.errors().length > 0) return true;
    if (parent.type === 'module') return false;
    parent = parent.parent;
  }
}

function whySkipped(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return (
    test.meta().missing ?? note ?? (test.options.mode === 'todo' ? 'still to be written' : 'no reason given')
  );
}

function isCiRun(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

/** By file descriptor: on the way out of the process nothing asynchronous gets through. */
function writeToStdout(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // A full pipe: its reader catches up.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}
