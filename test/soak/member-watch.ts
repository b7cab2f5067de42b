import { shareMb } from '../bench/process-cost.js';
import type { Cluster } from '../support/cluster.js';
import { type Growth, growthOf, type Sample } from './growth.js';
import { descriptorsOf, processesOf } from './process-tree.js';

interface Life {
  readonly pid: number;
  readonly samples: Sample[];
}

/** What each member holds with all its processes, by lives: a restart begins a new one. */
export class MemberWatch {
  readonly #cluster: Cluster;
  readonly #lives = new Map<string, Life[]>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  sample(atMs: number): void {
    for (const { name, pid } of this.#cluster.live) {
      const sample = sampleOf(pid, atMs);
      if (sample === null) continue;
      const lives = this.#lives.get(name) ?? [];
      this.#lives.set(name, lives);
      const life = lives.at(-1);
      if (life?.pid === pid) life.samples.push(sample);
      else lives.push({ pid, samples: [sample] });
    }
  }

  /** What each holds at the moment. */
  now(): Readonly<Record<string, Omit<Sample, 'atMs'>>> {
    return Object.fromEntries(
      this.#cluster.live.flatMap(({ name, pid }) => {
        const sample = sampleOf(pid, 0);
        return sample === null
          ? []
          : [[name, { memoryMb: sample.memoryMb, descriptors: sample.descriptors }] as const];
      }),
    );
  }

  /** Of each member, the lives that were long enough to tell. */
  growth(warmMs: number): Readonly<Record<string, readonly Growth[]>> {
    return Object.fromEntries(
      [...this.#lives].map(([name, lives]) => [
        name,
        lives.flatMap(({ samples }) => growthOf(samples, warmMs) ?? []),
      ]),
    );
  }
}

function sampleOf(pid: number, atMs: number): Sample | null {
  const pids = processesOf(pid);
  try {
    return {
      atMs,
      memoryMb: pids.reduce((sum, each) => sum + shareMb(each), 0),
      descriptors: pids.reduce((sum, each) => sum + descriptorsOf(each), 0),
    };
  } catch {
    // One of them has just ended: the next sample tells.
    return null;
  }
}
