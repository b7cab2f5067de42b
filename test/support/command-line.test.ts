import { describe, expect, it, vi } from 'vitest';
import { command, helpOf, readOrder, runCommand, UsageError } from './command-line.js';
import { choice, choices, flag, text, texts, whole, wholes } from './options.js';

const TABLE = command({
  call: 'npm run thing --',
  about: 'Does things.',
  options: {
    seeds: whole('how many', { default: 10, min: 1, max: 100 }),
    seed: whole('this one alone', { value: 'S' }),
    sizes: wholes('sizes', { default: [3, 5] }),
    logs: text('where logs are kept', { value: 'FOLDER' }),
    kind: choice('which kind', ['same', 'different']),
    parts: choices('which parts', ['route', 'join'], { default: ['route'] }),
    words: texts('any words', (_name, word) => word.toUpperCase()),
    verbose: flag('tell more'),
  },
});
const WITH_OPERANDS = command({
  ...TABLE,
  operands: { value: 'FOLDER', about: 'what is changed', min: 1, max: 2 },
});

const valuesOf = (...args: string[]) => readOrder(TABLE, args)?.values;
const faultOf = (...args: string[]): string => {
  try {
    return `no fault: ${JSON.stringify(readOrder(TABLE, args))}`;
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
};

describe('a command line', () => {
  it('is read by the table, with defaults where nothing is said', () => {
    expect(valuesOf()).toEqual({
      seeds: 10,
      seed: undefined,
      sizes: [3, 5],
      logs: undefined,
      kind: undefined,
      parts: ['route'],
      words: undefined,
      verbose: false,
    });
    expect(
      valuesOf(
        ...['--seeds', '7', '--seed=0', '--sizes', '1,2', '--sizes=9', '--logs', '-', '--kind', 'same'],
        ...['--parts=join,route', '--words', 'a, b', '--verbose'],
      ),
    ).toEqual({
      seeds: 7,
      seed: 0,
      sizes: [1, 2, 9],
      logs: '-',
      kind: 'same',
      parts: ['join', 'route'],
      words: ['A', 'B'],
      verbose: true,
    });
  });

  it.each([
    [['--sedes', '5'], 'unknown option --sedes; did you mean --seeds?'],
    [['--seesd'], 'unknown option --seesd; did you mean --seeds?'],
    [['--verbos'], 'unknown option --verbos; did you mean --verbose?'],
    [['--nothing-like-it'], 'unknown option --nothing-like-it'],
    [['-x'], 'unknown option -x'],
    [['--toString'], 'unknown option --toString'],
    [['--__proto__'], 'unknown option --__proto__'],
    [['--seeds'], '--seeds takes a value: --seeds N'],
    [['--logs', '--verbose'], '--logs takes a value: --logs FOLDER'],
    [['--logs='], '--logs takes a text, and this one is empty'],
    [['--verbose=yes'], '--verbose takes no value'],
    [['--seeds', '5', '--seeds', '6'], '--seeds is given twice'],
    [['--seeds', 'many'], "--seeds takes a whole number, not 'many'"],
    [['--seeds', '1.5'], "--seeds takes a whole number, not '1.5'"],
    [['--seeds', '-1'], "--seeds takes a whole number, not '-1'"],
    [['--seeds', '1e3'], "--seeds takes a whole number, not '1e3'"],
    [['--seeds='], "--seeds takes a whole number, not ''"],
    [['--seed', '99999999999999999999'], "--seed takes a whole number, not '99999999999999999999'"],
    [['--seeds', '0'], '--seeds takes at least 1, not 0'],
    [['--seeds', '101'], '--seeds takes at most 100, not 101'],
    [['--sizes', '3,,4'], "--sizes takes a whole number, not ''"],
    [['--kind', 'other'], "--kind takes same, different; not 'other'"],
    [['--parts', 'route,rout'], "--parts takes route, join; not 'rout'"],
    [['surplus'], "unexpected argument 'surplus'"],
  ])('%j is told in a sentence', (args, sentence) => {
    expect(faultOf(...args)).toBe(sentence);
  });

  it('has operands where the table says so, also after --', () => {
    expect(readOrder(WITH_OPERANDS, ['a', '--verbose', '--', '--b'])).toMatchObject({
      operands: ['a', '--b'],
      values: { verbose: true },
    });
    expect(() => readOrder(WITH_OPERANDS, [])).toThrow('say FOLDER');
    expect(() => readOrder(WITH_OPERANDS, ['a', 'b', 'c'])).toThrow("unexpected argument 'c'");
  });

  it('asks for help in any company', () => {
    for (const args of [['--help'], ['-h'], ['--sedes', '--help'], ['surplus', '--seeds', 'x', '-h']])
      expect(readOrder(TABLE, args)).toBeNull();
  });

  it('has its help made from the table', () => {
    expect(helpOf(WITH_OPERANDS).split('\n')).toEqual([
      'usage: npm run thing -- FOLDER [options]',
      '',
      'Does things.',
      '',
      '  FOLDER                 what is changed',
      '  --seeds N              how many (10)',
      '  --seed S               this one alone',
      '  --sizes N,...          sizes (3,5)',
      '  --logs FOLDER          where logs are kept',
      '  --kind same|different  which kind',
      '  --parts NAME,...       which parts (route)',
      '  --words TEXT,...       any words',
      '  --verbose              tell more',
      '  --help                 print this',
    ]);
  });

  it('prints help and exits well, tells a fault and exits with 2, and lets real faults through', async () => {
    const [log, error] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')];
    for (const spy of [log, error]) spy.mockImplementation(() => {});
    try {
      const never = () => Promise.reject(new Error('was run'));
      expect(await runCommand(TABLE, ['--help'], never)).toBe(0);
      expect(log.mock.calls).toEqual([[helpOf(TABLE)]]);
      expect(await runCommand(TABLE, ['--sedes'], never)).toBe(2);
      expect(error.mock.calls[0]?.[0]).toMatch(
        /^unknown option --sedes; did you mean --seeds\?\n\nusage: npm run thing/,
      );
      expect(await runCommand(TABLE, ['--seeds', '4'], ({ values }) => values.seeds)).toBe(4);
      await expect(runCommand(TABLE, [], never)).rejects.toThrow('was run');
    } finally {
      log.mockRestore();
      error.mockRestore();
    }
  });
});
