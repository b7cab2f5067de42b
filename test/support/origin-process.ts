import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { awaitCondition, HANG_MS } from '@headwater/testing/await-condition';
import type { ApiMember, ApiStream, ApiStreamDetail, ApiWorker } from './api-types.js';
import { type Exit, TestProcess } from './child-process.js';
import { freePorts } from './free-port.js';
import { HEADWATER } from './program.js';
import type { Scope } from './scope.js';

/**
 * A configuration as nested maps, laid over the harness's own; null puts a key's default back. JSON is YAML, so it is
 * written as JSON.
 */
export type Config = {
  readonly [key: string]: string | number | boolean | null | readonly string[] | readonly object[] | Config;
};

export interface Ports {
  readonly rtmp: number;
  readonly http: number;
  readonly api: number;
  readonly mesh: number;
}

export interface LogLine {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Longer than any test. */
const NEVER_MS = 600_000;

/** Where an origin runs: on a host of a `NetLab`, say. */
export interface Place {
  /** The address that it listens on. */
  readonly host: string;
  /** Words before a command that run it there. */
  readonly within: readonly string[];
}

const HERE: Place = { host: '127.0.0.1', within: [] };

/** One origin, run as users run it: the built command with a config file of its own, on free ports of loopback. */
export class OriginProcess {
  readonly name: string;
  readonly ports: Ports;
  readonly logs: LogLine[] = [];
  readonly configFile: string;
  readonly place: Place;
  readonly #scope: Scope;
  readonly #environment: NodeJS.ProcessEnv;
  /** By which this harness asks the API. */
  readonly #token: string | undefined;
  #program: string;
  #process: TestProcess;

  private constructor(
    scope: Scope,
    name: string,
    ports: Ports,
    configFile: string,
    environment: NodeJS.ProcessEnv,
    place: Place,
    program: string,
    token?: string,
  ) {
    this.#scope = scope;
    this.place = place;
    this.name = name;
    this.ports = ports;
    this.configFile = configFile;
    this.#environment = environment;
    this.#token = token;
    this.#program = program;
    this.#process = this.#spawn();
  }

  /** Spawns the process; `ready()` waits for it. */
  static async spawn(
    scope: Scope,
    name: string,
    config: Config = {},
    {
      ports,
      environment = {},
      place = HERE,
      program = HEADWATER,
    }: { ports?: Ports; environment?: NodeJS.ProcessEnv; place?: Place; program?: string } = {},
  ): Promise<OriginProcess> {
    const taken = ports ?? (await freeOriginPorts(scope));
    const directory = mkdtempSync(join(tmpdir(), `headwater-test-${name}-`));
    scope.defer(() => rmSync(directory, { recursive: true, force: true }));
    const configFile = join(directory, 'origin.yml');
    const own: Config = {
      name,
      dataDir: join(directory, 'data'),
      // One process that a test can stop or kill as a whole, and that is there soon; tests of workers set their own.
      workers: Number(process.env.HEADWATER_TEST_WORKERS ?? 0),
      log: { level: 'debug', format: 'json' },
      rtmp: { host: place.host, port: taken.rtmp },
      http: { host: place.host, port: taken.http },
      api: { host: place.host, port: taken.api },
      mesh: { host: place.host, port: taken.mesh },
      // A test ends its members while players and publishers are there.
      drain: { deadlineMs: 0 },
      // Nothing that a test waits for comes or fails by one of these running out; tests of them set their own.
      limits: { handshakeMs: NEVER_MS },
      play: { waitMs: NEVER_MS },
      publish: { idleMs: NEVER_MS },
    };
    writeFileSync(configFile, JSON.stringify(overlay(own, config), null, 2));
    const { token } = (config.api ?? {}) as { readonly token?: string };
    return new OriginProcess(scope, name, taken, configFile, environment, place, program, token);
  }

  get pid(): number {
    return this.#process.pid;
  }
  get exited(): Promise<Exit> {
    return this.#process.exited;
  }
  get exit(): Exit | null {
    return this.#process.exit;
  }
  get stdout(): readonly string[] {
    return this.#process.stdout;
  }
  get stderr(): readonly string[] {
    return this.#process.stderr;
  }
  /** All that it printed. */
  get output(): string {
    return [...this.stdout, ...this.stderr].join('\n');
  }

  /** What others list as their seed. */
  get seed(): string {
    return `${this.place.host}:${this.ports.mesh}`;
  }
  rtmpUrl(stream: string): string {
    return `rtmp://${this.place.host}:${this.ports.rtmp}/${stream}`;
  }
  flvUrl(stream: string): string {
    return `http://${this.place.host}:${this.ports.http}/${stream}.flv`;
  }
  wsUrl(stream: string): string {
    return `ws://${this.place.host}:${this.ports.http}/${stream}.flv`;
  }
  apiUrl(path = ''): string {
    return `http://${this.place.host}:${this.ports.api}${path}`;
  }

  async api<T>(path: string): Promise<T> {
    const { status, text } = await this.#get(path);
    if (status !== 200) throw new Error(`${path} of ${this.name}: ${status} ${text}`);
    return JSON.parse(text) as T;
  }

