import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withDeadline } from '@headwater/testing/await-condition';
import { cleanEnvironment } from '../support/origin-process.js';
import { HEADWATER } from '../support/program.js';
import { REPOSITORY } from '../support/repository.js';
import { JWT_SECRET } from './auth-grammar.js';
import { HostileHook } from './hostile-hook.js';
import type { ProbeSample } from './member-probe.js';

const PROBE = join(REPOSITORY, 'test/dist/fuzz/member-probe.js');
const READY_MS = 20_000;
/** A member that does not answer for this long hangs. */
const ANSWER_MS = 15_000;
const LINES_KEPT = 60;
/** Sessions are another seed's matter: which call is the hook's first depends on them. */
const HOOK_SEED = 1;

/** Whatever comes as a token. */
const GUARDED = [
  { token: { keys: 'the key of the fuzzed member', nodeMediaServer: true } },
  { jwt: { keys: JWT_SECRET } },
];
/** In SRS's format and in nginx-rtmp's, with little time for an answer. */
const hookedBy = (url: string) => [
  {
    hook: {
      on_connect: url,
      on_publish: url,
      on_unpublish: url,
      on_play: url,
      on_stop: url,
      on_close: url,
      onFailure: 'allow',
      timeoutMs: 500,
      retryMs: 1000,
    },
  },
];
const renamedBy = (url: string) => [
  {
    hook: {
      on_publish: url,
      on_play: url,
      on_stop: url,
      on_update: url,
      updateMs: 1000,
      format: 'nginx-rtmp',
      timeoutMs: 500,
      retryMs: 0,
    },
  },
];

/** Times are short, so that sessions which hang on purpose end while the fuzzer runs. */
const configOf = (hook: string) => ({
  // One process, which the probe looks into.
  workers: 0,
  name: 'fuzzed',
  log: { level: 'info', format: 'json' },
  rtmp: { host: '127.0.0.1', port: 0 },
  http: { host: '127.0.0.1', port: 0 },
  api: { host: '127.0.0.1', port: 0 },
  mesh: { host: '127.0.0.1', port: 0 },
  play: { waitMs: 1000, stuckMs: 2000 },
  publish: { idleMs: 2000 },
  limits: { handshakeMs: 1000 },
  apps: {
    guarded: { publish: { auth: GUARDED }, play: { auth: GUARDED } },
    hooked: { publish: { auth: hookedBy(hook) }, play: { auth: hookedBy(hook) } },
    renamed: { publish: { auth: renamedBy(hook) }, play: { auth: renamedBy(hook) } },
  },
  // So that PROXY headers and those of HTTP proxies are read.
  trustedProxies: ['127.0.0.1'],
});

/** One real member, run as users run it, with a probe beside its program. */
export class MemberUnderTest {
  readonly rtmpPort: number;
  readonly httpPort: number;
  readonly apiPort: number;
  readonly #child: ChildProcess;
  readonly #hook: HostileHook;
  readonly #lines: string[];
  readonly #directory: string;
  #end: string | null = null;

  private constructor(
    child: ChildProcess,
    hook: HostileHook,
    lines: string[],
    directory: string,
    ports: { readonly rtmp: number; readonly http: number; readonly api: number },
  ) {
    this.#child = child;
    this.#hook = hook;
    this.#lines = lines;
    this.#directory = directory;
    this.rtmpPort = ports.rtmp;
    this.httpPort = ports.http;
    this.apiPort = ports.api;
    // Writing to one that is just ending fails; its end is told by `exit`.
    child.on('error', () => {});
    child.once('exit', (code, signal) => {
      this.#end = `exit code ${code}, signal ${signal}`;
    });
  }

  static async start(): Promise<MemberUnderTest> {
    const hook = await HostileHook.start(HOOK_SEED);
    const directory = mkdtempSync(join(tmpdir(), 'headwater-fuzz-'));
    const config = join(directory, 'origin.yml');
    writeFileSync(config, JSON.stringify({ ...configOf(hook.url), dataDir: join(directory, 'data') }));
    const child = fork(HEADWATER, ['origin', '--config', config], {
      execArgv: ['--expose-gc', '--import', pathToFileURL(PROBE).href],
      env: cleanEnvironment(),
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const lines: string[] = [];
    const ports = new Promise<{ rtmp: number; http: number; api: number }>((resolve, reject) => {
      const read = (line: string): void => {
        lines.push(line);
        if (lines.length > LINES_KEPT) lines.shift();
        // A fault that was fenced in is a fault: the member's end has the session looked for that did it.
        if (/"[^"]* ended by a fault"/.test(line)) child.kill('SIGKILL');
        if (line.includes('"origin ready"')) resolve(portsOf(line));
      };
      byLine(child.stdout, read);
      byLine(child.stderr, read);
      child.once('exit', () => reject(new Error(`the member did not start:\n${lines.join('\n')}`)));
    });
    return new MemberUnderTest(
      child,
      hook,
      lines,
      directory,
      await withDeadline('the member', ports, READY_MS),
    );
  }

  /** Why it ended, null while it runs. */
  get end(): string | null {
    return this.#end;
  }

  /** Resolves when it has ended, or has not within this time. */
  async ended(withinMs: number): Promise<void> {
    if (this.#end !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  get lastWords(): string {
    return this.#lines.map((line) => line.slice(0, 400)).join('\n');
  }

  /** Collects garbage in the member, and tells what is left. Rejects where it hangs or is gone. */
  async sample(): Promise<ProbeSample> {
    if (this.#end !== null) throw new Error('the member ended');
    const child = this.#child;
    let stop = (): void => {};
    const answer = new Promise<ProbeSample>((resolve, reject) => {
      const onMessage = (message: unknown) => resolve(message as ProbeSample);
      const onExit = () => reject(new Error('the member ended'));
      child.once('message', onMessage);
      child.once('exit', onExit);
      stop = () => {
        child.off('message', onMessage);
        child.off('exit', onExit);
      };
      child.send('sample', (error) => {
        if (error !== null) onExit();
      });
    });
    return withDeadline('the member to answer', answer, ANSWER_MS).finally(stop);
  }

  async stop(): Promise<void> {
    if (this.#end === null) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(timer);
    }
    this.#hook.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function portsOf(line: string): { rtmp: number; http: number; api: number } {
  const { ports } = JSON.parse(line) as { ports: { rtmp: number; http: number; api: number } };
  return ports;
}

function byLine(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
