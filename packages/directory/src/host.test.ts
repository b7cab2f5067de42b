import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hostPort,
  ipv6Groups,
  isAnyIpv4,
  isHost,
  isHostAndPort,
  isWildcard,
  plainAddress,
  sameHost,
} from './host.js';

describe('isHost', () => {
  it.each([
    'localhost',
    'origin-a',
    'origin_a.svc.cluster.local',
    'a.example.com.',
    'x.y.z',
    '1a',
    '1.2.3.4a',
    `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`,
    '127.0.0.1',
    '200.219.249.255',
    '::',
    '::1',
    'fd00::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '1:2:3:4:5:6:7:8',
  ])('takes %s', (text) => expect(isHost(text)).toBe(true));

  it.each([
    '',
    'a b',
    'a\r\nSet-Cookie: x',
    'a\n',
    'ä.example',
    '例え.jp',
    'a:1',
    '[::1]',
    '1.2.3',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4.',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7::8',
    '12345::',
    '1.2.3.4::',
    'fe80::1%',
    'fe80::1%é',
    'fe80::1%é0',
    'fe80::1%0é',
    '::1\r\n',
    'a/b',
    'a@b',
    'a'.repeat(64),
    `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(62)}`,
    `${'a.'.repeat(127)}`,
    '\0',
  ])('refuses %j', (text) => expect(isHost(text)).toBe(false));

  it('tells IP addresses as the system does', () => {
    const part = fc.oneof(
      fc.constantFrom('', '0', '1', '255', '256', 'ffff', '10000', '01', 'g', '1.2.3.4', '1.2.3'),
      fc.nat(999).map(String),
    );
    const texts = fc.tuple(fc.array(part, { maxLength: 10 }), fc.constantFrom(':', '.'));
    fc.assert(
      fc.property(texts, ([parts, separator]) => {
        const text = parts.join(separator);
        if (text.includes(':')) expect(isHost(text)).toBe(isIP(text) === 6);
        else if (/^[\d.]+$/.test(text)) expect(isHost(text)).toBe(isIP(text) === 4);
      }),
      { numRuns: 2000 },
    );
  });

  it('never takes what a header or URL cannot carry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        if (!isHost(text)) return;
        expect(text).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });
});

describe('isHostAndPort', () => {
  it.each(['a:1', '10.0.0.1:65535', '[::1]:1985', 'fd00::1:1985', 'a:0'])('takes %s', (text) =>
    expect(isHostAndPort(text)).toBe(true),
  );
  it.each([
    'a',
    'a:',
    ':1',
    'a:65536',
    'a b:1',
    'ä:1',
    'a:1\r\n',
    '[a]:1',
    '[::1]',
    'a\r\n:1',
    'a\nb:1',
    '[::1:1985',
    '::1]:1985',
    'a::1]:1985',
  ])('refuses %j', (text) => expect(isHostAndPort(text)).toBe(false));
});

it.each([
  ['0.0.0.0', true],
  ['::', true],
  ['0::0', true],
  ['0:0:0:0:0:0:0:0', true],
  ['0', true],
  ['::ffff:0.0.0.0', true],
  ['::1', false],
  ['10.0.0.0', false],
  ['a', false],
  ['', false],
])('isWildcard %s: %s', (host, expected) => expect(isWildcard(host)).toBe(expected));

it.each([
  ['0.0.0.0', true],
  ['00.0.000', true],
  ['::ffff:0.0.0.0', true],
  ['0.0.0.0.0', false],
  ['0.0.0.0x', false],
  ['x0.0.0.0', false],
  ['::', false],
  ['10.0.0.0', false],
])('isAnyIpv4 %s: %s', (host, expected) => expect(isAnyIpv4(host)).toBe(expected));

describe('an address of a socket that takes both families', () => {
  it.each([
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:192.168.0.1', '192.168.0.1'],
    ['::ffff:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:c0a8:1', '192.168.0.1'],
    ['1.2.3.4', '1.2.3.4'],
    ['1:0:0:0:0:ffff:102:304', '1:0:0:0:0:ffff:102:304'],
    ['0:0:0:0:1:ffff:102:304', '0:0:0:0:1:ffff:102:304'],
    ['::1', '::1'],
    ['2001:db8::ffff:1', '2001:db8::ffff:1'],
    ['', ''],
  ])('%s is %s', (address, plain) => expect(plainAddress(address)).toBe(plain));
});

describe('the groups of an IPv6 address', () => {
  it.each([
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
    ['2001:DB8::a', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 10]],
    ['fe80::1%eth0', [0xfe80, 0, 0, 0, 0, 0, 0, 1]],
    ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['1:2:3:4:5:6:7::', [1, 2, 3, 4, 5, 6, 7, 0]],
    ['64:ff9b::1.2.3.4', [0x64, 0xff9b, 0, 0, 0, 0, 0x102, 0x304]],
  ])('%s', (text, groups) => expect(ipv6Groups(text)).toEqual(groups));

  it.each([
    '',
    '1.2.3.4',
    'host',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
    '::1::',
    '1:2:3:4:5:6:7::8',
    'g::',
    '::1.2.3',
    '::1.2.3.256',
    '12345::',
    '1.2.3.4::',
    '::1.2.3.4:1',
    '::01.2.3.4',
  ])('%j has none', (text) => expect(ipv6Groups(text)).toBeNull());
});

describe('two hosts', () => {
  it.each([
    ['Origin-A', 'origin-a.'],
    ['2001:db8::1', '2001:0DB8:0:0:0:0:0:1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['localhost', '::1'],
    ['127.0.0.1', '0:0:0:0:0:0:0:1'],
  ])('%s and %s are one', (a, b) => expect([sameHost(a, b), sameHost(b, a)]).toEqual([true, true]));

  it.each([
    ['a', 'b'],
    ['10.0.0.1', '10.0.0.11'],
    ['2001:db8::1', '2001:db8::2'],
    ['localhost', '127.0.0.2'],
  ])('%s and %s are two', (a, b) => expect(sameHost(a, b)).toBe(false));
});

it('an address has its brackets before a port', () => {
  expect([hostPort('a', 1), hostPort('10.0.0.1', 2), hostPort('::1', 3)]).toEqual([
    'a:1',
    '10.0.0.1:2',
    '[::1]:3',
  ]);
});
