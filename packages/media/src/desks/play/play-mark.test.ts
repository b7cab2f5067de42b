import { describe, expect, it } from 'vitest';
import {
  isByMember,
  readPlayMark,
  readRelayOf,
  readReplayMs,
  readVia,
  relayQuery,
  withPlayMark,
} from './play-mark.js';

describe('play marks', () => {
  it.each([
    ['', 'none'],
    ['token=x', 'none'],
    ['headwater=relay', 'relay'],
    ['token=x&headwater=redirected', 'redirected'],
    ['headwater=other', 'none'],
    ['xheadwater=relay', 'none'],
    ['%zz=%', 'none'],
  ] as const)('%j is %s', (query, mark) => {
    expect(readPlayMark(query)).toBe(mark);
  });

  it('are added once, and nothing else changes', () => {
    expect(withPlayMark('', 'relay')).toBe('headwater=relay');
    expect(withPlayMark('token=a%20b&x', 'redirected')).toBe('token=a%20b&x&headwater=redirected');
    expect(withPlayMark('headwater=relay&a=1', 'redirected')).toBe('a=1&headwater=redirected');
    expect(withPlayMark('headwater&headwater-via&headwaters=1&&a', 'relay')).toBe(
      'headwaters=1&a&headwater=relay',
    );
  });
});

it.each([
  ['', false],
  ['token=x', false],
  ['headwater=relay', true],
  ['token=x&headwater=redirected', true],
  ['headwater=forward', true],
  ['headwater=other', false],
  ['headwater=', false],
])('what comes with %j is by a member: %j', (query, isOurs) => {
  expect(isByMember(query)).toBe(isOurs);
});

describe('the replay that a pull asks for', () => {
  it.each([
    ['headwater=relay&replay=5000', 5000],
    ['replay=0', 0],
    ['headwater=relay', 0],
    ['replay=-5', 0],
    ['replay=1e9', 0],
    ['replay=99999999999999', 0],
    ['replay=999999999', 60_000],
    ['replay=%zz', 0],
  ])('%j is %i ms', (query, expected) => {
    expect(readReplayMs(query)).toBe(expected);
  });

  it('is asked for where there is something to go on from', () => {
    const pull = { memberName: 'a', relayOf: null };
    expect(relayQuery({ ...pull, replayMs: 0 })).toBe('headwater=relay&member=a');
    expect(readReplayMs(relayQuery({ ...pull, replayMs: 4999.6 }))).toBe(5000);
  });

  it('stands between whose media is asked for and what proves who asks', () => {
    const pull = { memberName: 'a b', relayOf: 'm&2', replayMs: 1, via: 'relay-0001' };
    const query = 'headwater=relay&member=a%20b&owner=m%262&replay=1&headwater-via=relay-0001';
    expect(relayQuery(pull)).toBe(query);
    expect(relayQuery({ ...pull, proof: 'at=1&proof=x' })).toBe(`${query}&at=1&proof=x`);
  });
});

describe('the owner whose media a pull asks for', () => {
  const ID = '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf';
  it.each([
    [`headwater=relay&owner=${ID}`, ID],
    ['owner=m2', 'm2'],
    ['headwater=relay', undefined],
    ['owner=', undefined],
    [`owner=${'a'.repeat(64)}`, 'a'.repeat(64)],
    [`owner=${'a'.repeat(65)}`, undefined],
    ['owner=a%20b', undefined],
    ['owner=a%0d%0ab', undefined],
    ['owner=%20a', undefined],
    ['owner=%zz', undefined],
  ])('of %j is %s', (query, expected) => {
    expect(readRelayOf(query)).toBe(expected);
  });
});

describe('the id of what a play comes from', () => {
  it('stands behind the mark, in place of one that came', () => {
    expect(withPlayMark('a=1&headwater-via=made-up-id&headwater=relay', 'redirected', 'id-of-a-play')).toBe(
      'a=1&headwater=redirected&headwater-via=id-of-a-play',
    );
    expect(relayQuery({ memberName: 'a', replayMs: 0, relayOf: null, via: 'relay-0001' })).toBe(
      'headwater=relay&member=a&headwater-via=relay-0001',
    );
  });

  it.each([
    ['', undefined],
    ['a=1', undefined],
    ['headwater-via=0b0f9d4e-5b0a-4a53-8d0e-0f6d9a1c2b3d', '0b0f9d4e-5b0a-4a53-8d0e-0f6d9a1c2b3d'],
    ['headwater-via=short', undefined],
    [`headwater-via=${'x'.repeat(65)}`, undefined],
    ['headwater-via=abcdefgh%0aijkl', undefined],
    ['headwater-via=%22onload%3D12345', undefined],
    ['headwater-via=%20abcdefgh', undefined],
    ['headwater-via=abcdefgh%20', undefined],
    ['headwater-via=%E0%A4%A', undefined],
  ])('is read of %s as %s', (query, via) => {
    expect(readVia(query)).toBe(via);
  });
});

it.each([
  ['headwater=relay', true],
  ['headwater=redirected', true],
  ['headwater=forward', true],
  ['token=1&headwater=relay&member=b', true],
  ['', false],
  ['token=1', false],
  ['headwater', false],
  ['headwater=1', false],
  ['headwater=relay1', false],
])('a query that a member made, not a client: "%s" %s', (query, expected) => {
  expect(isByMember(query)).toBe(expected);
});
