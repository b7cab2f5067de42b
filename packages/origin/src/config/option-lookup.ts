import { nameProblem } from '@headwater/directory';
import { nearest } from './nearest.js';
import { OPTIONS, type Option } from './options.js';

/** A key of the table. `<app>` in a pattern stands for any app. */
export interface ListedOption {
  readonly path: string;
  readonly segments: readonly string[];
  readonly option: Option<unknown>;
}

/** One key with its patterns filled in. */
export interface FoundOption {
  /** As people write it: `apps.live.play.mode`. */
  readonly path: string;
  readonly segments: readonly string[];
  readonly option: Option<unknown>;
}

/** What stands for an app's name in a pattern. */
export const APP_PLACE = '<app>';

/** The table in its order. */
export const OPTION_LIST: readonly ListedOption[] = Object.entries(OPTIONS).map(([path, option]) => ({
  path,
  segments: path.split('.'),
  option,
}));

/** The key at these segments; null where there is none. */
export function findOption(segments: readonly string[]): FoundOption | null {
  const listed = OPTION_LIST.find(
    (candidate) => candidate.segments.length === segments.length && startsWith(candidate.segments, segments),
  );
  return listed === undefined ? null : { path: segments.join('.'), segments, option: listed.option };
}

/** The key written as a dotted path. An app's own dots stay in its name, since a pattern has names before and after it. */
export function findOptionByPath(path: string): FoundOption | null {
  const fixed = findOption(path.split('.'));
  if (fixed !== null) return fixed;
  for (const { segments, option } of OPTION_LIST) {
    const place = segments.indexOf(APP_PLACE);
    if (place < 0) continue;
    const before = `${segments.slice(0, place).join('.')}.`;
    const after = `.${segments.slice(place + 1).join('.')}`;
    const app = path.slice(before.length, path.length - after.length);
    if (path.startsWith(before) && path.endsWith(after) && app !== '')
      return { path, segments: segments.with(place, app), option };
  }
  return null;
}

/** Whether keys stand below these segments. */
export function isGroup(segments: readonly string[]): boolean {
  return OPTION_LIST.some(
    (candidate) => candidate.segments.length > segments.length && startsWith(candidate.segments, segments),
  );
}

/** Why the app named at these segments can't be one; null where it can, or where no app is named. */
export function appNameProblem(segments: readonly string[]): string | null {
  const [first, app] = segments;
  return first === 'apps' && app !== undefined ? nameProblem('app', app) : null;
}

/** The keys and groups that somebody who wrote this unknown path most likely meant. */
export function suggestKeys(path: string): readonly string[] {
  const written = path.split('.');
  const known = new Set<string>();
  const byLeaf = new Map<string, string[]>();
  for (const { segments } of OPTION_LIST) {
    const filled = segments.map((segment, index) =>
      segment === APP_PLACE ? (written[index] ?? segment) : segment,
    );
    for (let length = 1; length <= filled.length; length += 1) known.add(filled.slice(0, length).join('.'));
    const leaf = segments.at(-1) ?? '';
    byLeaf.set(leaf, [...(byLeaf.get(leaf) ?? []), filled.join('.')]);
  }
  const sameLeaf = byLeaf.get(written.at(-1) ?? '') ?? [];
  const inGroup = sameLeaf.filter((known) => written.length > 1 && known.startsWith(`${written[0]}.`));
  if (inGroup.length > 0) return inGroup;
  const whole = nearest(path, known);
  if (whole.length > 0) return whole;
  return nearest(written.at(-1) ?? '', byLeaf.keys()).flatMap((leaf) => byLeaf.get(leaf) ?? []);
}

function startsWith(pattern: readonly string[], segments: readonly string[]): boolean {
  return segments.every((segment, index) => pattern[index] === segment || pattern[index] === APP_PLACE);
}
