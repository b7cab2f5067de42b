/** Something wrong with a list of rules; `path` leads to it, as `[1, 'token', 'keys', 0]`. */
export interface RuleProblem {
  readonly path: readonly (string | number)[];
  /** What was found and what is expected. Holds no secret. */
  readonly text: string;
}

interface TextsRule {
  readonly min: number;
  readonly max: number;
  readonly isRight: (text: string) => boolean;
  readonly isSecret?: boolean;
}

/** Longest text that is shown of what was found. */
const SHOWN_LENGTH_MAX = 60;

/** Reads the fields of one map that nobody has checked, and collects what is wrong. */
export class FieldReader {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #path: readonly (string | number)[];
  readonly #problems: RuleProblem[];

  private constructor(fields: object, path: readonly (string | number)[], problems: RuleProblem[]) {
    // A key without a value is one not given.
    this.#fields = new Map(
      Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
    );
    this.#path = path;
    this.#problems = problems;
  }

  /** Null where it is no map, which is told. */
  static of(
    value: unknown,
    path: readonly (string | number)[],
    problems: RuleProblem[],
    expected: string,
  ): FieldReader | null {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return new FieldReader(value, path, problems);
    problems.push({ path, text: `found ${kindOf(value)}, expected ${expected}` });
    return null;
  }

  get names(): readonly string[] {
    return [...this.#fields.keys()];
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  problem(name: string, text: string): void {
    this.#problems.push({ path: name === '' ? this.#path : [...this.#path, name], text });
  }

  /** Any other field is told of. */
  allow(names: readonly string[]): void {
    for (const name of this.names) {
      if (!names.includes(name)) this.problem(name, `unknown key, expected one of ${names.join(', ')}`);
    }
  }

  below(name: string, expected: string): FieldReader | null {
    return FieldReader.of(this.#fields.get(name), [...this.#path, name], this.#problems, expected);
  }

  text(
    name: string,
    expected: string,
    isRight: (text: string) => boolean,
    isSecret = false,
  ): string | undefined {
    const value = this.#fields.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && isRight(value)) return value;
    this.problem(name, `found ${shown(value, isSecret)}, expected ${expected}`);
    return undefined;
  }

  /** One text, or a list of them. */
  texts(
    name: string,
    expected: string,
    { min, max, isRight, isSecret = false }: TextsRule,
  ): readonly string[] {
    const value = this.#fields.get(name);
    const entries: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
    if (entries.length < min) this.problem(name, `found none, expected ${expected}`);
    if (entries.length > max) this.problem(name, `found ${entries.length}, expected at most ${max}`);
    return entries.slice(0, max).flatMap((entry, index) => {
      if (typeof entry === 'string' && isRight(entry)) return [entry];
      const path = [...this.#path, name, ...(Array.isArray(value) ? [index] : [])];
      this.#problems.push({ path, text: `found ${shown(entry, isSecret)}, expected ${expected}` });
      return [];
    });
  }

  choice<const T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.#fields.get(name);
    if (value === undefined) return undefined;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined)
      this.problem(name, `found ${shown(value, false)}, expected ${words.join(' or ')}`);
    return word;
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.#fields.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.problem(name, `found ${shown(value, false)}, expected a whole number from ${min} to ${max}`);
    return undefined;
  }

  flag(name: string): boolean {
    const value = this.#fields.get(name);
    if (value !== undefined && typeof value !== 'boolean')
      this.problem(name, `found ${shown(value, false)}, expected true or false`);
    return value === true;
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`;
}

function shown(value: unknown, isSecret: boolean): string {
  if (typeof value === 'object' || value === undefined) return kindOf(value);
  if (isSecret) return `${Buffer.byteLength(String(value))} bytes`;
  const text = String(value);
  return JSON.stringify(text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : value);
}
