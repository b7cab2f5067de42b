import { environmentName } from '../config/environment-name.js';
import { OPTION_LIST } from '../config/option-lookup.js';
import { defaultText } from '../config/reference-config.js';
import { wrapText } from '../config/wrap-text.js';
import type { Command, Flag } from './command.js';
import type { Paint } from './paint.js';
import { COMMON_FLAGS } from './parse-arguments.js';

const WIDTH = 100;

/** Help of the whole program, made from the table of commands. */
export function programHelp(commands: readonly Command[], paint: Paint): string {
  const lines = commands.map((command) => [callOf(command), command.summary] as const);
  return `${paint.bold('Headwater')}: origin cluster for live video. Every origin knows where every stream is.

${paint.bold('Usage')}
  headwater COMMAND [FLAGS]

${paint.bold('Commands')}
${listed(lines, paint)}
${paint.bold('Flags')}
${listed(COMMON_FLAGS.map(flagLine), paint)}
headwater COMMAND --help shows the flags of a command; headwater origin --help every key of the configuration.
Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 70 a member ended by a fault of its own.
`;
}

/** Help of one command. */
export function commandHelp(command: Command, paint: Paint): string {
  const notes = command.notes ?? [];
  return `${paint.bold(`headwater ${callOf(command)}`)}
  ${command.summary}

${paint.bold('Flags')}
${listed([...command.flags, ...COMMON_FLAGS].map(flagLine), paint)}${notes.length === 0 ? '' : `\n${notes.join('\n')}\n`}`;
}

/** Every key of the configuration with its default, variable and meaning. */
export function keysHelp(paint: Paint): string {
  const keys = OPTION_LIST.map(({ path, option }) => {
    const facts = `default ${defaultText(option)}; ${option.type.expected}; ${environmentName(path)}`;
    return `  ${paint.bold(path)}\n${wrapText(option.meaning, WIDTH, '      ')}${paint.dim(wrapText(facts, WIDTH, '      '))}`;
  });
  return `${paint.bold('Keys of the configuration')} (--set KEY=VALUE, the variable, or in the file; lists with commas)\n${keys.join('')}`;
}

function callOf({ name, operand, isOperandOptional }: Command): string {
  return operand === undefined ? name : `${name} ${isOperandOptional === true ? `[${operand}]` : operand}`;
}

function flagLine({ name, short, value, meaning }: Flag): readonly [string, string] {
  return [
    `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    meaning,
  ];
}

function listed(lines: readonly (readonly [string, string])[], paint: Paint): string {
  const width = Math.max(...lines.map(([left]) => left.length)) + 2;
  return lines
    .map(([left, right]) => {
      const text = wrapText(right, WIDTH, ' '.repeat(width + 2)).trimStart();
      return `  ${paint.cyan(left)}${' '.repeat(width - left.length)}${text}`;
    })
    .join('');
}
