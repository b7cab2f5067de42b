import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HANG_MS } from '@headwater/testing/await-condition';
import type { ApiMember, ApiStreamDetail } from '../support/api-types.js';
import { type Exit, TestProcess } from '../support/child-process.js';
import { cleanEnvironment } from '../support/origin-process.js';
import { HEADWATER } from '../support/program.js';
import { REPOSITORY } from '../support/repository.js';
import type { Scope } from '../support/scope.js';
import type { Manifest } from './manifests.js';
import type { PodNetwork } from './pod-network.js';
import { containerOf, environmentOf } from './pod-template.js';

export interface PodStart {
  readonly workload: Manifest;
  readonly name: string;
  readonly address: string;
  /** Its persistent volume. */
  readonly volume: string;
  /** Full name of the headless Service. */
  readonly service: string;
  /** Laid over what the manifest says. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** As kubelet mounts them, whatever the machine has there. */
const MOUNT = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/hosts && shift 2 && exec "$@"';

/** One pod: the program with the manifest's arguments and environment, in a network namespace, with a cluster's DNS. */
export class Pod {
  readonly name: string;
  readonly address: string;
  readonly #process: TestProcess;
  readonly #removeHost: () => void;

  constructor(
    scope: Scope,
    network: PodNetwork,
    { workload, name, address, volume, service, environment }: PodStart,
  ) {
    this.name = name;
    this.address = address;
    const host = network.addHost(`${name}-${address.split('.')[3]}`, address);
    this.#removeHost = host.remove;
    const folder = mkdtempSync(join(tmpdir(), `headwater-pod-${name}-`));
    const [resolvConf, hosts] = [join(folder, 'resolv.conf'), join(folder, 'hosts')];
    const domains = service.split('.').slice(1);
    const search = domains.map((_domain, index) => domains.slice(index).join('.')).slice(0, 3);
    writeFileSync(
      resolvConf,
      `nameserver ${network.nameServer}\nsearch ${search.join(' ')}\noptions ndots:5\n`,
    );
    writeFileSync(hosts, `127.0.0.1 localhost\n::1 localhost\n${address} ${name}.${service} ${name}\n`);
    const args = containerOf(workload).args.map((word) =>
      word.replace('/etc/headwater/', join(REPOSITORY, 'conf/')),
    );
    const [command = '', ...words] = [
      ...host.within,
      ...['sh', '-c', MOUNT, 'sh', resolvConf, hosts, process.execPath, HEADWATER],
      ...args,
    ];
    const env = {
      ...cleanEnvironment(),
      // The image's.
      HEADWATER_DATA_DIR: volume,
      ...environmentOf(workload, { 'metadata.name': name, 'status.podIP': address }),
      ...environment,
    };
    this.#process = new TestProcess(scope, command, words, { env, cwd: folder, detached: true });
  }

  get exited(): Promise<Exit> {
    return this.#process.exited;
  }
  get isRunning(): boolean {
    return this.#process.exit === null;
  }
  testimony(): string {
    return this.#process.testimony();
  }

  /** A GET, each on a connection of its own: one that is kept may lead to who had this address before, and was lost without a word. */
  get(path: string): Promise<Response> {
    return fetch(`http://${this.address}:1985${path}`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(HANG_MS),
    });
  }

  /** As the probes ask: true for 200. */
  async probe(path: string): Promise<boolean> {
    try {
      return (await this.get(path)).status === 200;
    } catch {
      return false;
    }
  }

  async members(): Promise<readonly ApiMember[]> {
    return (await this.#api<{ members: readonly ApiMember[] }>('/api/v1/members')).members;
  }

  stream(stream: string): Promise<ApiStreamDetail> {
    return this.#api<ApiStreamDetail>(`/api/v1/streams/${stream}`);
  }

  /** As kubelet: SIGTERM, and SIGKILL after the grace period. */
  async terminate(graceMs: number): Promise<Exit> {
    this.#process.signal('SIGTERM');
    const timer = setTimeout(() => this.#process.signal('SIGKILL'), graceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    this.#removeHost();
    return exit;
  }

  /** As a node that loses its power: nobody hears of it, not even by the end of a connection. */
  async kill(): Promise<void> {
    this.#removeHost();
    await this.#process.kill();
  }

  async #api<T>(path: string): Promise<T> {
    const response = await this.get(path);
    if (!response.ok) throw new Error(`${path} of ${this.name}: ${response.status}`);
    return (await response.json()) as T;
  }
}
