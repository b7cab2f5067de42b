import { describe, expect, it } from 'vitest';
import type { Whereabouts } from './input.js';
import { PeerAddresses } from './peer-addresses.js';

describe('PeerAddresses', () => {
  it.each([
    ['dialled there', { dialled: '10.0.0.1:7946' }, ['10.0.0.1:7946'], ['10.0.0.1:7946']],
    ['dialled by another name', { dialled: 'mesh:7946' }, ['10.0.0.1:7946'], []],
    ['comes from there', { seenAs: '10.0.0.1' }, ['10.0.0.1:7946'], ['10.0.0.1:7946']],
    ['comes from elsewhere', { seenAs: '10.0.0.2' }, ['10.0.0.1:7946'], []],
    ['a host that begins alike', { seenAs: '10.0.0.1' }, ['10.0.0.10:7946'], []],
    ['IPv4 on a socket for both', { seenAs: '::ffff:10.0.0.1' }, ['10.0.0.1:7946'], ['10.0.0.1:7946']],
    ['IPv6', { seenAs: 'fd00::1' }, ['[fd00::1]:7946'], ['[fd00::1]:7946']],
    [
      'IPv6 with the digits of an IPv4 host',
      { seenAs: 'fd00::ffff:10.0.0.1' },
      ['[fd00::ffff:10.0.0.1]:7946'],
      ['[fd00::ffff:10.0.0.1]:7946'],
    ],
    ['a name, which says nothing', { seenAs: '10.0.0.1' }, ['origin-a:7946'], []],
    ['one of several', { seenAs: '10.0.0.1' }, ['origin-a:7946', '10.0.0.1:7946'], ['10.0.0.1:7946']],
    ['nothing known', {}, ['10.0.0.1:7946'], []],
  ])('%s: proves what it should', (_, from, announced, proved) => {
    const addresses = new PeerAddresses();
    addresses.seen(from);
    addresses.announced(announced);
    expect(addresses.proved).toEqual(proved);
    addresses.disconnected();
    expect(addresses.proved).toEqual([]);
  });

  it.each<[string, Whereabouts, readonly string[], readonly string[]]>([
    ['its own word first, then where it was dialled', { dialled: 'b:1' }, ['a:1'], ['a:1', 'b:1']],
    ['its own word alone where it was dialled there', { dialled: 'a:1' }, ['a:1'], ['a:1']],
    [
      'the host that it comes from, with the port that it says',
      { seenAs: '10.0.0.1' },
      ['a:1'],
      ['a:1', '10.0.0.1:1'],
    ],
    ['an IPv6 host in brackets', { seenAs: 'fd00::1' }, ['a:7946'], ['a:7946', '[fd00::1]:7946']],
    ['the port after an IPv6 host', { seenAs: '10.0.0.1' }, ['[fd00::1]:7'], ['[fd00::1]:7', '10.0.0.1:7']],
    ['nothing but its word where nothing else is known', {}, ['a:1'], ['a:1']],
    ['nothing where it says no port', { seenAs: '10.0.0.1' }, [], []],
    ['three of its own', { dialled: 'x:1' }, ['a:1', 'b:1', 'c:1', 'd:1'], ['a:1', 'b:1', 'c:1', 'x:1']],
  ])('are tried after a hello: %s', (_, from, announced, all) => {
    const addresses = new PeerAddresses();
    addresses.seen(from);
    addresses.announced(announced);
    expect(addresses.all).toEqual(all);
    expect(addresses.whereabouts).toBe(from);
  });

  it('are, before its own word, where it was reached first', () => {
    const addresses = new PeerAddresses();
    expect([addresses.all, addresses.whereabouts]).toEqual([[], {}]);
    addresses.seen({ seenAs: '10.0.0.1' });
    expect(addresses.all).toEqual([]);
    addresses.seen({ dialled: 'a:1' });
    addresses.seen({ dialled: 'b:1' });
    expect(addresses.all).toEqual(['a:1']);
    addresses.heard(['c:1']);
    expect(addresses.all).toEqual(['a:1', 'c:1']);
    expect(addresses.whereabouts).toEqual({ dialled: 'b:1' });
  });

  it('keep a proof while another connection tells something else', () => {
    const addresses = new PeerAddresses();
    addresses.seen({ dialled: 'origin-a:7946' });
    addresses.seen({ seenAs: '10.0.0.1' });
    addresses.announced(['origin-a:7946']);
    expect(addresses.proved).toEqual(['origin-a:7946']);
    expect(addresses.all).toEqual(['origin-a:7946', '10.0.0.1:7946']);
  });

  it('hearsay proves nothing, and ends with the member own word', () => {
    const addresses = new PeerAddresses();
    addresses.seen({ seenAs: '10.0.0.1' });
    expect(addresses.heard(['10.0.0.1:7946'])).toBe(true);
    expect(addresses.heard(['10.0.0.1:7946'])).toBe(false);
    expect([addresses.proved, addresses.announcedByItself]).toEqual([[], []]);
    addresses.heard(['10.0.0.5:7946']);
    expect(addresses.all).toEqual(['10.0.0.5:7946', '10.0.0.1:7946']);
    addresses.announced(['10.0.0.9:7946']);
    expect(addresses.all).toEqual(['10.0.0.9:7946', '10.0.0.1:7946']);
    addresses.heard(['10.0.0.7:7946']);
    expect(addresses.all).toEqual(['10.0.0.9:7946', '10.0.0.1:7946', '10.0.0.7:7946']);
  });

  it('hearsay is what two said last, so that a lie hides nothing at once', () => {
    const addresses = new PeerAddresses();
    addresses.heard(['10.0.0.1:7946']);
    expect(addresses.heard(['nowhere:7946', '10.0.0.1:7946'])).toBe(true);
    expect(addresses.all).toEqual(['nowhere:7946', '10.0.0.1:7946']);
    addresses.heard(['10.0.0.1:7946']);
    addresses.heard(['elsewhere:7946']);
    expect(addresses.all).toEqual(['elsewhere:7946', '10.0.0.1:7946']);
    addresses.heard(['a:1', 'b:1', 'c:1', 'd:1', 'e:1']);
    expect(addresses.all).toEqual(['a:1', 'b:1', 'c:1', 'd:1', 'elsewhere:7946']);
    addresses.heard(['f:1']);
    expect(addresses.all).toEqual(['f:1', 'a:1', 'b:1', 'c:1', 'd:1']);
  });
});
