import { describe, expect, it } from 'vitest';
import {
  isLoopback,
  parseAdvertised,
  parseHost,
  parseHostPort,
  parseMeshAdvertise,
  parseRelayAdvertised,
} from './address.js';

describe('parseHost', () => {
  it.each(['0.0.0.0', '::', '::1', 'localhost', 'origin-a', 'origin_a.svc.cluster.local', 'a.example.com.'])(
    'takes %s',
    (host) => expect(parseHost(host)).toBe(host),
  );
  it('takes brackets off IPv6', () => expect(parseHost('[fe80::1]')).toBe('fe80::1'));
  it.each([
    '',
    '256.1.1.1',
    '1.2.3',
    'a b',
    'a:1',
    '-a',
    'a..b',
    '[a]',
    'http://a',
    'ä.example',
    'a'.repeat(64),
  ])('refuses %j', (host) => expect(parseHost(host)).toBeNull());
});

describe('parseHostPort', () => {
  it('takes names, IPv4 and IPv6 in brackets', () => {
    expect(parseHostPort('origin-a:7946')).toEqual({ host: 'origin-a', port: 7946 });
    expect(parseHostPort('10.0.0.1:1')).toEqual({ host: '10.0.0.1', port: 1 });
    expect(parseHostPort('[fe80::1]:65535')).toEqual({ host: 'fe80::1', port: 65_535 });
  });
  it.each(['a', 'a:', 'a:0', 'a:65536', 'a:1:2', ':1', '::1:7946', '0.0.0.0:1', '[::]:1', 'a:1x', 'a: 1'])(
    'refuses %j',
    (text) => expect(parseHostPort(text)).toBeNull(),
  );
});

describe('parseAdvertised', () => {
  it('takes no, one or two ports', () => {
    expect(parseAdvertised('inside=origin-a')).toEqual({ network: 'inside', host: 'origin-a' });
    expect(parseAdvertised('out=a:1')).toEqual({ network: 'out', host: 'a', rtmpPort: 1 });
    expect(parseAdvertised('out=[::1]:1:2')).toEqual({
      network: 'out',
      host: '::1',
      rtmpPort: 1,
      httpPort: 2,
    });
    expect(parseAdvertised('out = a:1')).toEqual({ network: 'out', host: 'a', rtmpPort: 1 });
  });
  it.each([
    'origin-a',
    '=a',
    'in side=a',
    'out=',
    'out=0.0.0.0',
    'out=[::]',
    'out=a:1:2:3:4:5',
    'out=a:0',
    'out=a:b',
  ])('refuses %j', (text) => expect(parseAdvertised(text)).toBeNull());
});

describe('parseRelayAdvertised', () => {
  it.each([
    ['10.0.0.5', { network: 'relay', host: '10.0.0.5' }],
    ['10.0.0.5:1936', { network: 'relay', host: '10.0.0.5', port: 1936 }],
    ['in=[fd00::5]:1', { network: 'in', host: 'fd00::5', port: 1 }],
    ['in=origin-a', { network: 'in', host: 'origin-a' }],
  ])('reads %j', (text, expected) => expect(parseRelayAdvertised(text)).toEqual(expected));

  it.each([
    '',
    'in=',
    '=a',
    'a:1:2:3',
    'in=a:1:2:3',
    '0.0.0.0',
    'in=[::]',
    '[::ffff:0.0.0.0]',
    'in=[fe80::1%eth0]:1',
    'a:0',
    'a\r\nb',
  ])('refuses %j', (text) => expect(parseRelayAdvertised(text)).toBeNull());
});

it('takes no address with a zone, which is another one on each machine', () => {
  expect([parseAdvertised('out=[fe80::1%eth0]'), parseMeshAdvertise('[fe80::1%eth0]:1')]).toEqual([
    null,
    null,
  ]);
});

it.each(['[fe80::1]', '[FEBF::1]', '[ff02::1]', '224.0.0.1', '255.255.255.255'])(
  'takes %s for nobody’s, since no other machine can connect to it',
  (host) => {
    expect([parseAdvertised(`out=${host}`), parseRelayAdvertised(host), parseMeshAdvertise(host)]).toEqual([
      null,
      null,
      null,
    ]);
  },
);

it.each(['[fec0::1]', '[fe7f::1]', '223.255.255.255', '224.example.com'])('takes %s', (host) =>
  expect(parseMeshAdvertise(host)).toBe(host),
);

it('parseMeshAdvertise keeps what was written', () => {
  expect(parseMeshAdvertise('[fd80::1]:7946')).toBe('[fd80::1]:7946');
  expect(parseMeshAdvertise('a')).toBe('a');
  expect(parseMeshAdvertise('a:1:2')).toBeNull();
  expect(parseMeshAdvertise('0.0.0.0:1')).toBeNull();
});

it('tells loopback', () => {
  expect(['127.0.0.1', '127.8.8.8', '::1', 'LocalHost'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '127.example.com', '10.0.0.1'].some(isLoopback)).toBe(false);
});
