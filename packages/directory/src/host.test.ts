import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHost, isHostAndPort, isWildcard } from './host.js';

describe('isHost', () => {
  it.each([
    'localhost',
    'origin-a',
    'origin_a.svc.cluster.local',
    'a.example.com.',
    '127.0.0.1',
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
    '::1\r\n',
    'a/b',
    'a@b',
    'a'.repeat(64),
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
  it.each(['a', 'a:', ':1', 'a:65536', 'a b:1', 'ä:1', 'a:1\r\n', '[a]:1', '[::1]', 'a\r\n:1'])(
    'refuses %j',
    (text) => expect(isHostAndPort(text)).toBe(false),
  );
});

it.each([
  ['0.0.0.0', true],
  ['::', true],
  ['0::0', true],
  ['0', true],
  ['::1', false],
  ['10.0.0.0', false],
  ['', false],
])('isWildcard %s: %s', (host, expected) => expect(isWildcard(host)).toBe(expected));
