/** Versions of the protocol, whole numbers from 1, both ends included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What this program speaks. `max` grows only with changes that older members can't ignore: see docs/wire.md. */
export const SPEAKS: VersionRange = { min: 1, max: 1 };

/** What a member speaks that does not tell. */
export const ONLY_FIRST: VersionRange = { min: 1, max: 1 };

/** The version that two members use with each other, the highest that both speak; null where there is none. */
export function commonVersion(a: VersionRange, b: VersionRange): number | null {
  const version = Math.min(a.max, b.max);
  return version >= Math.max(a.min, b.min) ? version : null;
}

/** As people read it: `1`, or `1 to 3`. */
export const formatVersions = ({ min, max }: VersionRange): string =>
  min === max ? String(min) : `${min} to ${max}`;
