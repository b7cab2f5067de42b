import type { MetricsSource } from './metrics-source.js';

/** A source whose answers stand for all metrics that are read one after the other, until `forget`. */
export interface SharedReads {
  readonly source: MetricsSource;
  /** What is read next is read anew. */
  forget(): void;
}

/**
 * Several dozen metrics are made of the same few answers, each of which costs a walk over all members, workers or counters:
 * they are asked for once for all of them.
 */
export function sharedReads(source: MetricsSource): SharedReads {
  const forgets: (() => void)[] = [];
  const once = <T>(read: () => T): (() => T) => {
    let known: { readonly value: T } | null = null;
    forgets.push(() => {
      known = null;
    });
    return () => {
      known ??= { value: read() };
      return known.value;
    };
  };
  const { media } = source;
  return {
    source: {
      directory: source.directory,
      member: source.member,
      members: once(() => source.members()),
      status: once(() => source.status()),
      figures: once(() => source.figures()),
      isDraining: () => source.isDraining(),
      onMemberChanged: (listener) => source.onMemberChanged(listener),
      media: {
        told: once(() => media.told()),
        workers: once(() => media.workers()),
        figures: once(() => media.figures()),
        get waitingFor() {
          return media.waitingFor;
        },
        ask: media.ask,
      },
    },
    forget() {
      for (const forget of forgets) forget();
    },
  };
}
