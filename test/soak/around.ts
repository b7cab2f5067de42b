import type { Entry, Violation } from '../chaos/event-log.js';

interface Around {
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Of each stretch, so many of its last entries. */
  readonly entriesMax: number;
}

/** What happened around violations, by stretches of time that do not overlap. `entries` are by time. */
export function around(
  entries: readonly Entry[],
  violations: readonly Violation[],
  { beforeMs, afterMs, entriesMax }: Around,
): readonly (readonly Entry[])[] {
  const stretches: { fromMs: number; toMs: number }[] = [];
  for (const { atMs } of [...violations].sort((a, b) => a.atMs - b.atMs)) {
    const last = stretches.at(-1);
    if (last !== undefined && atMs - beforeMs <= last.toMs) last.toMs = atMs + afterMs;
    else stretches.push({ fromMs: atMs - beforeMs, toMs: atMs + afterMs });
  }
  return stretches.map(({ fromMs, toMs }) =>
    entries.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).slice(-entriesMax),
  );
}
