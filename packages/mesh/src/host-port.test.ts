import { describe, expect, it } from 'vitest';
import { advertisedAddresses, listenHost } from './advertised.js';
import { formatHostPort, parseHostPort } from './host-port.js';

describe('parseHostPort', () => {
  it.each([
    ['host:1', { host: 'host', port: 1 }],
    ['host', { host: 'host', port: 7946 }],
    ['a.b-c.example:65535', { host: 'a.b-c.example', port: 65_535 }],
    ['10.0.0.1:7946', { host: '10.0.0.1', port: 7946 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['[fd00::1]', { host: 'fd00::1', port: 7946 }],
  ])('reads %s', (text, expected) => {
    expect(parseHostPort(text)).toEqual(expected);
    expect(parseHostPort(formatHostPort(expected))).toEqual(expected);
  });

  it.each([
    '',
    ':1',
    'host:',
    'host:0',
    'host:65536',
    'host:x',
    '::1',
    'a b:1',
    'http://host:1',
    'h/p:1',
    '[x',
  ])('refuses %j', (text) => {
    expect(parseHostPort(text)).toBeNull();
  });
});

describe('advertisedAddresses', () => {
  it('tells what was configured, with the listening port where none was', () => {
    const listening = { host: '0.0.0.0', port: 7000 };
    expect(advertisedAddresses(listening, 'origin-a')).toEqual([{ host: 'origin-a', port: 7000 }]);
    expect(advertisedAddresses(listening, 'origin-a:1')).toEqual([{ host: 'origin-a', port: 1 }]);
  });

  it('tells the listening address where it is one', () => {
    expect(advertisedAddresses({ host: '10.0.0.1', port: 1 }, undefined)).toEqual([
      { host: '10.0.0.1', port: 1 },
    ]);
  });

  it('tells an address of each family first, since whoever has one alone must find it among the few', () => {
    const own = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', 'fd00::1', 'fd00::2', '127.0.0.1', '::1'];
    const hosts = (host: string, of = own) =>
      advertisedAddresses({ host, port: 1 }, undefined, of).map((address) => address.host);
    expect(hosts('::')).toEqual(['10.0.0.1', 'fd00::1', '10.0.0.2', '10.0.0.3']);
    expect(hosts('0.0.0.0')).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']);
    expect(hosts('0:0::0')).toEqual(hosts('::'));
    expect(hosts('::ffff:0.0.0.0')).toEqual(hosts('0.0.0.0'));
    expect(hosts('::', ['fd00::1', '::1'])).toEqual(['fd00::1']);
    expect(hosts('::', ['127.0.0.1', '::1'])).toEqual(['127.0.0.1', '::1']);
    expect(hosts('::', [])).toEqual(['127.0.0.1']);
  });

  it('never tells 0.0.0.0', () => {
    const addresses = advertisedAddresses({ host: '0.0.0.0', port: 1 }, undefined);
    expect(addresses.length).toBeGreaterThan(0);
    expect(addresses.map(({ host }) => host)).not.toContain('0.0.0.0');
  });
});

it('listens on IPv4 alone where the machine has no IPv6, unless it was told where', () => {
  expect(listenHost('::', ['10.0.0.1', '127.0.0.1'])).toBe('0.0.0.0');
  expect(listenHost('0:0::0', ['127.0.0.1'])).toBe('0.0.0.0');
  expect(listenHost('::', ['127.0.0.1', '::1'])).toBe('::');
  expect([listenHost('fd00::1', []), listenHost('10.0.0.1', [])]).toEqual(['fd00::1', '10.0.0.1']);
});
