import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { decodeBroadcast, decodeDirect, encode } from './codec.js';
import { BROADCAST_EXAMPLES, DIRECT_EXAMPLES } from './testing/example-messages.js';

const packr = new Packr({ useRecords: false });

/** The same nested arrays with another value at a path: `2.0.1` is the second item of the first one of the third. */
function changed(value: unknown, path: string, to: unknown): unknown {
  if (path === '') return to;
  const [index = '', ...rest] = path.split('.');
  return (value as unknown[]).map((item, at) =>
    at === Number(index) ? changed(item, rest.join('.'), to) : item,
  );
}

const COUNT = 'no whole number >= 0';
const NUMBER = 'no number >= 0';

/** A number stands where it must not, and a text where a number must. */
const wrongFor = (what: string): unknown => (what === COUNT || what === NUMBER ? 'x' : 7);

const HEAD = [
  ['', 'message', 'no array'],
  ['0', 'protocol', COUNT],
  ['1', 'kind', COUNT],
] as const;

const member = (at: string) =>
  [
    [at, 'members', 'no array'],
    [`${at}.0`, 'member', 'no array'],
    [`${at}.0.0`, 'id', 'no text'],
    [`${at}.0.1`, 'generation', COUNT],
    [`${at}.0.2`, 'version', COUNT],
    [`${at}.0.3`, 'addresses', 'no array'],
    [`${at}.0.3.0`, 'address', 'no text'],
  ] as const;

const position = (at: string, name: string) =>
  [
    [at, name, 'no array'],
    [`${at}.0`, 'generation', COUNT],
    [`${at}.1`, 'version', COUNT],
  ] as const;

const profile = (at: string) =>
  [
    [at, 'profile', 'no array'],
    [`${at}.0`, 'name', 'no text'],
    [`${at}.2`, 'addresses', 'no array'],
    [`${at}.2.0`, 'media address', 'no array'],
    [`${at}.2.0.0`, 'network', 'no text'],
    [`${at}.2.0.1`, 'host', 'no text'],
    [`${at}.2.0.2`, 'rtmpPort', COUNT],
    [`${at}.2.0.3`, 'httpPort', COUNT],
    [`${at}.6`, 'draining', 'no boolean'],
    [`${at}.7`, 'program', 'no text'],
  ] as const;

/** `at`: where its fields begin, with what is before them. */
const delta = (before: string, at: number) =>
  [
    [`${before}${at}`, 'generation', COUNT],
    [`${before}${at + 1}`, 'from', COUNT],
    [`${before}${at + 2}`, 'to', COUNT],
    [`${before}${at + 3}`, 'entries', 'no array'],
    [`${before}${at + 3}.0`, 'entry', 'no array'],
    [`${before}${at + 3}.0.1`, 'version', COUNT],
    ...profile(`${before}${at + 3}.0.2`),
    [`${before}${at + 3}.1.2`, 'key', 'no text'],
    [`${before}${at + 3}.1.3`, 'sinceMs', NUMBER],
  ] as const;

const part = [
  ['2', 'pull', COUNT],
  ['3', 'index', COUNT],
  ['4', 'last', 'no boolean'],
] as const;

const DIRECT_FIELDS = {
  'hello, whole': [
    ['2', 'name', 'no text'],
    ['3', 'program', 'no text'],
    ...position('4', 'position'),
    ['5', 'addresses', 'no array'],
    ['5.0', 'address', 'no text'],
    ...member('6'),
    ['8.0', 'min', COUNT],
    ['8.1', 'max', COUNT],
  ],
  'heartbeat, whole': [
    ...position('2', 'position'),
    ['3', 'load', 'no array'],
    ['3.0', 'players', NUMBER],
    ['3.1', 'publishers', NUMBER],
    ['3.2', 'outboundKbps', NUMBER],
    ['4', 'sentAt', NUMBER],
    ['5.0', 'sentAt', NUMBER],
    ['5.1', 'heldMs', NUMBER],
  ],
  roster: member('2'),
  pull: [['2', 'pull', COUNT], ...position('3', 'held')],
  more: [['2', 'pull', COUNT]],
  'delta-part': [...part, ['5', 'delta', 'no array'], ...delta('5.', 0)],
  'snapshot-part, first': [
    ...part,
    ...position('5', 'position'),
    ...profile('6'),
    ['7', 'claims', 'no array'],
    ['7.0', 'claim', 'no array'],
    ['7.0.0', 'key', 'no text'],
    ['7.0.1', 'sinceMs', NUMBER],
  ],
  leave: [['2', 'generation', COUNT]],
  ask: [['2', 'ask', COUNT], ['3', 'owner', 'no text'], ...position('4', 'held')],
  words: [
    ['2', 'ask', COUNT],
    ['3', 'last', 'no boolean'],
    ['4', 'envelopes', 'no array'],
  ],
} as const;

const BROADCAST_FIELDS = { delta: delta('', 2), leave: [['2', 'generation', COUNT]] } as const;

function cases(fields: Readonly<Record<string, readonly (readonly [string, string, string])[]>>) {
  return Object.entries(fields).flatMap(([example, rows]) =>
    [...HEAD, ...rows].map(([path, name, what]) => ({ example, path, name, what })),
  );
}

describe('a field that is of another kind than it must be', () => {
  it.each(cases(DIRECT_FIELDS))('is named: $name at $path of $example', ({ example, path, name, what }) => {
    const message = DIRECT_EXAMPLES[example];
    if (message === undefined) throw new Error(`no example ${example}`);
    const bytes = packr.pack(changed(packr.unpack(encode(message)), path, wrongFor(what)));
    expect(decodeDirect(bytes, 'm')).toEqual({ kind: 'malformed', reason: `${name} is ${what}` });
  });

  it.each(cases(BROADCAST_FIELDS))(
    'is named in a broadcast: $name at $path of $example',
    ({ example, path, name, what }) => {
      const message = BROADCAST_EXAMPLES[example];
      if (message === undefined) throw new Error(`no example ${example}`);
      const bytes = packr.pack(changed(packr.unpack(encode(message)), path, wrongFor(what)));
      expect(decodeBroadcast(bytes, 'm')).toEqual({ kind: 'malformed', reason: `${name} is ${what}` });
    },
  );
});
