import { type Option, UsageError } from './command-line.js';

interface Shape<D> {
  /** How the help writes the value. */
  readonly value?: string;
  /** What it is where it is not given. */
  readonly default?: D;
}

/** Without a default, it may be undefined. */
type Or<T, D> = D extends undefined ? T | undefined : T;

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** On where it is given. */
export const flag = (about: string): Option<boolean> => ({
  about,
  value: null,
  read: (_name, given) => given.length > 0,
});

/** A whole number. */
export function whole<D extends number | undefined = undefined>(
  about: string,
  { value = 'N', min = 0, max = Number.MAX_SAFE_INTEGER, ...shape }: Shape<D> & Range = {},
): Option<Or<number, D>> {
  return single(about, value, shape, (name, text) => wholeOf(name, text, min, max));
}

/** Whole numbers with commas between them. */
export function wholes<D extends readonly number[] | undefined = undefined>(
  about: string,
  { value = 'N,...', min = 0, max = Number.MAX_SAFE_INTEGER, ...shape }: Shape<D> & Range = {},
): Option<Or<readonly number[], D>> {
  return several(about, value, shape, (name, text) => wholeOf(name, text, min, max));
}

/** Any text but an empty one. */
export function text<D extends string | undefined = undefined>(
  about: string,
  { value = 'TEXT', ...shape }: Shape<D> = {},
): Option<Or<string, D>> {
  return single(about, value, shape, textOf);
}

/** Texts with commas between them, each read by `read`. */
export function texts<T, D extends readonly T[] | undefined = undefined>(
  about: string,
  read: (name: string, text: string) => T,
  { value = 'TEXT,...', ...shape }: Shape<D> = {},
): Option<Or<readonly T[], D>> {
  return several(about, value, shape, read);
}

/** One of some words. */
export function choice<const W extends string, D extends W | undefined = undefined>(
  about: string,
  words: readonly W[],
  { value = words.join('|'), ...shape }: Shape<D> = {},
): Option<Or<W, D>> {
  return single(about, value, shape, (name, written) => wordOf(name, written, words));
}

/** Some of some words, with commas between them. */
export function choices<const W extends string, D extends readonly W[] | undefined = undefined>(
  about: string,
  words: readonly W[],
  { value = 'NAME,...', ...shape }: Shape<D> = {},
): Option<Or<readonly W[], D>> {
  return several(about, value, shape, (name, written) => wordOf(name, written, words));
}

/** @throws UsageError */
export function wholeOf(name: string, written: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  const number = Number(written);
  if (!/^\d+$/.test(written) || !Number.isSafeInteger(number))
    throw new UsageError(`${name} takes a whole number, not '${written}'`);
  if (number < min) throw new UsageError(`${name} takes at least ${min}, not ${written}`);
  if (number > max) throw new UsageError(`${name} takes at most ${max}, not ${written}`);
  return number;
}

function wordOf<W extends string>(name: string, written: string, words: readonly W[]): W {
  const word = words.find((one) => one === written);
  if (word !== undefined) return word;
  throw new UsageError(`${name} takes ${words.join(', ')}; not '${written}'`);
}

function textOf(name: string, written: string): string {
  if (written === '') throw new UsageError(`${name} takes a text, and this one is empty`);
  return written;
}

function single<T, D>(
  about: string,
  value: string,
  shape: Shape<D>,
  read: (name: string, text: string) => T,
): Option<Or<T, D>> {
  return {
    about,
    value,
    ...(shape.default !== undefined && { default: String(shape.default) }),
    read: (name, [given]) => (given === undefined ? shape.default : read(name, given)) as Or<T, D>,
  };
}

function several<T, D>(
  about: string,
  value: string,
  shape: Shape<D>,
  read: (name: string, text: string) => T,
): Option<Or<readonly T[], D>> {
  return {
    about,
    value,
    isList: true,
    ...(shape.default !== undefined && { default: String(shape.default) }),
    read: (name, given) =>
      (given.length === 0
        ? shape.default
        : given.flatMap((one) => one.split(',').map((part) => read(name, part.trim())))) as Or<
        readonly T[],
        D
      >,
  };
}
