import { type RuleConfig, type RuleProblem, readRules } from '@headwater/guard/rules';
import * as v from 'valibot';

/** What values an option takes, for the reader and for the machine. Issues of `schema` may name an item of a list. */
export interface OptionType<T> {
  /**
   * How an environment variable or `--set` is read: as it stands, as a number, as a comma list, as one where it has a comma,
   * or as JSON.
   */
  readonly reads: 'text' | 'number' | 'flag' | 'list' | 'text or list' | 'rules';
  /** What is expected, to go after "expected". */
  readonly expected: string;
  readonly unit?: 'ms' | 'bytes';
  /** Checks the value as YAML gives it (text, number or list) and makes of it what the program uses. */
  readonly schema: v.GenericSchema<unknown, T>;
  /** Of values with parts: everything that is wrong with them, each with its place. Empty where `schema` takes it. */
  readonly problems?: (value: unknown) => readonly RuleProblem[];
}

/** A list of rules for who may publish or play. */
export const AUTH_RULES: OptionType<readonly RuleConfig[]> = {
  reads: 'rules',
  expected: 'a list of rules (in the environment and with --set as JSON)',
  schema: v.pipe(
    v.unknown(),
    v.transform((value) => readRules(value).rules),
  ),
  problems: (value) => readRules(value).problems,
};

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number, unit?: 'ms' | 'bytes'): OptionType<number> {
  const expected = `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${min} to ${max}`;
  return {
    reads: 'number',
    expected,
    ...(unit === undefined ? {} : { unit }),
    schema: wholeNumberSaying(expected, min, max),
  };
}

const wholeNumberSaying = (expected: string, min: number, max: number) =>
  v.pipe(v.number(expected), v.integer(expected), v.minValue(min, expected), v.maxValue(max, expected));

/** A whole number from `min` to `max`, or one word. */
export function wholeNumberOr<const T extends string>(
  word: T,
  min: number,
  max: number,
): OptionType<number | T> {
  const expected = `${word} or a whole number from ${min} to ${max}`;
  return {
    reads: 'number',
    expected,
    // A union tells what its nearest part says, so each part says all of it.
    schema: v.union([v.literal(word, expected), wholeNumberSaying(expected, min, max)], expected),
  };
}

/** A time in ms. */
export function milliseconds(min: number, max: number): OptionType<number> {
  return wholeNumber(min, max, 'ms');
}

/** A size in bytes. */
export function bytes(min: number, max: number): OptionType<number> {
  return wholeNumber(min, max, 'bytes');
}

/** A TCP port to listen on; 0 takes a free one. */
export const LISTEN_PORT: OptionType<number> = wholeNumber(0, 65_535);

const PORT_OR_OFF_EXPECTED = 'a whole number from 0 to 65535, or off';

/** A TCP port to listen on, or `off`, which is null. */
export const PORT_OR_OFF: OptionType<number | null> = {
  reads: 'number',
  expected: PORT_OR_OFF_EXPECTED,
  schema: v.pipe(
    v.unknown(),
    v.check((value) => value === 'off' || v.is(LISTEN_PORT.schema, value), PORT_OR_OFF_EXPECTED),
    v.transform((value) => (typeof value === 'number' ? value : null)),
  ),
};

/** `true` or `false`; from the environment and the command line as a text. */
export const FLAG: OptionType<boolean> = {
  reads: 'flag',
  expected: 'true or false',
  schema: v.union(
    [
      v.boolean(),
      v.pipe(
        v.picklist(['true', 'false']),
        v.transform((word) => word === 'true'),
      ),
    ],
    'true or false',
  ),
};

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): OptionType<T> {
  const expected = `one of ${words.join(', ')}`;
  return { reads: 'text', expected, schema: v.picklist(words, expected) };
}

/** A text that `parse` understands; `parse` gives null for any other. */
export function text<T>(expected: string, parse: (text: string) => T | null): OptionType<T> {
  return { reads: 'text', expected, schema: parsed(expected, parse) };
}

/** A list of texts, each of which `parse` understands. At most so many of them. */
export function listOf<T>(
  item: string,
  parse: (text: string) => T | null,
  lengthMax = LIST_LENGTH_MAX,
): OptionType<readonly T[]> {
  const expected = `a list of ${item}`;
  return {
    reads: 'list',
    expected,
    schema: v.pipe(
      v.array(parsed(item, parse), expected),
      v.maxLength(lengthMax, `at most ${lengthMax} entries`),
    ),
  };
}

/** One text, or a list of at most `max` of them, each of which `parse` understands. */
export function oneOrMore<T>(
  item: string,
  max: number,
  parse: (text: string) => T | null,
): OptionType<readonly T[]> {
  const expected = `${item}, or a list of up to ${max} such`;
  return {
    reads: 'text or list',
    expected,
    schema: v.pipe(
      v.unknown(),
      v.transform((value) => (Array.isArray(value) ? value : [value])),
      v.array(parsed(item, parse), expected),
      v.minLength(1, expected),
      v.maxLength(max, `at most ${max} entries`),
    ),
  };
}

/** Most entries of one list: far above any real cluster, low enough to stay cheap. */
export const LIST_LENGTH_MAX = 1000;

function parsed<T>(expected: string, parse: (text: string) => T | null): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.string(expected),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== null) return value;
      addIssue({ message: expected });
      return NEVER;
    }),
  );
}
