import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { Scope } from '../support/scope.js';
import { ClusterDns } from './cluster-dns.js';
import { K8S_FOLDER, type Manifest, manifestsIn } from './manifests.js';
import { Pod } from './pod.js';
import { PodNetwork } from './pod-network.js';
import { containerOf, podOf } from './pod-template.js';

const DOMAIN = 'live.svc.cluster.local';
/** The first one of dozens of processes on a busy machine. */
const START_MS = 120_000;

export interface StatefulSetOptions {
  /** Whether the headless Service names pods before they are ready, as conf/k8s has it. */
  readonly publishesNotReady?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** What becomes of a pod, so that its clients know. */
  readonly changed?: (ordinal: number, state: 'up' | 'joining' | 'draining' | 'killed') => void;
}

/** What Kubernetes does with conf/k8s/base, as far as members notice: pods, their volumes, probes, and names. */
export class StatefulSet {
  readonly workload: Manifest;
  readonly #service: string;
  readonly #scope: Scope;
  readonly #network: PodNetwork;
  readonly #dns: ClusterDns;
  readonly #options: StatefulSetOptions;
  readonly #volumes = new Map<number, string>();
  readonly #pods = new Map<number, Pod>();
  readonly #ready = new Set<Pod>();
  /** Names that lead nowhere any more, and are still told. */
  readonly #stale: string[] = [];

  private constructor(scope: Scope, network: PodNetwork, dns: ClusterDns, options: StatefulSetOptions) {
    this.#scope = scope;
    this.#network = network;
    this.#dns = dns;
    this.#options = options;
    const found = manifestsIn(join(K8S_FOLDER, 'base')).find(({ kind }) => kind === 'StatefulSet');
    if (found === undefined) throw new Error('there is no StatefulSet');
    this.workload = found;
    this.#service = `${(found.spec as { serviceName: string }).serviceName}.${DOMAIN}`;
  }

  static async open(scope: Scope, options: StatefulSetOptions = {}): Promise<StatefulSet> {
    const network = PodNetwork.open(scope);
    return new StatefulSet(scope, network, await ClusterDns.start(scope, network), options);
  }

  pod(ordinal: number): Pod {
    const pod = this.#pods.get(ordinal);
    if (pod === undefined) throw new Error(`there is no headwater-${ordinal}`);
    return pod;
  }

