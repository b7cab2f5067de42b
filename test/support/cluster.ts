import { randomBytes } from 'node:crypto';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { NetLab } from './net-lab.js';
import { type Config, freeOriginPorts, OriginProcess } from './origin-process.js';
import type { Scope } from './scope.js';

export interface ClusterOptions {
  /** Names of the origins; the first is the seed of all. */
  readonly names?: readonly string[];
  /** Laid over every member's config. */
  readonly config?: Config;
  /** Each on a host of its own; a host more than members leaves one for clients. */
  readonly lab?: NetLab;
  /** The command that they run: that of another release, say. */
  readonly program?: string;
}

/** Some origins that know one seed, on loopback or on hosts of a lab. */
export class Cluster {
  readonly key = randomBytes(32).toString('hex');
  readonly members: OriginProcess[] = [];
  readonly #scope: Scope;
  readonly #config: Config;

  private constructor(scope: Scope, config: Config) {
    this.#scope = scope;
    this.#config = config;
  }

  /** Started, each ready, and everybody connected with everybody. */
  static async start(
    scope: Scope,
    { names = ['a', 'b', 'c'], config = {}, lab, program }: ClusterOptions = {},
  ): Promise<Cluster> {
    const cluster = new Cluster(scope, config);
    const ports = await Promise.all(names.map(() => freeOriginPorts(scope)));
    const places = names.map((_name, host) =>
      lab === undefined ? null : { host: lab.address(host), within: lab.within(host) },
    );
    const seeds = [`${places[0]?.host ?? '127.0.0.1'}:${ports[0]?.mesh}`];
    for (const [index, name] of names.entries()) {
      const own = cluster.configFor(seeds);
      const taken = ports[index];
      const place = places[index];
      cluster.members.push(
        await OriginProcess.spawn(scope, name, own, {
          ...(taken ? { ports: taken } : {}),
          ...(place ? { place } : {}),
          ...(program === undefined ? {} : { program }),
        }),
      );
    }
    await cluster.whole();
    return cluster;
  }

  configFor(seeds: readonly string[], config: Config = {}): Config {
    const { mesh = {}, ...rest } = { ...this.#config, ...config };
    return { ...rest, mesh: { key: this.key, seeds, ...(mesh as Config) } };
  }

  /** One more member, with `seeds` (the first member where not given); not awaited to be ready. */
  async add(name: string, seeds = [this.member(0).seed], config: Config = {}): Promise<OriginProcess> {
    const origin = await OriginProcess.spawn(this.#scope, name, this.configFor(seeds, config));
    this.members.push(origin);
    return origin;
  }

  member(index: number): OriginProcess {
    const member = this.members[index];
    if (member === undefined) throw new Error(`no member ${index} in a cluster of ${this.members.length}`);
    return member;
  }

  get live(): readonly OriginProcess[] {
    return this.members.filter((member) => member.exit === null);
  }

  /** Waits until every running member is ready and is connected with every other running member. */
  async whole(): Promise<void> {
    const live = this.live;
    await Promise.all(live.map((member) => member.ready()));
    await awaitCondition(
      `all of ${live.map((member) => member.name).join(', ')} to be connected with each other`,
      async () => {
        for (const member of live) {
          const known = await member.members();
          const alive = known.filter(
            (other) => other.liveness === 'alive' && (other.self || other.connected),
          );
          const names = new Set(alive.map((other) => other.name));
          if (live.some((other) => !names.has(other.name))) return false;
        }
        return true;
      },
      { everyMs: 100 },
    );
  }

  /** Waits until every running member lists exactly these owners of the stream, in this order. */
  async owned(stream: string, owners: readonly string[]): Promise<void> {
    const seen: Record<string, readonly string[]> = {};
    await awaitCondition(
      `every member to list [${owners.join(', ')}] as owners of ${stream}`,
      async () => {
        for (const member of this.live) seen[member.name] = await member.ownerNames(stream);
        return this.live.every((member) => seen[member.name]?.join() === owners.join());
      },
      { instead: () => seen },
    );
  }
}
