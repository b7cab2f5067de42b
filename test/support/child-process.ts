import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { withDeadline } from '@headwater/testing/await-condition';
import type { Scope } from './scope.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Longest wait for a process that was asked to end, before it is killed. */
const STOP_MS = 5_000;

const running = new Set<TestProcess>();

/** What no process can answer by itself. */
const UNANSWERED: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGSTOP', 'SIGCONT'];

// The last guard: nothing that a test started outlives the test's own process, whatever became of its cleanup.
process.once('exit', () => {
  for (const test of running) test.signal('SIGKILL');
});
// Nor does this process outlive the run that it is part of, where somebody ended that.
process.once('disconnect', () => process.exit());

/** A process that a test started: its output by lines, its end as a promise, gone when the scope closes. */
export class TestProcess {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly exited: Promise<Exit>;
  readonly child: ChildProcess;
  exit: Exit | null = null;
  /** How `stop` asks it to end. */
  stopSignal: NodeJS.Signals = 'SIGTERM';
  readonly #command: string;
  /** It leads a process group, to which all belong that it starts. */
  readonly #isLeader: boolean;

  /** `options.detached`: what cannot be answered, such as SIGKILL, reaches all processes that it started, as a crash of its machine does. */
  constructor(
    scope: Scope,
    command: string,
    args: readonly string[],
    options: SpawnOptions = {},
    onLine: (line: string) => void = () => {},
  ) {
    this.#command = `${command} ${args.join(' ')}`;
    this.#isLeader = options.detached === true;
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    running.add(this);
    this.exited = new Promise((resolve) => {
      // `close`, not `exit`: by then all of its output was read.
      this.child.once('close', (code, signal) => this.#ended({ code, signal }, resolve));
      this.child.once('error', (error) => {
        this.stderr.push(String(error));
        this.#ended({ code: null, signal: null }, resolve);
      });
    });
    // A child that is gone: whoever writes to it learns that from `exited`.
    this.child.stdin?.on('error', () => {});
    byLine(this.child.stdout, (line) => {
      this.stdout.push(line);
      onLine(line);
    });
    byLine(this.child.stderr, (line) => this.stderr.push(line));
    scope.defer(() => this.stop());
    scope.witness(() => this.testimony());
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Sends a signal; the process may be gone already. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (!this.#isLeader || pid === undefined || !UNANSWERED.includes(signal)) {
      this.child.kill(signal);
      return;
    }
    try {
      process.kill(-pid, signal);
    } catch {
      // All of them are gone.
    }
  }

  /** To the process alone, and none that it started. */
  signalAlone(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.signal(signal);
    return withDeadline(`${this.#command} to end by ${signal}`, this.exited);
  }

  /** Asks it to end, and where that does nothing for some seconds, kills it. */
  async stop(): Promise<Exit> {
    if (this.exit !== null) return this.exit;
    this.signal('SIGCONT');
    this.signal(this.stopSignal);
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  testimony(): string {
    const end =
      this.exit === null ? 'running' : `ended with code ${this.exit.code}, signal ${this.exit.signal}`;
    const tail = (lines: readonly string[]) => lines.slice(-40).map((line) => `    ${line.slice(0, 600)}`);
    return [
      `--- ${this.#command} (${end})`,
      '  stdout:',
      ...tail(this.stdout),
      '  stderr:',
      ...tail(this.stderr),
    ].join('\n');
  }

  #ended(exit: Exit, resolve: (exit: Exit) => void): void {
    running.delete(this);
    this.exit ??= exit;
    resolve(this.exit);
  }
}

function byLine(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  if (stream === null) return;
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
