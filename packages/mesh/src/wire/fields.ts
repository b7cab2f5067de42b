/** A message that is not as the protocol says. Never leaves `wire`. */
export class WireError extends Error {}

const problem = (what: string): never => {
  throw new WireError(what);
};

/**
 * Reads the fields of one array in order, each checked for its type and bounds. Fields after the last one read are
 * ignored: a later version of the protocol may add some.
 */
export class Fields {
  readonly #values: readonly unknown[];
  #at = 0;

  constructor(value: unknown, what: string) {
    this.#values = Array.isArray(value) ? value : problem(`${what} is no array`);
  }

  text(what: string, lengthMax: number): string {
    const value = this.#next();
    if (typeof value !== 'string' || value.length > lengthMax)
      return problem(`${what} is no text of <= ${lengthMax}`);
    return value;
  }

  /** Text with at least one character. */
  name(what: string, lengthMax: number): string {
    const value = this.text(what, lengthMax);
    return value.length > 0 ? value : problem(`${what} is empty`);
  }

  textOrNull(what: string, lengthMax: number): string | null {
    return this.#isNull() ? null : this.text(what, lengthMax);
  }

  /** A finite number >= 0. */
  number(what: string): number {
    const value = this.#next();
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      return problem(`${what} is no number >= 0`);
    return value;
  }

  numberOrNull(what: string): number | null {
    return this.#isNull() ? null : this.number(what);
  }

  /** A whole number from 0 to `max`. */
  count(what: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#next();
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max)
      return problem(`${what} is no whole number from 0 to ${max}`);
    return value;
  }

  flag(what: string): boolean {
    const value = this.#next();
    return typeof value === 'boolean' ? value : problem(`${what} is no boolean`);
  }

  flagOrNull(what: string): boolean | null {
    return this.#isNull() ? null : this.flag(what);
  }

  /** Not copied. */
  bytes(what: string, lengthMax: number): Uint8Array {
    const value = this.#next();
    return value instanceof Uint8Array && value.byteLength <= lengthMax
      ? value
      : problem(`${what} are no bytes, <= ${lengthMax} of them`);
  }

  list<T>(what: string, lengthMax: number, read: (value: unknown) => T): readonly T[] {
    const value = this.#next();
    if (!Array.isArray(value) || value.length > lengthMax)
      return problem(`${what} is no array of <= ${lengthMax}`);
    return value.map(read);
  }

  listOrNull<T>(what: string, lengthMax: number, read: (value: unknown) => T): readonly T[] | null {
    return this.#isNull() ? null : this.list(what, lengthMax, read);
  }

  fields(what: string): Fields {
    return new Fields(this.#next(), what);
  }

  fieldsOrNull(what: string): Fields | null {
    return this.#isNull() ? null : this.fields(what);
  }

  /** A field that somebody else checks. */
  value(): unknown {
    return this.#next();
  }

  #next(): unknown {
    const value = this.#values[this.#at];
    this.#at += 1;
    return value;
  }

  /** Skips a field that is null, or that an older version of the protocol did not have yet. */
  #isNull(): boolean {
    const value = this.#values[this.#at];
    if (value !== null && value !== undefined) return false;
    this.#at += 1;
    return true;
  }
}
