import { isDeepStrictEqual } from 'node:util';
import { APP_PLACE, OPTION_LIST } from '../config/option-lookup.js';
import { nestValues, type OriginConfig } from '../config/origin-config.js';
import { HOW_APPLIED } from './how-applied.js';

/** What a new configuration changes of the one that runs. */
export interface ReloadPlan {
  /** What runs from now on: the new values of the keys that can change, the old ones of the others. */
  readonly config: OriginConfig;
  /** Keys that change now, such as `apps.live.play.mode`. */
  readonly applied: readonly string[];
  /** Keys whose new value counts from the next start on. */
  readonly needsRestart: readonly string[];
}

/** Pure: nothing is put in force here. */
export function planReload(running: OriginConfig, next: OriginConfig): ReloadPlan {
  const values = new Map<readonly string[], unknown>();
  const applied: string[] = [];
  const needsRestart: string[] = [];
  for (const { path, segments } of OPTION_LIST) {
    const how = HOW_APPLIED[path as keyof typeof HOW_APPLIED];
    for (const place of placesOf(segments, running, next)) {
      const [before, after] = [valueAt(running, place), valueAt(next, place)];
      const isLive = how === 'live';
      values.set(place, isLive ? after : before);
      // What the file says again is the same, also where rules were read anew.
      if (!isDeepStrictEqual(plain(before), plain(after)))
        (isLive ? applied : needsRestart).push(place.join('.'));
    }
  }
  return { config: nestValues(values), applied, needsRestart };
}

/** The key itself, or one for each app that either names. */
function placesOf(
  segments: readonly string[],
  ...configs: readonly OriginConfig[]
): readonly (readonly string[])[] {
  const place = segments.indexOf(APP_PLACE);
  if (place < 0) return [segments];
  const apps = new Set(configs.flatMap(({ apps }) => Object.keys(apps)));
  return [...apps].map((app) => segments.with(place, app));
}

function valueAt(config: unknown, segments: readonly string[]): unknown {
  let value = config;
  for (const name of segments) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** Without prototypes, which have no meaning here. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));
