import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ApiMember } from '../api/schemas/member.js';
import type { ApiStream } from '../api/schemas/stream.js';
import type { DemoConfig } from './demo-config.js';

const COMMAND = fileURLToPath(new URL('../../bin/headwater.js', import.meta.url));
/** Log lines kept of each origin, to be shown if it fails. */
const LOG_LINES_MAX = 20;
/** An origin that does not stop by itself is killed after this, ms. */
const STOP_MS = 3000;
/** Deadline of one question to an origin's API, ms. */
const API_TIMEOUT_MS = 1000;

/** One origin of the demo: a process of its own, asked through its API like any other. */
export class DemoOrigin {
  readonly config: DemoConfig;
  readonly #child: ChildProcess;
  readonly #logLines: string[] = [];
  readonly #exited: Promise<void>;

  constructor(config: DemoConfig, configFile: string, dataDir: string) {
    this.config = config;
    // A channel to the parent, so that an origin notices when the demo itself is killed, and goes too.
    this.#child = spawn(
      process.execPath,
      [COMMAND, 'origin', '--config', configFile, '--set', `dataDir=${dataDir}`],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // The surroundings' HEADWATER_ variables are for real members, not for these.
        env: { ...withoutHeadwater(process.env), HEADWATER_LOG_FORMAT: 'json' },
      },
    );
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
    for (const output of [this.#child.stdout, this.#child.stderr])
      output?.on('data', (data) => this.#keep(data));
  }

  get name(): string {
    return this.config.name;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  /** The end of what it said, for people. */
  get lastWords(): string {
    return this.#logLines.join('\n');
  }

  /** Resolves when the process has ended. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  async isReady(): Promise<boolean> {
    return (await this.#get('/readyz')) !== null;
  }

  async members(): Promise<readonly ApiMember[]> {
    const body = (await this.#get('/api/v1/members')) as { members: ApiMember[] } | null;
    return body?.members ?? [];
  }

  async streams(): Promise<readonly ApiStream[]> {
    const body = (await this.#get('/api/v1/streams')) as { streams: ApiStream[] } | null;
    return body?.streams ?? [];
  }

  /** Asks it to leave, and kills it where it does not. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(killer);
  }

  async #get(path: string): Promise<unknown> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.config.ports.api}${path}`, {
        signal: AbortSignal.timeout(API_TIMEOUT_MS),
      });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  #keep(data: Buffer): void {
    this.#logLines.push(...data.toString().split('\n').filter(Boolean));
    this.#logLines.splice(0, this.#logLines.length - LOG_LINES_MAX);
  }
}

function withoutHeadwater(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('HEADWATER_')));
}
