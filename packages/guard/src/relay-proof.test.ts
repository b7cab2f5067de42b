import { describe, expect, it } from 'vitest';
import { checkRelayProof, relayKeysOf, relayProof } from './relay-proof.js';

const KEYS = relayKeysOf([
  'mesh key of this mesh, 32 bytes or more',
  'the mesh key before that, 32 bytes...',
]);
const [FIRST = '', SECOND = ''] = KEYS;
const KEY = '__defaultVhost__/live/s1';
const PULL = { puller: 'c', asked: 'a', relayOf: null, key: KEY };
const AT = 1_800_000_000;
const check = (query: string, more: object = {}, nowS = AT) =>
  checkRelayProof(query, { asked: 'a', relayOf: null, key: KEY, ...more }, KEYS, nowS);

describe('the proof of a pull', () => {
  const query = `headwater=relay&member=c&${relayProof(PULL, FIRST, AT)}`;

  it('is for this member and this stream, by any mesh key that is accepted', () => {
    expect(check(query)).toBe('valid');
    expect(check(relayProof(PULL, SECOND, AT))).toBe('valid');
    expect(check(query, { asked: 'b' })).toBe('invalid');
    expect(check(query, { key: '__defaultVhost__/live/s2' })).toBe('invalid');
    expect(check(query, { relayOf: 'b' })).toBe('invalid');
    expect(check(query.replace('puller=c', 'puller=d'))).toBe('invalid');
    expect(check(relayProof(PULL, relayKeysOf(['another mesh'])[0] ?? '', AT))).toBe('invalid');
  });

  it('is none of a publish that is forwarded, nor the other way round', () => {
    expect(check(query, { action: 'forward' })).toBe('invalid');
    const forward = relayProof({ ...PULL, action: 'forward', relayOf: 'b' }, FIRST, AT);
    expect(check(forward, { relayOf: 'b' })).toBe('invalid');
    expect(check(forward, { action: 'forward', relayOf: 'b' })).toBe('valid');
    // Whose place it takes is part of it.
    expect(check(forward, { action: 'forward' })).toBe('invalid');
  });

  it('is worthless after 30 s, or when made for longer', () => {
    expect(check(query, {}, AT + 24)).toBe('valid');
    expect(check(query, {}, AT + 30)).toBe('expired');
    // The asked member's clock may be as much behind, and no more.
    expect(check(query, {}, AT - 25)).toBe('valid');
    expect(check(query, {}, AT - 26)).toBe('expired');
  });

  it.each([
    ['headwater=relay&member=c', 'missing'],
    ['proof=', 'invalid'],
    [`${query}&${query}`, 'invalid'],
    [query.replace(/proof=./, 'proof=%00'), 'invalid'],
    [`proof=${'0'.repeat(65_536)}&puller=c&expires=1`, 'invalid'],
    [query.replace(/expires=\d+/, 'expires=1e99'), 'invalid'],
  ])('takes no %s', (bad, said) => {
    expect(check(bad)).toBe(said);
  });

  it('is made of keys that cannot open the mesh', () => {
    expect(FIRST).not.toContain('mesh key');
    expect(relayKeysOf(['x'])).toEqual(relayKeysOf(['x']));
    expect(FIRST).not.toBe(SECOND);
  });
});