  async members(): Promise<readonly ApiMember[]> {
    return (await this.api<{ members: readonly ApiMember[] }>('/api/v1/members')).members;
  }
  /** Its own, as it tells of them. */
  async workers(): Promise<readonly ApiWorker[]> {
    return (await this.members()).find(({ self }) => self)?.workers ?? [];
  }
  /** The first of its workers to tell of a publisher. */
  publishingWorker(): Promise<ApiWorker> {
    return awaitCondition('a worker to tell of its publisher', async () =>
      (await this.workers()).find(({ publishers }) => publishers > 0),
    );
  }
  async streams(): Promise<readonly ApiStream[]> {
    return (await this.api<{ streams: readonly ApiStream[] }>('/api/v1/streams')).streams;
  }
  stream(stream: string): Promise<ApiStreamDetail> {
    return this.api<ApiStreamDetail>(`/api/v1/streams/${stream}`);
  }
  async ownerNames(stream: string): Promise<readonly string[]> {
    return (await this.stream(stream)).owners.map((owner) => owner.name);
  }

  async ready(): Promise<this> {
    await awaitCondition(
      `${this.name} to be ready`,
      async () => {
        if (this.exit !== null) return true;
        return (await this.#get('/readyz')).status === 200;
      },
      { everyMs: 50, instead: () => this.#process.testimony() },
    );
    if (this.exit !== null)
      throw new Error(`${this.name} ended before it was ready\n${this.#process.testimony()}`);
    return this;
  }

  logged(msg: string | RegExp): readonly LogLine[] {
    return this.logs.filter((line) => (typeof msg === 'string' ? line.msg === msg : msg.test(line.msg)));
  }

  /** What it logged, and said beside that, since the last call: for runs of hours, since none of it is kept. */
  takeOutput(): { readonly logs: readonly LogLine[]; readonly stderr: readonly string[] } {
    this.#process.stdout.length = 0;
    return { logs: this.logs.splice(0), stderr: this.#process.stderr.splice(0) };
  }

  /** SIGKILL, SIGSTOP and SIGCONT reach the workers, too; all others the main process alone, which tells its workers. */
  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }
  /** To the main process alone, whatever it is. */
  signalMain(signal: NodeJS.Signals): void {
    this.#process.signalAlone(signal);
  }
  /** As a crash of its machine: no word to anyone, from no process of it. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    return this.#process.kill(signal);
  }
  stop(): Promise<Exit> {
    return this.#process.stop();
  }
  /** What it runs: the command of another release, say. */
  get program(): string {
    return this.#program;
  }
  /** Starts again with the same config, ports and data directory, perhaps as another release; the process before must have ended. */
  restart(program = this.#program): void {
    if (this.exit === null) throw new Error(`${this.name} still runs`);
    this.#program = program;
    this.#process = this.#spawn();
  }

  async #get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const [command, ...args] = this.place.within;
    if (command !== undefined) return getFrom(command, args, this.apiUrl(path));
    const headers = this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` };
    const response = await fetch(this.apiUrl(path), { headers, signal: AbortSignal.timeout(HANG_MS) });
    return { status: response.status, text: await response.text() };
  }

  #spawn(): TestProcess {
    const env = { ...cleanEnvironment(), ...this.#environment };
    const words = [
      ...this.place.within,
      process.execPath,
      this.#program,
      'origin',
      '--config',
      this.configFile,
    ];
    const [command = '', ...args] = words;
    return new TestProcess(this.#scope, command, args, { env, cwd: tmpdir(), detached: true }, (line) => {
      const parsed = parseLogLine(line);
      if (parsed !== null) this.logs.push(parsed);
    });
  }
}

/** A GET from where only a process that runs there gets through. */
async function getFrom(command: string, args: readonly string[], url: string) {
  const program =
    'fetch(process.argv[1]).then(async (r) => console.log(JSON.stringify({ status: r.status, text: await r.text() })))';
  const words = [...args, process.execPath, '-e', program, url];
  const { stdout } = await promisify(execFile)(command, words, {
    timeout: HANG_MS,
    env: cleanEnvironment(),
    maxBuffer: 16_777_216,
  });
  return JSON.parse(stdout) as { status: number; text: string };
}

export async function freeOriginPorts(scope: Scope): Promise<Ports> {
  const [rtmp = 0, http = 0, api = 0, mesh = 0] = await freePorts(scope, 4);
  return { rtmp, http, api, mesh };
}

/** Runs a `headwater` command to its end. */
export async function headwater(scope: Scope, ...args: string[]): Promise<Exit & { output: string }> {
  const options = { env: cleanEnvironment(), cwd: tmpdir() };
  const command = new TestProcess(scope, process.execPath, [HEADWATER, ...args], options);
  command.child.stdin?.end();
  const exit = await command.exited;
  return { ...exit, output: [...command.stdout, ...command.stderr].join('\n') };
}

/** The test's own environment without what would configure an origin or colour its output. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([key]) => !key.startsWith('HEADWATER_') && !key.startsWith('VITEST') && key !== 'FORCE_COLOR',
  );
  return { ...Object.fromEntries(entries), NO_COLOR: '1' };
}

function overlay(base: Config, over: Config): Config {
  const result: Record<string, Config[string]> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const under = result[key];
    result[key] = isMap(value) && under !== undefined && isMap(under) ? overlay(under, value) : value;
  }
  return result;
}

function isMap(value: Config[string]): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseLogLine(line: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'msg' in value ? (value as LogLine) : null;
  } catch {
    return null;
  }
}