  get pods(): readonly Pod[] {
    return [...this.#pods].sort(([a], [b]) => a - b).map(([, pod]) => pod);
  }

  /** As `podManagementPolicy: Parallel`: all that are missing start, or all that are too many end, at once. */
  async scale(replicas: number): Promise<void> {
    const missing = ordinals(replicas).filter((ordinal) => !this.#pods.has(ordinal));
    for (const ordinal of missing) await this.start(ordinal);
    await Promise.all(missing.map((ordinal) => this.ready(ordinal)));
    const tooMany = [...this.#pods.keys()].filter((ordinal) => ordinal >= replicas);
    await Promise.all(tooMany.map((ordinal) => this.delete(ordinal)));
  }

  /** As `podManagementPolicy: OrderedReady`: each waits for the one before. */
  async scaleInOrder(replicas: number): Promise<void> {
    for (const ordinal of ordinals(replicas)) {
      await this.start(ordinal);
      await this.ready(ordinal);
    }
  }

  /** As an update of the template: the highest first, one after the other, each ready before the next. */
  async roll(): Promise<void> {
    for (const ordinal of [...this.#pods.keys()].sort((a, b) => b - a)) {
      await this.delete(ordinal);
      await this.start(ordinal);
      await this.ready(ordinal);
    }
  }

  /** A new pod under its old name, with its volume, at an address that nobody had, or at this one. */
  async start(ordinal: number, address = this.#network.newAddress()): Promise<void> {
    const name = `headwater-${ordinal}`;
    this.#options.changed?.(ordinal, 'joining');
    const { environment } = this.#options;
    const pod = new Pod(this.#scope, this.#network, {
      workload: this.workload,
      name,
      address,
      volume: this.#volume(ordinal),
      service: this.#service,
      ...(environment !== undefined && { environment }),
    });
    this.#pods.set(ordinal, pod);
    await this.#publish();
  }

  /** Waits for its readiness probe. */
  async ready(ordinal: number): Promise<void> {
    const pod = this.pod(ordinal);
    const { path } = containerOf(this.workload).readinessProbe.httpGet;
    await awaitCondition(`${pod.name} to be ready`, () => pod.probe(path), {
      deadlineMs: START_MS,
      everyMs: 250,
      instead: () => pod.testimony(),
    });
    this.#ready.add(pod);
    await this.#publish();
    this.#options.changed?.(ordinal, 'up');
  }

  /** As `kubectl delete pod`: out of the Service, preStop, SIGTERM, and its name with it. */
  async delete(ordinal: number): Promise<void> {
    const pod = this.pod(ordinal);
    const { lifecycle } = containerOf(this.workload);
    this.#options.changed?.(ordinal, 'draining');
    // The preStop hook: a wait is all that it is.
    await sleep(lifecycle.preStop.sleep.seconds * 1000);
    const exit = await pod.terminate(podOf(this.workload).terminationGracePeriodSeconds * 1000);
    if (exit.code !== 0) throw new Error(`${pod.name} ended by ${JSON.stringify(exit)}\n${pod.testimony()}`);
    this.#options.changed?.(ordinal, 'killed');
    await this.#forget(ordinal, pod);
  }

  /** Its node is gone. Its name leads to its old address until another pod has it, as caches have it for a while. */
  async lose(ordinal: number): Promise<void> {
    const pod = this.pod(ordinal);
    this.#options.changed?.(ordinal, 'killed');
    await pod.kill();
    this.#stale.push(pod.address);
    await this.#forget(ordinal, pod);
  }

  /** The volume is gone, and with it the member's identity. */
  loseVolume(ordinal: number): void {
    rmSync(this.#volume(ordinal), { recursive: true, force: true });
    this.#volumes.delete(ordinal);
  }

  /** The name server knows what is true again. */
  async forgetStale(): Promise<void> {
    this.#stale.length = 0;
    await this.#publish();
  }

  /** Waits until every pod is connected with every other one, by its address of now, and with nobody else. */
  async whole(): Promise<void> {
    const seen: Record<string, readonly string[]> = {};
    const pods = this.pods;
    await awaitCondition(
      `${pods.length} pods to be one mesh`,
      async () => {
        for (const pod of pods)
          seen[pod.name] = (await pod.members())
            .filter(({ liveness, self, connected }) => liveness === 'alive' && (self || connected))
            .map(({ name, addresses }) => `${name} ${JSON.stringify(addresses)}`)
            .sort();
        return pods.every(({ name }) => {
          const known = seen[name] ?? [];
          return (
            known.length === pods.length &&
            pods.every(
              (other, index) =>
                known[index]?.includes(other.name) && known[index]?.includes(`"${other.address}"`),
            )
          );
        });
      },
      { everyMs: 250, progress: () => Object.values(seen).join('\n'), instead: () => seen },
    );
  }

  #volume(ordinal: number): string {
    const known = this.#volumes.get(ordinal);
    if (known !== undefined) return known;
    const volume = mkdtempSync(join(tmpdir(), `headwater-volume-${ordinal}-`));
    this.#scope.defer(() => rmSync(volume, { recursive: true, force: true }));
    this.#volumes.set(ordinal, volume);
    return volume;
  }

  async #forget(ordinal: number, pod: Pod): Promise<void> {
    this.#ready.delete(pod);
    this.#pods.delete(ordinal);
    await this.#publish();
  }

  async #publish(): Promise<void> {
    const { publishesNotReady = true } = this.#options;
    const named = this.pods.filter((pod) => publishesNotReady || this.#ready.has(pod));
    const all = [...named.map(({ address }) => address), ...this.#stale];
    await this.#dns.publish({
      ...(all.length > 0 && { [this.#service]: all }),
      ...Object.fromEntries(named.map(({ name, address }) => [`${name}.${this.#service}`, [address]])),
    });
  }
}

const ordinals = (count: number): readonly number[] => Array.from({ length: count }, (_, ordinal) => ordinal);
