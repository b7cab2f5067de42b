import { describe, expect, it } from 'vitest';
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
    addresses.announced(['10.0.0.9:7946']);
    expect(addresses.all).toEqual(['10.0.0.9:7946', '10.0.0.1:7946']);
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
