import type { FoundOption } from './option-lookup.js';
import type { Option } from './options.js';

/** Where a value came from. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'set' };

/** A value as YAML gives it; what no option takes is told by its kind alone. */
export type RawValue =
  | string
  | number
  | boolean
  | null
  | readonly RawValue[]
  | { readonly found: string }
  | RawTree;

/** A value with parts of its own: maps and lists, as JSON has them. */
export interface RawTree {
  readonly tree: unknown;
}

/** A key that somebody gave a value to, not yet checked. */
export interface Setting extends FoundOption {
  readonly value: RawValue;
  readonly source: Source;
  /** Where each entry of a list came from; absent where that is the same. */
  readonly entrySources?: readonly Source[];
}

/** Something wrong with the configuration. */
export interface Problem {
  /** The key, or what stands in its place. */
  readonly path: string;
  readonly source: Source;
  /** What was found and what is expected. Holds no secret. */
  readonly text: string;
  /** Set where the whole start can be told to fail for this one reason. */
  readonly code?: 'MESH_KEY_MISSING';
}

/** `conf/origin.yml:12`, `env HEADWATER_RTMP_PORT`, `--set` or `default`. */
export function sourceText(source: Source): string {
  switch (source.kind) {
    case 'file':
      return `${source.file}:${source.line}`;
    case 'environment':
      return `env ${source.name}`;
    case 'set':
      return '--set';
    case 'default':
      return 'default';
  }
}

/** `conf/origin.yml:12: rtmp.port: found ..., expected ...` */
export function problemText({ source, path, text }: Problem): string {
  return [
    ...(source.kind === 'default' ? [] : [sourceText(source)]),
    ...(path === '' ? [] : [path]),
    text,
  ].join(': ');
}

const FOUND_LENGTH_MAX = 60;

/** What was found, for people; a secret is told by its length alone. */
export function foundText(value: RawValue, option: Option<unknown>): string {
  if (value === null) return 'nothing';
  if (typeof value === 'object' && 'tree' in value) return 'a list of rules';
  if (typeof value === 'object') return 'found' in value ? value.found : `a list of ${value.length}`;
  if (option.isSecret === true) return `${Buffer.byteLength(String(value))} bytes`;
  const isTextWanted = option.type.reads !== 'number' && option.type.reads !== 'flag';
  if (typeof value !== 'string') return `${value}${isTextWanted ? ' (without quotes, so no text)' : ''}`;
  if (option.type.reads === 'number' && /^\d+$/.test(value))
    return `${JSON.stringify(value)} (in quotes, so no number)`;
  return JSON.stringify(value.length > FOUND_LENGTH_MAX ? `${value.slice(0, FOUND_LENGTH_MAX)}...` : value);
}

/** Values that come as text, from the environment or the command line; `''` must be handled before. */
export function readText(text: string, option: Option<unknown>): RawValue {
  switch (option.type.reads) {
    case 'text':
    case 'flag':
      return text;
    case 'number':
      return /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'list':
      return entriesOf(text);
    case 'rules':
      return treeOf(text);
    case 'text or list': {
      const [only = text, ...more] = entriesOf(text);
      return more.length === 0 ? only : [only, ...more];
    }
  }
}

/** JSON; what is none is left as the text that it is, which no option of that kind takes. */
function treeOf(text: string): RawValue {
  try {
    return { tree: JSON.parse(text) };
  } catch {
    return text;
  }
}

const entriesOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
