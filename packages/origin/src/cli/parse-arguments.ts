import { parseArgs } from 'node:util';
import { didYouMean, nearest } from '../config/nearest.js';
import { HeadwaterError } from '../errors.js';
import type { Arguments, Command, Flag } from './command.js';

/** Flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'help', short: 'h', meaning: 'Show this help.' },
  { name: 'version', short: 'v', meaning: 'Show the version.' },
];

/** Checks words against a command's flags and operand; throws `HeadwaterError` (`USAGE`) that says what is wrong. */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const flags = [...command.flags, ...COMMON_FLAGS];
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(flags.map((flag) => [flag.name, optionOf(flag)])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const positionals: string[] = [];
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = flags.find(({ name }) => name === token.name);
    if (flag === undefined) throw unknownFlag(command, flags, token.rawName);
    const isValueAnotherFlag = token.inlineValue === false && /^-[^\d]/.test(token.value);
    // An empty one is most likely a variable of the shell that is not set.
    if (flag.value !== undefined && (!token.value || isValueAnotherFlag))
      throw usage(command, `${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
    if (flag.value === undefined && token.value !== undefined)
      throw usage(command, `${token.rawName} takes no value, found ${JSON.stringify(token.value)}`);
    given.set(flag.name, [...(given.get(flag.name) ?? []), token.value ?? '']);
  }
  const parsed: Arguments = {
    positionals,
    has: (name) => given.has(name),
    value: (name) => given.get(name)?.at(-1),
    values: (name) => given.get(name) ?? [],
  };
  if (!parsed.has('help') && !parsed.has('version')) checkOperands(command, positionals);
  return parsed;
}

function optionOf({ short, value, isMultiple }: Flag) {
  const type: 'string' | 'boolean' = value === undefined ? 'boolean' : 'string';
  return {
    type,
    ...(short === undefined ? {} : { short }),
    ...(isMultiple === true ? { multiple: true } : {}),
  };
}

function checkOperands(command: Command, positionals: readonly string[]): void {
  const wanted = command.operand === undefined ? 0 : 1;
  if (positionals.length > wanted)
    throw usage(command, `${command.name} takes no ${JSON.stringify(positionals[wanted])}`);
  const isEmpty = positionals.includes('');
  if (isEmpty || (positionals.length < wanted && command.isOperandOptional !== true)) {
    const found = isEmpty ? ', found an empty one' : '';
    throw usage(command, `${command.name} needs ${withArticle(command.operand ?? '')}${found}`);
  }
}

const withArticle = (operand: string): string => `${/^[AEIO]/.test(operand) ? 'an' : 'a'} ${operand}`;

function unknownFlag(command: Command, flags: readonly Flag[], rawName: string): HeadwaterError {
  const near = nearest(
    rawName,
    flags.map(({ name }) => `--${name}`),
  );
  return usage(command, `${command.name} has no flag ${rawName}${didYouMean(near)}`);
}

function usage(command: Command, message: string): HeadwaterError {
  return new HeadwaterError('USAGE', message, {
    hint: `Run headwater ${command.name} --help for what it takes.`,
  });
}
