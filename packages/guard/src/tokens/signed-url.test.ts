import { describe, expect, it } from 'vitest';
import { askOf, GuardWorld, NAME, NOW_S, rulesOf } from '../testing/guard-world.js';
import { type SignedScope, signedQuery } from './signed-url.js';

const KEY = 'the-key-of-today-1234';
const TOMORROW = 'the-key-of-tomorrow-1';
const SCOPE: SignedScope = {
  action: 'publish',
  name: 'live/s1',
  isPrefix: false,
  expires: NOW_S + 60,
  address: '',
};
const world = () => new GuardWorld({ publish: rulesOf({ token: { keys: [KEY, 'the-key-of-yesterday'] } }) });
const saidOf = (query: string, more: Partial<typeof NAME> = {}) =>
  world().said({ query, name: { ...NAME, ...more } });

describe('a signed URL', () => {
  it('is the HMAC of a text that docs/auth.md writes out', () => {
    expect(signedQuery({ ...SCOPE, expires: 2_000_000_000 }, KEY)).toBe(
      'expires=2000000000&signature=b39cf9fd34331b950ce69cf26a0ee866e20b806d82afd0e0255b80e926038a70',
    );
  });

  it('allows what it was signed for, with any of the keys', async () => {
    expect(await saidOf(signedQuery(SCOPE, KEY))).toBe('allowed');
    expect(await saidOf(signedQuery(SCOPE, 'the-key-of-yesterday'))).toBe('allowed');
    expect(await saidOf(`a=b&${signedQuery(SCOPE, KEY)}&c=%2f`)).toBe('allowed');
  });

  it('counts from the parameters of the connect too, told in app and tcUrl', async () => {
    const query = signedQuery(SCOPE, KEY);
    expect(await world().said({}, { connectQuery: `${query}&${query}` })).toBe('allowed');
    const other = signedQuery({ ...SCOPE, expires: NOW_S + 61 }, KEY);
    expect(await world().said({}, { connectQuery: `${query}&${other}` })).toBe('token-twice');
  });

  it.each([
    ['nothing', '', 'credentials-missing'],
    ['an expired one', signedQuery({ ...SCOPE, expires: NOW_S }, KEY), 'token-expired'],
    ['one for another stream', signedQuery({ ...SCOPE, name: 'live/s2' }, KEY), 'token-signature'],
    ['one in another case', signedQuery({ ...SCOPE, name: 'live/S1' }, KEY), 'token-signature'],
    ['one for playing', signedQuery({ ...SCOPE, action: 'play' }, KEY), 'token-signature'],
    ['one for another vhost', signedQuery({ ...SCOPE, name: '//v/live/s1' }, KEY), 'token-signature'],
    ["one of tomorrow's key", signedQuery(SCOPE, TOMORROW), 'token-signature'],
    ['the same twice', `${signedQuery(SCOPE, KEY)}&${signedQuery(SCOPE, KEY)}`, 'token-twice'],
    ['two expiries', `${signedQuery(SCOPE, KEY)}&expires=${NOW_S + 99}`, 'token-twice'],
    [
      'a later expiry',
      signedQuery(SCOPE, KEY).replace(/expires=\d+/, `expires=${NOW_S + 99}`),
      'token-signature',
    ],
    ['a nul in the signature', signedQuery(SCOPE, KEY).replace('signature=', 'signature=%00'), 'token-form'],
    ['a nul in the prefix', `${signedQuery(SCOPE, KEY)}&prefix=live%00`, 'token-form'],
    ['lines in the address', `${signedQuery(SCOPE, KEY)}&address=%0a`, 'token-form'],
    [
      'a signature in capitals',
      signedQuery(SCOPE, KEY).replace(/signature=.*/, (text) =>
        text.toUpperCase().replace('SIGNATURE', 'signature'),
      ),
      'token-form',
    ],
    ['64 KB', `expires=${NOW_S + 60}&signature=${'a'.repeat(65_536)}`, 'query-too-long'],
    ['a prefix of 16 KB', `${signedQuery(SCOPE, KEY)}&prefix=${'a'.repeat(16_000)}`, 'token-form'],
    ['no expiry', signedQuery(SCOPE, KEY).replace(/expires=\d+&/, ''), 'token-form'],
    ['an expiry in hex', 'expires=0x7fffffff&signature=00', 'token-form'],
    [
      'the name of the parameter in another case',
      signedQuery(SCOPE, KEY).replace('signature', 'Signature'),
      'credentials-missing',
    ],
    [
      'the name of the parameter encoded, beside the plain one',
      `${signedQuery(SCOPE, KEY)}&%73ignature=00`,
      'token-twice',
    ],
    ['the same behind a semicolon', signedQuery(SCOPE, KEY).replace('&', ';'), 'credentials-missing'],
    [
      'an expiry with a fraction',
      signedQuery(SCOPE, KEY).replace(/expires=(\d+)/, 'expires=$1.5'),
      'token-form',
    ],
    ['a negative expiry', signedQuery(SCOPE, KEY).replace('expires=', 'expires=-'), 'token-form'],
    [
      'an expiry with a zero before it',
      signedQuery(SCOPE, KEY).replace('expires=', 'expires=0'),
      'token-form',
    ],
    [
      'an expiry beyond all numbers',
      signedQuery(SCOPE, KEY).replace('expires=', 'expires=9999999999'),
      'token-form',
    ],
    [
      'an expiry in other digits',
      signedQuery(SCOPE, KEY).replace('expires=1', 'expires=\u0661'),
      'token-form',
    ],
    ['an expiry with a plus', signedQuery(SCOPE, KEY).replace('expires=', 'expires=%2B'), 'token-form'],
    ['an empty prefix', `${signedQuery(SCOPE, KEY)}&prefix=`, 'token-form'],
    ['an empty address', `${signedQuery(SCOPE, KEY)}&address=`, 'token-form'],
    ['a signature that is cut', signedQuery(SCOPE, KEY).slice(0, -1), 'token-form'],
    ['lone surrogates and broken percent signs', 'signature=%ud800%&expires=%', 'token-form'],
  ])('refuses %s', async (_what, query, reason) => {
    expect(await saidOf(query)).toBe(reason);
  });

  it('with a prefix is for all names that begin so, and no others', async () => {
    const query = signedQuery({ ...SCOPE, name: 'live/room/', isPrefix: true }, KEY);
    expect(await saidOf(query, { app: 'live/room' })).toBe('allowed');
    expect(await saidOf(query)).toBe('token-stream');
    expect(await saidOf(query, { vhost: 'v', app: 'live/room' })).toBe('token-stream');
    // A prefix is not the stream of that name, and the other way round.
    expect(await saidOf(signedQuery(SCOPE, KEY).concat('&prefix=live%2Fs1'))).toBe('token-signature');
  });

  it('of a name is not for one that goes on from it, nor for one that looks the same', async () => {
    const query = signedQuery(SCOPE, KEY);
    for (const stream of ['s10', 's', 's1/x', 's1 ', 's1\u200b', 'ѕ1'])
      expect(await saidOf(query, { stream })).toBe('token-signature');
    const composed = signedQuery({ ...SCOPE, name: 'live/\u00e9' }, KEY);
    expect(await saidOf(composed, { stream: '\u00e9' })).toBe('allowed');
    expect(await saidOf(composed, { stream: 'e\u0301' })).toBe('token-signature');
    // What a prefix means is what it says: a slash at its end is for whoever signs to write.
    const prefix = signedQuery({ ...SCOPE, name: 'live/s1', isPrefix: true }, KEY);
    expect(await saidOf(prefix, { stream: 's10' })).toBe('allowed');
  });

  it('means one address, however it is written', async () => {
    const forOne = (address: string) => askOf({ query: signedQuery({ ...SCOPE, address }, KEY) });
    expect(await world().said(forOne('::ffff:192.0.2.1'), { ip: '192.0.2.1' })).toBe('allowed');
    expect(await world().said(forOne('2001:DB8::1'), { ip: '2001:db8::1' })).toBe('allowed');
    expect(await world().said(forOne('fe80::1'), { ip: 'fe80::1%eth0' })).toBe('allowed');
    for (const address of ['192.0.2.10', '192.0.2', '192.0.2.1/24', '192.0.2.01', '0xc0000201', '*'])
      expect(await world().said(forOne(address), { ip: '192.0.2.1' })).toBe('token-address');
  });

  it('may be for one address', async () => {
    const query = signedQuery({ ...SCOPE, address: '2001:db8::1' }, KEY);
    expect(await world().said(askOf({ query }), { ip: '2001:db8:0::1' })).toBe('allowed');
    expect(await world().said(askOf({ query }), { ip: '192.0.2.1' })).toBe('token-address');
    expect(await saidOf(signedQuery({ ...SCOPE, address: '192.0.2.1' }, KEY))).toBe('allowed');
  });
});

