import { maskSecrets } from '../log/mask-secrets.js';
import { HOW_APPLIED } from '../reload/how-applied.js';
import { APP_PLACE } from './option-lookup.js';
import type { EffectiveValue } from './resolve-config.js';
import { type Source, sourceText } from './setting.js';

/** What stands in the place of a secret, whatever its length. */
const MASK = '********';
/** What of one value is told, characters and entries. */
const TEXT_LENGTH_MAX = 2048;
const ENTRIES_MAX = 256;
/** Keys that are told of: all of the table, and those of hundreds of apps. */
export const KEYS_TOLD_MAX = 2000;

export type ToldSource = 'default' | 'file' | 'environment' | 'command-line' | 'operator';

/** A value as people are told, and who gave it. */
export interface ToldValue {
  /** Absent: none. A secret is masked. */
  readonly value?: string | number | boolean | string[];
  readonly source: ToldSource;
  /** `FILE:LINE`, or the name of a variable. */
  readonly from?: string;
}

/** What a change of a key needs to be in force: a reload, or a restart of the member. */
export type Applies = 'live' | 'restart';

/** One key of the configuration that a member runs with. */
export interface ToldKey extends ToldValue {
  readonly key: string;
  readonly isSecret: boolean;
  readonly applies: Applies;
  /** What was read since, and counts from the next start on. */
  readonly next?: ToldValue;
}

/** The configuration that runs, and where each value came from, through reloads and what operators set. */
export class ConfigInForce {
  #inForce: ReadonlyMap<string, EffectiveValue>;
  #read: ReadonlyMap<string, EffectiveValue>;
  #needsRestart: ReadonlySet<string> = new Set();
  /** Set by the API, until the next reload sets it again. */
  #logLevel: string | undefined;

  constructor(read: readonly EffectiveValue[]) {
    this.#inForce = byPath(read);
    this.#read = this.#inForce;
  }

  /** The configuration was read again, and what can change did. `needsRestart`: keys that have another value now. */
  reloaded(read: readonly EffectiveValue[], changes: ReloadedKeys): void {
    this.#read = byPath(read);
    this.#needsRestart = new Set(changes.needsRestart);
    const live = read.filter(({ path }) => howApplied(path) === 'live');
    const kept = [...this.#inForce.values()].filter(({ path }) => howApplied(path) === 'restart');
    const now = byPath([...kept, ...live]);
    // In the order in which they are read.
    this.#inForce = new Map(
      [...byPath([...read, ...kept]).keys()].flatMap((path) => {
        const value = now.get(path);
        return value === undefined ? [] : [[path, value]];
      }),
    );
    if (changes.applied.includes('log.level')) this.#logLevel = undefined;
  }

  logLevelSet(level: string): void {
    this.#logLevel = level;
  }

  /** In the order of the table. */
  tell(): readonly ToldKey[] {
    return [...this.#inForce.values()].slice(0, KEYS_TOLD_MAX).map((one): ToldKey => {
      const next = this.#needsRestart.has(one.path) ? this.#read.get(one.path) : undefined;
      const isSet = one.path === 'log.level' && this.#logLevel !== undefined;
      return {
        key: cut(one.path),
        isSecret: one.isSecret,
        applies: howApplied(one.path),
        ...(isSet ? { value: this.#logLevel ?? '', source: 'operator' } : told(one)),
        ...(next !== undefined && { next: told(next) }),
      };
    });
  }
}

export interface ReloadedKeys {
  readonly applied: readonly string[];
  readonly needsRestart: readonly string[];
}

const byPath = (values: readonly EffectiveValue[]): ReadonlyMap<string, EffectiveValue> =>
  new Map(values.map((value) => [value.path, value]));

function howApplied(path: string): Applies {
  const [group, , ...rest] = path.split('.');
  // Apps may have dots in their names; what follows them has two words.
  const known = group === 'apps' ? ['apps', APP_PLACE, ...rest.slice(-2)].join('.') : path;
  const isLive = Object.hasOwn(HOW_APPLIED, known) && HOW_APPLIED[known as keyof typeof HOW_APPLIED] === 'live';
  return isLive ? 'live' : 'restart';
}

const SOURCES: Readonly<Record<Source['kind'], ToldSource>> = {
  default: 'default',
  file: 'file',
  environment: 'environment',
  set: 'command-line',
};

function told({ value, source, isSecret }: EffectiveValue): ToldValue {
  const from =
    source.kind === 'file' ? sourceText(source) : source.kind === 'environment' ? source.name : undefined;
  return {
    ...(value !== undefined && value !== null && { value: isSecret ? MASK : shown(value) }),
    source: SOURCES[source.kind],
    ...(from !== undefined && { from: cut(from) }),
  };
}

function shown(value: NonNullable<EffectiveValue['value']>): NonNullable<ToldValue['value']> {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return masked(value);
  if (Array.isArray(value)) return value.slice(0, ENTRIES_MAX).map((entry) => masked(String(entry)));
  return masked(JSON.stringify(value));
}

const masked = (text: string): string => cut(maskSecrets(text));
const cut = (text: string): string =>
  text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX - 1)}…`;
