import { describe, expect, it } from 'vitest';
import { fullNames, parseHosts, parseSearchList } from './system-names.js';

describe('parseHosts', () => {
  it('reads names, aliases and both families', () => {
    const hosts = parseHosts(
      '127.0.0.1\tlocalhost\n# a comment\n10.0.0.5  Origin-A origin-a.example # with aliases\n\n::1 localhost\n',
    );
    expect(hosts.get('origin-a')).toEqual(['10.0.0.5']);
    expect(hosts.get('origin-a.example')).toEqual(['10.0.0.5']);
    expect(hosts.get('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(hosts.size).toBe(3);
  });

  it('leaves out what is no address, and repeats', () => {
    expect([...parseHosts('nonsense a\r\n1.2.3 a\r\n10.0.0.1 a\r\n10.0.0.1 a a\r\n')]).toEqual([
      ['a', ['10.0.0.1']],
    ]);
  });
});

describe('parseSearchList', () => {
  it('reads what Kubernetes writes', () => {
    const text =
      'nameserver 10.96.0.10\nsearch live.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n';
    expect(parseSearchList(text)).toEqual({
      domains: ['live.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
    });
  });

  it.each([
    ['', [], 1],
    ['domain example.com\n', ['example.com'], 1],
    ['search a\nsearch b. .\n', ['b'], 1],
    ['; search x\noptions edns0 ndots:0 trust-ad\n', [], 0],
    ['options ndots:99\n', [], 15],
    [`search ${'d '.repeat(100)}\n`, Array(8).fill('d'), 1],
    ['search ..a.. ..b..\n', ['a', 'b'], 1],
    ['domain a b c\n', ['a'], 1],
    ['search a\ndomain b\n', ['b'], 1],
    ['\n\n  \nsearch a # b\n', ['a'], 1],
    ['sortlist ndots:5\n', [], 1],
    ['options xndots:5 ndots:5x ndots:1234 ndots:\n', [], 1],
  ])('reads %j', (text, domains, ndots) => {
    expect(parseSearchList(text)).toEqual({ domains, ndots });
  });
});

describe('fullNames', () => {
  const list = { domains: ['x.local', 'local'], ndots: 2 };
  it.each([
    ['a', ['a.x.local', 'a.local', 'a']],
    ['a.b', ['a.b.x.local', 'a.b.local', 'a.b']],
    ['a.b.c', ['a.b.c', 'a.b.c.x.local', 'a.b.c.local']],
    ['a.', ['a']],
    ['origin-a.example.', ['origin-a.example']],
  ])('of %s', (name, expected) => {
    expect(fullNames(name, list)).toEqual(expected);
  });
});