describe("node-media-server's sign", () => {
  const nms = new GuardWorld({
    play: rulesOf({ token: { keys: ['nodemedia2017privatekey'], nodeMediaServer: true } }),
    publish: rulesOf({ token: { keys: ['nodemedia2017privatekey'] } }),
  });
  // MD5 of `/live/s1-1900000000-nodemedia2017privatekey`.
  const SIGN = 'sign=1900000000-SIGNED';

  it('counts where it is switched on', async () => {
    const { createHash } = await import('node:crypto');
    const md5 = createHash('md5').update('/live/s1-1900000000-nodemedia2017privatekey').digest('hex');
    const query = SIGN.replace('SIGNED', md5);
    expect(await nms.said({ action: 'play', query })).toBe('allowed');
    expect(await nms.said({ action: 'publish', query })).toBe('credentials-missing');
    expect(await nms.said({ action: 'play', query, name: { ...NAME, stream: 's2' } })).toBe(
      'token-signature',
    );
    expect(await nms.said({ action: 'play', query, name: { ...NAME, vhost: 'v' } })).toBe('token-signature');
    expect(await nms.said({ action: 'play', query: `${query}&${query}` })).toBe('token-twice');
    expect(await nms.said({ action: 'play', query: 'sign=x' })).toBe('token-form');
    const old = createHash('md5').update('/live/s1-1700000000-nodemedia2017privatekey').digest('hex');
    expect(await nms.said({ action: 'play', query: `sign=1700000000-${old}` })).toBe('token-expired');
  });
});
