import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { TestProcess } from './child-process.js';
import { freePort } from './free-port.js';
import type { MeshNews, MeshOrder, MeshReport, MeshStart } from './mesh-order.js';
import type { NetLab } from './net-lab.js';
import { cleanEnvironment } from './origin-process.js';
import { MESH_MEMBER } from './program.js';
import type { Scope } from './scope.js';

/** The one mesh key of all test members that listen on more than loopback. */
const MESH_KEY = 'of test members only, and 32 bytes long';

type News<K extends MeshNews['kind']> = Extract<MeshNews, { readonly kind: K }>;

export interface MeshSpawn extends Partial<MeshStart> {
  /** Words before the command: those that run it in a network namespace. */
  readonly within?: readonly string[];
  /** Garbage is collected before the heap is measured. */
  readonly exposeGc?: boolean;
}

/** A real member of a real mesh in a process of its own, without media. */
export class MeshProcess {
  readonly name: string;
  readonly news: MeshNews[] = [];
  readonly port: number;
  readonly #scope: Scope;
  readonly #command: readonly string[];
  #process: TestProcess;

  private constructor(scope: Scope, name: string, port: number, command: readonly string[]) {
    this.#scope = scope;
    this.name = name;
    this.port = port;
    this.#command = command;
    this.#process = this.#spawn();
  }

  static async spawn(scope: Scope, name: string, options: MeshSpawn): Promise<MeshProcess> {
    const { within = [], exposeGc = false, ...more } = options;
    const dataDir = mkdtempSync(join(tmpdir(), `headwater-mesh-${name}-`));
    scope.defer(() => rmSync(dataDir, { recursive: true, force: true }));
    const port = more.port ?? (await freePort(scope));
    const start: MeshStart = { host: '127.0.0.1', seeds: [], dataDir, key: MESH_KEY, ...more, name, port };
    const flags = exposeGc ? ['--expose-gc'] : [];
    return new MeshProcess(scope, name, port, [
      ...within,
      process.execPath,
      ...flags,
      MESH_MEMBER,
      JSON.stringify(start),
    ]);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves once it listens. */
  listening(): Promise<News<'listening'>> {
    return this.told('listening', () => true);
  }

  order(order: MeshOrder): void {
    if (this.#process.child.connected) this.#process.child.send(order);
  }

  async report(): Promise<MeshReport> {
    this.forget('report');
    this.order({ kind: 'report' });
    return this.told('report', () => true);
  }

  /** The first of the news kept that matches; waits for it. */
  told<K extends MeshNews['kind']>(
    kind: K,
    matches: (news: News<K>) => boolean,
    deadlineMs?: number,
  ): Promise<News<K>> {
    return awaitCondition(`${this.name} to tell ${kind}`, () => this.all(kind).find(matches), {
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      everyMs: 5,
      instead: () => [this.#process.testimony(), ...this.news.slice(-20).map((news) => JSON.stringify(news))],
    });
  }

  all<K extends MeshNews['kind']>(kind: K): readonly News<K>[] {
    return this.news.filter((news): news is News<K> => news.kind === kind);
  }

  /** Drops the news of this kind that came so far; of all kinds where none is named. */
  forget(kind?: MeshNews['kind']): void {
    const kept = kind === undefined ? [] : this.news.filter((news) => news.kind !== kind);
    this.news.splice(0, this.news.length, ...kept);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process.kill(signal);
  }

  /** Starts again with the same identity and port; the process before must have ended. */
  async restart(): Promise<void> {
    this.forget();
    this.#process = this.#spawn();
    await this.listening();
  }

  #spawn(): TestProcess {
    const [command = process.execPath, ...args] = this.#command;
    const started = new TestProcess(this.#scope, command, args, {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    started.child.on('message', (news) => this.news.push(news as MeshNews));
    started.child.on('error', () => {});
    return started;
  }
}

/** Waits until each of these members is ready and connected with each other one. */
export async function awaitWhole(members: readonly MeshProcess[]): Promise<void> {
  const names = members.map(({ name }) => name).sort();
  const seen: Record<string, readonly string[]> = {};
  for (const member of members) {
    await awaitCondition(
      `${member.name} to be connected with ${names.join(', ')}`,
      async () => {
        const { alive, isReady } = await member.report();
        seen[member.name] = alive;
        return isReady && names.every((name) => alive.includes(name));
      },
      { everyMs: 100, progress: () => JSON.stringify(seen), instead: () => seen },
    );
  }
}

/** Some members on loopback that know the first as their seed, connected with each other. */
export async function startMeshProcesses(
  scope: Scope,
  count: number,
  options: MeshSpawn = {},
): Promise<readonly MeshProcess[]> {
  const first = await MeshProcess.spawn(scope, 'm0', options);
  const seeds = [`127.0.0.1:${first.port}`];
  const members = [first];
  for (let index = 1; index < count; index += 1) {
    members.push(await MeshProcess.spawn(scope, `m${index}`, { ...options, seeds }));
  }
  await Promise.all(members.map((member) => member.listening()));
  await awaitWhole(members);
  return members;
}

/** Hosts that each have an address. */
type Hosts = Pick<NetLab, 'address' | 'within'>;

/** One on each host; the first is the seed of all. */
export async function startMeshOnHosts(
  scope: Scope,
  lab: Hosts,
  count: number,
): Promise<readonly MeshProcess[]> {
  const seeds = [`${lab.address(0)}:7946`];
  const members: MeshProcess[] = [];
  for (let host = 0; host < count; host += 1) {
    const place = { host: lab.address(host), port: 7946, within: lab.within(host) };
    members.push(await MeshProcess.spawn(scope, `h${host}`, { ...place, seeds }));
  }
  await Promise.all(members.map((member) => member.listening()));
  await awaitWhole(members);
  return members;
}
