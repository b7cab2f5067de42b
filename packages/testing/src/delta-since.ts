/** A member's log, as the directory's `OwnLog` is; the directory's own tests use it, so it is not imported. */
interface Log<Entry> {
  readonly member: string;
  readonly generation: number;
  reachesBackTo(from: number): boolean;
  cut(from: number): { readonly version: number; entries(): Iterable<Entry> };
}

interface Delta<Entry> {
  readonly member: string;
  readonly generation: number;
  readonly from: number;
  readonly to: number;
  readonly entries: readonly Entry[];
}

/** The changes after version `from` in one piece; null where releases after it are forgotten and only a snapshot will do. */
export function deltaSince<Entry>(log: Log<Entry>, from: number): Delta<Entry> | null {
  if (!log.reachesBackTo(from)) return null;
  const { member, generation } = log;
  const { version: to, entries } = log.cut(from);
  return { member, generation, from, to, entries: [...entries()] };
}
