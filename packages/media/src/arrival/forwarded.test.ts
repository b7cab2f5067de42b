import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Client } from './client.js';
import { type ForwardedHeaders, readForwarded } from './forwarded.js';
import { TrustedProxies } from './trusted-proxies.js';

const proxies = new TrustedProxies(['10.0.0.0/8', 'fd00::/8']);
const proxy: Client = { ip: '10.0.0.1', port: 4711, isSecure: false, isProxy: true };

function read(headers: Record<string, string>, by: ForwardedHeaders = 'x-forwarded', peer = proxy) {
  const { client, host } = readForwarded(peer, headers, { proxies, headers: by });
  return `${client.isSecure ? 'https' : 'http'} ${client.ip} ${client.port}${host === undefined ? '' : ` ${host}`}`;
}
const xff = (text: string, more = {}) => read({ 'x-forwarded-for': text, ...more });
const forwarded = (text: string) => read({ forwarded: text }, 'forwarded');

describe('X-Forwarded-For', () => {
  it('names the last one who is no trusted proxy', () => {
    expect(xff('192.0.2.7')).toBe('http 192.0.2.7 0');
    expect(xff('198.51.100.1, 192.0.2.7')).toBe('http 192.0.2.7 0');
    expect(xff('198.51.100.1,192.0.2.7, 10.2.3.4 ,fd00::9')).toBe('http 192.0.2.7 0');
    expect(xff('192.0.2.7:5000')).toBe('http 192.0.2.7 5000');
    expect(xff('[2001:db8::7]:5000')).toBe('http 2001:db8::7 5000');
    expect(xff('2001:db8::7')).toBe('http 2001:db8::7 0');
    expect(xff('::ffff:192.0.2.7')).toBe('http 192.0.2.7 0');
  });

  it('names who wrote it where it names nobody', () => {
    expect(xff('198.51.100.1, unknown')).toBe('http 10.0.0.1 4711');
    expect(xff('192.0.2.7, rubbish, 10.2.3.4')).toBe('http 10.2.3.4 0');
    expect(xff('')).toBe('http 10.0.0.1 4711');
    expect(xff('192.0.2.7:99999')).toBe('http 10.0.0.1 4711');
  });

  it('has its scheme and host from the same hop', () => {
    const own = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'live.example.com' };
    expect(xff('192.0.2.7', own)).toBe('https 192.0.2.7 0 live.example.com');
    expect(xff('192.0.2.7', { 'x-forwarded-proto': 'HTTPS' })).toBe('https 192.0.2.7 0');
    expect(xff('192.0.2.7', { 'x-forwarded-proto': 'https, http' })).toBe('http 192.0.2.7 0');
    expect(xff('192.0.2.7, 10.1.1.1', { 'x-forwarded-proto': 'https, http' })).toBe('https 192.0.2.7 0');
    expect(xff('192.0.2.7, 10.1.1.1', { 'x-forwarded-proto': 'https' })).toBe('https 192.0.2.7 0');
    expect(read({ 'x-forwarded-proto': 'https' })).toBe('https 10.0.0.1 4711');
  });
});

describe('Forwarded', () => {
  it('is read as RFC 7239 has it', () => {
    expect(forwarded('for=192.0.2.7;proto=https;host=live.example.com')).toBe(
      'https 192.0.2.7 0 live.example.com',
    );
    expect(forwarded('For="[2001:db8::7]:4711" ; Proto=https')).toBe('https 2001:db8::7 4711');
    expect(forwarded('for=198.51.100.1, for="192.0.2.7:1", for=10.9.9.9')).toBe('http 192.0.2.7 1');
    expect(forwarded('for="a,b;c\\"d", for=192.0.2.7')).toBe('http 192.0.2.7 0');
    expect(forwarded('for=_hidden;proto=https')).toBe('https 10.0.0.1 4711');
    expect(forwarded('for="192.0.2.7')).toBe('http 10.0.0.1 4711');
    expect(forwarded('for="[2001:db8::7]:_hidden"')).toBe('http 2001:db8::7 0');
    expect(forwarded('for="192.0.2.7:_"')).toBe('http 10.0.0.1 4711');
  });

  it.each([
    'for="',
    'for="\\',
    '"',
    '"\\"',
    'for="a\\\\',
    'for="a, by="',
    'for=1;"',
    '\\',
    'for="10.0.0.2, for=10.0.0.3',
  ])('is the proxy’s word, whatever quotes a client opens before it: %s', (own) => {
    for (const appended of ['for=192.0.2.7', 'for="192.0.2.7:1";proto=https', 'for="[2001:db8::7]:4711"'])
      expect(forwarded(`${own}, ${appended}`)).toBe(forwarded(appended));
  });
});

it('only the kind that the proxies write is read: the other is the client’s own', () => {
  expect(read({ 'x-forwarded-for': '192.0.2.7', forwarded: 'for=203.0.113.9' })).toBe('http 192.0.2.7 0');
  expect(read({ 'x-forwarded-for': '203.0.113.9', forwarded: 'for=192.0.2.7' }, 'forwarded')).toBe(
    'http 192.0.2.7 0',
  );
});

it('a stranger’s word about others counts for nothing', () => {
  const stranger = { ...proxy, ip: '203.0.113.1', isProxy: false };
  const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' };
  expect(read(headers, 'x-forwarded', stranger)).toBe('http 203.0.113.1 4711');
});

it('whatever comes, the client is an IP, and it is no exception', () => {
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^[fort=":;,.\\[\]0-9a-f ]{0,60}$/));
  fc.assert(
    fc.property(texts, texts, texts, (list, proto, text) => {
      for (const by of ['x-forwarded', 'forwarded'] as const) {
        const headers = { 'x-forwarded-for': list, 'x-forwarded-proto': proto, forwarded: text };
        const { client } = readForwarded(proxy, headers, { proxies, headers: by });
        expect(client.ip).toMatch(/^[0-9a-f.:]+$/i);
      }
    }),
  );
});
