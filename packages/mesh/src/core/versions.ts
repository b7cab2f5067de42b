/** Versions of the protocol, both ends included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What this program speaks. `max` grows only with changes that older members can't ignore: see docs/wire.md. */
export const SPEAKS: VersionRange = { min: 1, max: 1 };

/** The version that two members use with each other, the highest that both speak; null where there is none. */
export function commonVersion(a: VersionRange, b: VersionRange): number | null {
  const version = Math.min(a.max, b.max);
  return version >= Math.max(a.min, b.min) ? version : null;
}
