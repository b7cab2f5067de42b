import { parseArgs } from 'node:util';
import { nearest } from './nearest.js';

/** One option: how it is read, and what the help says of it. */
export interface Option<T> {
  readonly about: string;
  /** How the help writes its value; null: a flag, which takes none. */
  readonly value: string | null;
  /** As the help tells it; absent where there is none. */
  readonly default?: string;
  /** May be given several times. */
  readonly isList?: true;
  /** All values given, none where the option is absent. @throws UsageError where they make no sense. */
  readonly read: (name: string, given: readonly string[]) => T;
}

/** What is given without a name, in order. */
export interface Operands {
  /** How the help writes them. */
  readonly value: string;
  readonly about: string;
  readonly min: number;
  readonly max: number;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

export type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never;
};

export interface Command<O extends Options> {
  /** As it is called, without options: `npm run sim --`. */
  readonly call: string;
  /** What it does, in a sentence or some lines. */
  readonly about: string;
  /** Ways to call it, each with what that does; one with all options where absent. */
  readonly ways?: readonly (readonly [options: string, what: string])[];
  readonly options: O;
  readonly operands?: Operands;
}

export interface Order<O extends Options> {
  readonly values: Values<O>;
  readonly operands: readonly string[];
}

/** The caller's fault, for people: no stack trace. */
export class UsageError extends Error {}

const HELP: Option<boolean> = { about: 'print this', value: null, read: (_name, given) => given.length > 0 };

/** The types of its options are those of the table. */
export const command = <const O extends Options>(made: Command<O>): Command<O> => made;

/**
 * What the arguments say; null where they ask for help.
 * @throws UsageError for what the table has not, and for values that its options do not take.
 */
export function readOrder<O extends Options>(made: Command<O>, args: readonly string[]): Order<O> | null {
  const table: Options = { ...made.options, help: HELP };
  const { tokens } = parseArgs({
    args: [...args],
    // All may be repeated here, so that a second one is told instead of winning silently.
    options: Object.fromEntries(
      Object.entries(table).map(([name, { value }]) => [
        name,
        {
          type: value === null ? 'boolean' : 'string',
          multiple: true,
          ...(name === 'help' && { short: 'h' }),
        },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return null;
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (option === undefined) throw unknown(token.rawName, Object.keys(table));
    const before = given.get(token.name) ?? [];
    if (before.length > 0 && option.isList !== true) throw new UsageError(`${token.rawName} is given twice`);
    given.set(token.name, [...before, givenTo(token, option)]);
  }
  checkOperands(made.operands, operands);
  const values = Object.fromEntries(
    Object.entries(made.options).map(([name, option]) => [
      name,
      option.read(`--${name}`, given.get(name) ?? []),
    ]),
  );
  return { values: values as Values<O>, operands };
}

/** Help is printed, a wrong call is told in a sentence, and all else is run. Returns the exit status. */
export async function runCommand<O extends Options>(
  made: Command<O>,
  args: readonly string[],
  run: (order: Order<O>) => number | Promise<number>,
): Promise<number> {
  try {
    const order = readOrder(made, args);
    if (order !== null) return await run(order);
    console.log(helpOf(made));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${callsOf(made)}\n${made.call} --help tells more`);
    return 2;
  }
}

export function helpOf(made: Command<Options>): string {
  const rows = Object.entries({ ...made.options, help: HELP }).map(([name, option]) => [
    `--${name}${option.value === null ? '' : ` ${option.value}`}`,
    `${option.about}${option.default === undefined ? '' : ` (${option.default})`}`,
  ]);
  if (made.operands) rows.unshift([made.operands.value, made.operands.about]);
  return `${callsOf(made)}\n\n${made.about}\n\n${columns(rows)}`;
}

function callsOf({ call, ways, operands }: Command<Options>): string {
  const all = ways ?? [[operands ? `${operands.value} [options]` : '[options]', '']];
  const lines = columns(all.map(([options, what]) => [`${call} ${options}`, what])).split('\n');
  return lines.map((line, index) => `${index === 0 ? 'usage:' : '      '}${line.slice(1)}`).join('\n');
}

/** Two columns; what is on several lines stays in the second. */
function columns(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([left = '']) => left.length));
  return rows
    .map(([left = '', right = '']) => {
      const indented = right.replaceAll('\n', `\n${' '.repeat(width + 4)}`);
      return `  ${left.padEnd(width)}  ${indented}`.trimEnd();
    })
    .join('\n');
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function givenTo({ rawName, value, inlineValue }: OptionToken, option: Option<unknown>): string {
  if (option.value === null) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    return '';
  }
  // Another option is no value; who means such a text writes it with `=`.
  if (value === undefined || (inlineValue !== true && value.startsWith('--')))
    throw new UsageError(`${rawName} takes a value: ${rawName} ${option.value}`);
  return value;
}

function unknown(rawName: string, names: readonly string[]): UsageError {
  const like = nearest(rawName.replace(/^-+/, ''), names);
  return new UsageError(`unknown option ${rawName}${like === null ? '' : `; did you mean --${like}?`}`);
}

function checkOperands(wanted: Operands | undefined, operands: readonly string[]): void {
  const { min, max, value } = wanted ?? { min: 0, max: 0, value: '' };
  const surplus = operands[max];
  if (surplus !== undefined) throw new UsageError(`unexpected argument '${surplus}'`);
  if (operands.length < min) throw new UsageError(`say ${value}`);
}
