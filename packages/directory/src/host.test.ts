import { describe, expect, it } from 'vitest';
import { hostPort, ipv6Groups, plainAddress, sameHost } from './host.js';

describe('an address of a socket that takes both families', () => {
  it.each([
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:192.168.0.1', '192.168.0.1'],
    ['::ffff:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:c0a8:1', '192.168.0.1'],
    ['1.2.3.4', '1.2.3.4'],
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
