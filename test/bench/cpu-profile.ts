import { Inspector } from './inspector.js';

/** One function of a profiled program. */
export interface ProfiledPlace {
  readonly functionName: string;
  /** Empty for V8's own and native functions. */
  readonly url: string;
}

/** The part of a profile of the inspector protocol (`Profiler.Profile`) that is read here. */
interface RawProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: ProfiledPlace;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds between each sample and the one before. */
  readonly timeDeltas: readonly number[];
}

/** What a process did, by samples. */
export class CpuProfile {
  readonly #raw: RawProfile;

  constructor(raw: RawProfile) {
    this.#raw = raw;
  }

  /** How long the program was in each function itself, microseconds. */
  selfTimes(): [ProfiledPlace, number][] {
    const byNode = new Map<number, number>();
    for (const [index, node] of this.#raw.samples.entries()) {
      byNode.set(node, (byNode.get(node) ?? 0) + (this.#raw.timeDeltas[index] ?? 0));
    }
    return this.#raw.nodes.map(({ id, callFrame }) => [callFrame, byNode.get(id) ?? 0]);
  }

  /**
   * How the time that was not idle is shared out, in percent. A function that `partOf` cannot place (null) counts for who
   * called it.
   */
  shares(partOf: (place: ProfiledPlace) => string | null): Record<string, string> {
    const parents = new Map<number, number>();
    for (const { id, children = [] } of this.#raw.nodes) for (const child of children) parents.set(child, id);
    const places = new Map(this.#raw.nodes.map(({ id, callFrame }) => [id, callFrame]));
    const microseconds = new Map<string, number>();
    let total = 0;
    const selfTimes = this.selfTimes();
    for (const [index, { id, callFrame }] of this.#raw.nodes.entries()) {
      const us = selfTimes[index]?.[1] ?? 0;
      if (us === 0 || callFrame.functionName === '(idle)') continue;
      let part: string | null = null;
      for (let at: number | undefined = id; part === null && at !== undefined; at = parents.get(at)) {
        const place = places.get(at);
        part = place === undefined ? null : partOf(place);
      }
      microseconds.set(part ?? 'all else', (microseconds.get(part ?? 'all else') ?? 0) + us);
      total += us;
    }
    const parts = [...microseconds].sort(([, a], [, b]) => b - a);
    return Object.fromEntries(parts.map(([part, us]) => [part, `${((us / total) * 100).toFixed(1)} %`]));
  }
}

/** Profiles a process that listens for an inspector on this port of loopback, while the work runs. */
export async function profileOf(port: number, work: () => Promise<unknown>): Promise<CpuProfile> {
  const inspector = await Inspector.open(port);
  try {
    await inspector.call('Profiler.enable');
    await inspector.call('Profiler.start');
    await work();
    const { profile } = (await inspector.call('Profiler.stop')) as { profile: RawProfile };
    return new CpuProfile(profile);
  } finally {
    inspector.close();
  }
}
