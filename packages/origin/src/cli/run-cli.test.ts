import { describe, expect, it } from 'vitest';

import { loadCommands } from './commands.js';
import { memoryIo } from './memory-io.fixture.js';
import { createPaint } from './paint.js';
import { runCli } from './run-cli.js';
import { errorText } from './show-error.js';
import { stopRequest } from './stop-request.js';

const run = async (words: string[], overrides?: Parameters<typeof memoryIo>[0]) => {
  const io = memoryIo(overrides);
  return { status: await runCli(words, io), out: io.out(), err: io.err() };
};

const commands = await loadCommands();

describe('help', () => {
  it.each(['--help', '-h', 'help'])('%s lists every command', async (word) => {
    const { status, out, err } = await run([word]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    for (const { name } of commands) expect(out).toContain(`  ${name}`);
  });

  it.each(commands.map((command) => [command.name, command] as const))(
    '%s --help has its flags',
    async (name, command) => {
      for (const words of [
        [...name.split(' '), '--help'],
        ['help', ...name.split(' ')],
      ]) {
        const { status, out } = await run(words);
        expect(status).toBe(0);
        expect(out).toContain(`headwater ${name}`);
        for (const flag of command.flags) expect(out).toContain(`--${flag.name}`);
      }
    },
  );

  it('of origin has every key with its default and variable', async () => {
    const { out } = await run(['origin', '--help']);
    for (const text of [
      'mesh.suspectAfterMs',
      'default 1800',
      'HEADWATER_MESH_SUSPECT_AFTER_MS',
      'apps.<app>.play.mode',
    ])
      expect(out).toContain(text);
  });

  it('goes to stderr with status 2 where no command was given', async () => {
    const { status, out, err } = await run([]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('Commands');
  });
});

it.each([['--version'], ['-v'], ['key', '--version']])('%s %s prints the version', async (...words) => {
  const { status, out } = await run(words.filter((word) => word !== undefined));
  expect(status).toBe(0);
  expect(out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
});

describe('wrong usage', () => {
  it.each([
    [['memebrs'], 'there is no command "memebrs"; did you mean members?'],
    [['constructor'], 'there is no command "constructor"'],
    [['config'], 'headwater config is followed by a word of its own'],
    [
      ['config', 'chekc', 'x'],
      'headwater config is followed by a word of its own; did you mean config check?',
    ],
    [['--api', 'x', 'members'], 'found --api before any command; flags go after the command'],
    [['origin', '--confg', 'x'], 'origin has no flag --confg; did you mean --config?'],
    [['origin', '--config'], '--config needs a value: --config FILE'],
    [['origin', '--config', '--set', 'a=b'], '--config needs a value: --config FILE'],
    [['members', '--json=yes'], '--json takes no value, found "yes"'],
    [['members', 'x'], 'members takes no "x"'],
    [['members', ''], 'members takes no ""'],
    [['config', 'check'], 'config check needs a FILE'],
    [['explain'], 'explain needs a STREAM'],
    [['sign'], 'sign needs an APP/STREAM'],
    [['kick', ''], 'kick needs a CLIENT, found an empty one'],
    [['drain', ''], 'drain needs a MEMBER, found an empty one'],
    [['trace', '--id', ''], '--id needs a value: --id ID'],
    [['streams', '--owner='], '--owner needs a value: --owner MEMBER'],
    [['explain', 'a/b', 'c/d'], 'explain takes no "c/d"'],
    [['demo', '--origins', '0'], '--origins: found "0", expected a whole number from 1 to 30'],
    [['demo', '--origins', 'many'], '--origins: found "many", expected a whole number from 1 to 30'],
  ])('%j', async (words, message) => {
    const { status, out, err } = await run(words);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err.split('\n')[0]).toBe(`error USAGE ${message}`);
    expect(err.split('\n')[1]).toMatch(/^ {2}\S/);
  });
});

it.each([
  [['top', '--view', 'all'], 'Run headwater top --help for what it takes.'],
  [['trace', 'live/s1', '--id', 'an-id-of-a-play'], 'Run headwater trace --help for what it takes.'],
  [['trace', 'an-id-of-a-play'], /trace --id an-id-of-a-play/],
])('what is wrong with the words of %j is explained by its own help', async (words, hint) => {
  const { status, err } = await run(words);
  expect(status).toBe(2);
  expect(err.split('\n').slice(1).join(' ')).toMatch(hint);
});

it('key prints a key that passes the check, and another each time', async () => {
  const [first, second] = [await run(['key']), await run(['key'])];
  expect(first.out).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
  expect(second.out).not.toBe(first.out);
});

it('a bug shows its stack and where to go with it; an expected failure shows none', async () => {
  const bug = errorText(new TypeError('oops'), createPaint(false));
  expect(bug).toContain('TypeError: oops');
  expect(bug).toContain('run-cli.test');
  expect(bug).toContain('report');
  expect((await run(['nothing'])).err).not.toContain('run-cli');
});

it('the first request to stop is heeded, the second ends the process', async () => {
  const io = memoryIo();
  const stopped = stopRequest(io);
  io.requestStop();
  await stopped;
  expect(io.exits).toEqual([]);
  io.requestStop();
  expect(io.exits).toEqual([1]);
});
