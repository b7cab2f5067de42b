import { didYouMean, nearest } from '../config/nearest.js';
import { ERRORS, HeadwaterError } from '../errors.js';
import { PROGRAM_VERSION } from '../version.js';
import { COMMANDS, loadCommands, type NamedCommand } from './commands.js';
import { type CliIo, EXIT } from './io.js';
import { type Paint, paintFor } from './paint.js';
import { parseArguments } from './parse-arguments.js';
import { errorText, exitStatus } from './show-error.js';

/** Runs one command line (without node and script) and gives its exit status. Never rejects. */
export async function runCli(words: readonly string[], io: CliIo): Promise<number> {
  try {
    return await dispatch(words, io);
  } catch (error) {
    io.stderr.write(errorText(error, paintFor(io.stderr.isTTY === true, io.env)));
    return exitStatus(error);
  }
}

async function dispatch(words: readonly string[], io: CliIo): Promise<number> {
  const paint = paintFor(io.stdout.isTTY === true, io.env);
  const [first] = words;
  if (first === 'help') return dispatch([...words.slice(1), '--help'], io);
  if (first === '--version' || first === '-v') return say(io, `${PROGRAM_VERSION}\n`);
  if (first === '--help' || first === '-h') return say(io, await programHelp(paint));
  if (first === undefined) {
    io.stderr.write(await programHelp(paintFor(io.stderr.isTTY === true, io.env)));
    return EXIT.usage;
  }
  const command = await findCommand(words).load();
  const given = parseArguments(command, words.slice(command.name.split(' ').length));
  if (given.has('help')) return say(io, (await import('./help.js')).commandHelp(command, paint));
  if (given.has('version')) return say(io, `${PROGRAM_VERSION}\n`);
  try {
    return await command.run(given, io);
  } catch (error) {
    throw withHelpOf(command.name, error);
  }
}

/** What a command finds wrong with its words is explained by its own help. */
function withHelpOf(name: string, error: unknown): unknown {
  if (!(error instanceof HeadwaterError) || error.hint !== ERRORS.USAGE) return error;
  const { code, message, details } = error;
  return new HeadwaterError(code, message, {
    hint: `Run headwater ${name} --help for what it takes.`,
    details,
    cause: error,
  });
}

async function programHelp(paint: Paint): Promise<string> {
  const [help, commands] = await Promise.all([import('./help.js'), loadCommands()]);
  return help.programHelp(commands, paint);
}

function findCommand(words: readonly string[]): NamedCommand {
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, index) => words[index] === word));
  if (command !== undefined) return command;
  const [first = '', second] = words;
  if (first.startsWith('-'))
    throw new HeadwaterError('USAGE', `found ${first} before any command; flags go after the command`);
  const names = COMMANDS.map(({ name }) => name);
  const below = names.filter((name) => name.startsWith(`${first} `));
  if (below.length > 0) {
    const near = second === undefined || second.startsWith('-') ? [] : nearest(`${first} ${second}`, below);
    throw new HeadwaterError(
      'USAGE',
      `headwater ${first} is followed by a word of its own${didYouMean(near)}`,
      {
        hint: `There is: ${below.map((name) => `headwater ${name}`).join(', ')}.`,
      },
    );
  }
  const near = nearest(first, new Set(names.map((name) => name.split(' ')[0] ?? name)));
  throw new HeadwaterError('USAGE', `there is no command ${JSON.stringify(first)}${didYouMean(near)}`);
}

function say(io: CliIo, text: string): number {
  io.stdout.write(text);
  return EXIT.ok;
}
