/** A message that is not as the protocol says. Never leaves `wire`. */
export class WireError extends Error {}

const problem = (what: string): never => {
  throw new WireError(what);
};

/** Control characters end a line of a log or a table; lone surrogates are no text. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/gu;

/** What stands for a character that is no good. */
const REPLACEMENT = '\ufffd';

/**
 * Reads the fields of one array in order. What a field must have and has not is a problem; but a later version may say
 * more than this one understands (docs/wire.md): fields after the last one read are ignored, long texts and lists are
 * cut, items that mean nothing here are left out, and an optional field of another type counts as absent.
 */
export class Fields {
  readonly #values: readonly unknown[];
  #at: number;

  constructor(value: unknown, what: string, at = 0) {
    this.#values = Array.isArray(value) ? value : problem(`${what} is no array`);
    this.#at = at;
  }

  /** Text for people: cut after `lengthMax` UTF-16 units, and kept in its line. */
  text(what: string, lengthMax: number): string {
    return asText(this.#next(), lengthMax) ?? problem(`${what} is no text`);
  }

  textOrNull(lengthMax: number): string | null {
    return asText(this.#next(), lengthMax);
  }

  /** Text that means nothing once it is cut: null where it is empty or longer. */
  wholeText(what: string, lengthMax: number): string | null {
    const value = this.#next();
    if (typeof value !== 'string') return problem(`${what} is no text`);
    return value.length > 0 && value.length <= lengthMax ? value : null;
  }

  wholeTextOrNull(lengthMax: number): string | null {
    const value = this.#next();
    return typeof value === 'string' && value.length > 0 && value.length <= lengthMax ? value : null;
  }

  /** A finite number >= 0. */
  number(what: string): number {
    return asNumber(this.#next()) ?? problem(`${what} is no number >= 0`);
  }

  numberOrNull(): number | null {
    return asNumber(this.#next());
  }

  /** A whole number from 0 to 2^53 - 1. */
  count(what: string): number {
    const value = this.#next();
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      return problem(`${what} is no whole number >= 0`);
    return value;
  }

  flag(what: string): boolean {
    const value = this.#next();
    return typeof value === 'boolean' ? value : problem(`${what} is no boolean`);
  }

  flagOrNull(): boolean | null {
    const value = this.#next();
    return typeof value === 'boolean' ? value : null;
  }

  /** A flag that is only there where it says something. */
  isTrue(): boolean {
    return this.#next() === true;
  }

  /** Not copied. */
  bytesOrNull(): Uint8Array | null {
    const value = this.#next();
    return value instanceof Uint8Array ? value : null;
  }

  /** The first `countMax` items of those that `read` makes something of: null is nothing. */
  list<T>(what: string, countMax: number, read: (value: unknown) => T | null): readonly T[] {
    const values = this.#next();
    return Array.isArray(values) ? itemsOf(values, countMax, read) : problem(`${what} is no array`);
  }

  listOrNull<T>(countMax: number, read: (value: unknown) => T | null): readonly T[] | null {
    const values = this.#next();
    return Array.isArray(values) ? itemsOf(values, countMax, read) : null;
  }

  fields(what: string): Fields {
    return new Fields(this.#next(), what);
  }

  fieldsOrNull(what: string): Fields | null {
    const value = this.#next();
    return Array.isArray(value) ? new Fields(value, what) : null;
  }

  /** A field of any type. */
  value(): unknown {
    return this.#next();
  }

  /** The same fields from so many further on. */
  ahead(count: number): Fields {
    return new Fields(this.#values, 'message', this.#at + count);
  }

  #next(): unknown {
    const value = this.#values[this.#at];
    this.#at += 1;
    return value;
  }
}

function itemsOf<T>(
  values: readonly unknown[],
  countMax: number,
  read: (value: unknown) => T | null,
): readonly T[] {
  const items: T[] = [];
  for (const value of values) {
    if (items.length >= countMax) break;
    const item = read(value);
    if (item !== null) items.push(item);
  }
  return items;
}

function asText(value: unknown, lengthMax: number): string | null {
  if (typeof value !== 'string') return null;
  return value.slice(0, lengthMax).replace(UNPRINTABLE, REPLACEMENT);
}

const asNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
