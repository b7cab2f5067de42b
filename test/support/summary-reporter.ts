import { readFileSync, writeSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type {} from '@headwater/testing/tools';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

/** What did not pass, and in a line why. */
export interface Item {
  readonly name: string;
  readonly why: string;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: readonly Item[];
  readonly skipped: readonly Item[];
}

export interface SummaryOptions {
  /** Whether a skipped test fails the run. */
  readonly isCi?: boolean;
  readonly write?: (text: string) => void;
  /** A run of which nothing is heard for so long, ms, hangs, and is ended. */
  readonly silenceMs?: number;
}

/** Twice what the longest test may take. */
const SILENCE_MS = 20 * 60_000;

/**
 * The end of a run: every failure and every skipped test by name, then one line alone, `N passed, N failed` and where
 * any were skipped `, N skipped`, as the very last line of the output. Where CI is set a skipped test fails the run: it
 * would look green and prove nothing. A run that hangs, where vitest's own timeouts do not help since a process does not
 * come to its timers, ends in the same way: what has not ended is named.
 */
export class SummaryReporter implements Reporter {
  readonly #isCi: boolean;
  readonly #write: (text: string) => void;
  readonly #silenceMs: number;
  #vitest: Vitest | null = null;
  #silence: NodeJS.Timeout | undefined;

  constructor({
    isCi = isCiRun(process.env.CI),
    write = writeToStdout,
    silenceMs = SILENCE_MS,
  }: SummaryOptions = {}) {
    this.#isCi = isCi;
    this.#write = write;
    this.#silenceMs = silenceMs;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunStart(): void {
    this.#heard();
  }
  onTestModuleStart(): void {
    this.#heard();
  }
  onTestCaseReady(): void {
    this.#heard();
  }
  onTestCaseResult(): void {
    this.#heard();
  }
  onTestModuleEnd(): void {
    this.#heard();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    clearTimeout(this.#silence);
    const outcome = outcomeOf(modules, unhandled);
    const isFailedBySkips = this.#isCi && outcome.skipped.length > 0;
    // vitest prints a line or two after its reporters are done, and sets the exit code by what it calls a failure.
    process.once('exit', () => {
      if (isFailedBySkips || outcome.failed.length > 0) process.exitCode ||= 1;
      this.#write(summary(outcome, isFailedBySkips));
    });
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#endHung(), this.#silenceMs);
  }

  #endHung(): void {
    const outcome = outcomeOf(this.#vitest?.state.getTestModules() ?? [], []);
    const why = `nothing was heard of the run for ${this.#silenceMs / 1000} s, so it was ended`;
    const failed = [...outcome.failed, { name: 'the run as a whole', why }];
    process.once('exit', () => this.#write(summary({ ...outcome, failed }, false)));
    // They would go on for ever: a loop hears of no end of its parent.
    for (const child of childrenOf(process.pid)) process.kill(child, 'SIGKILL');
    process.exit(1);
  }
}

/** Linux, proc(5); elsewhere none. */
function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

export function outcomeOf(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Outcome {
  const failed: Item[] = [];
  const skipped: Item[] = [];
  let passed = 0;
  const inOrder = [...modules].sort((a, b) => a.relativeModuleId.localeCompare(b.relativeModuleId));
  for (const module of inOrder) {
    const file = module.relativeModuleId;
    // A file that did not load, or a hook around a suite that failed: no test of its own fails by that.
    for (const part of [module, ...module.children.allSuites()]) {
      const name = part.type === 'module' ? file : `${file} > ${part.fullName}`;
      for (const error of part.errors()) failed.push({ name: `${name} (as a whole)`, why: whyOf(error) });
    }
    for (const test of module.children.allTests()) {
      const name = `${file} > ${test.fullName}`;
      const result = test.result();
      if (result.state === 'passed') passed += 1;
      else if (result.state === 'failed')
        failed.push({ name, why: whyOf(result.errors[0], module.moduleId) });
      else if (hasBrokenSetup(test)) failed.push({ name, why: 'not run: what it needs could not be set up' });
      else if (result.state === 'pending') failed.push({ name, why: 'never ended' });
      else skipped.push({ name, why: whySkipped(test) });
    }
  }
  for (const error of unhandled) failed.push({ name: 'outside of any test', why: whyOf(error) });
  return { passed, failed, skipped };
}

export function summary({ passed, failed, skipped }: Outcome, isFailedBySkips: boolean): string {
  const lines: string[] = [''];
  if (failed.length > 0) lines.push('Failed:', ...failed.map(inALine), '');
  if (skipped.length > 0) {
    lines.push('Skipped:', ...skipped.map(inALine));
    if (isFailedBySkips) lines.push('The run fails: CI is set, and in CI nothing may be skipped.');
    lines.push('');
  }
  const counts = `${passed} passed, ${failed.length} failed`;
  lines.push(skipped.length > 0 ? `${counts}, ${skipped.length} skipped` : counts);
  return `${lines.join('\n')}\n`;
}

const inALine = ({ name, why }: Item): string => `  ${name}: ${why}`;

/** What vitest keeps of an error; `stacks` where it could find the source. */
interface Told {
  readonly message?: string;
  readonly stacks?: readonly { readonly file: string; readonly line: number }[];
}

/** The first line of its message, what a browser waited for, and the line of the test file: often all that is kept of a run. */
function whyOf(error: Told | undefined, file?: string): string {
  const [first = '', ...rest] = error?.message?.split('\n') ?? [];
  const waitedFor = rest.find((line) => /^ *- waiting for /.test(stripVTControlCharacters(line)));
  const words = [first, waitedFor].filter((part) => part !== undefined).map(plain);
  const why = words.join(' ').slice(0, 300) || 'no reason given';
  const at = error?.stacks?.find((frame) => frame.file === file);
  return at === undefined ? why : `${why} (line ${at.line})`;
}

const plain = (line: string): string => stripVTControlCharacters(line).trim();

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
