import type { Owner } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { type DrainFacts, stillHere } from './drain-progress.js';

const facts = (given: Partial<DrainFacts>, publishers = 0, players = 0): DrainFacts => ({
  load: { publishers, players, outboundKbps: 0 },
  pulls: [],
  asked: 0,
  forwarded: 0,
  unanswered: [],
  ...given,
});
/** Streams `b` and `c` have another owner, and that of `c` sends nothing yet. */
const directory = {
  self: 'self',
  owners: (key: string) => {
    const claim = key === 'c' ? { silent: true } : {};
    const owner = { member: 'o', liveness: 'alive', profile: { draining: false }, claim };
    return key === 'a' ? [] : [owner as unknown as Owner];
  },
};
const told = (...[step, given]: [Parameters<typeof stillHere>[0], DrainFacts]) =>
  stillHere(step, given, directory).map(({ kind, because, count }) => `${count} ${kind} ${because}`);

describe('who is still on a member that drains', () => {
  it('is nobody where nobody is', () => expect(told('relays-move', facts({}))).toEqual([]));

  it('says why publishers are: asked, waiting for relays, or being closed', () => {
    expect(told('relays-move', facts({ asked: 2 }, 5))).toEqual([
      '2 publisher asked-to-reconnect',
      '3 publisher waits-for-relays',
    ]);
    expect(told('publishers-leave', facts({ asked: 2 }, 5))).toContain('3 publisher closing');
  });

  it('tells publishers that are forwarded from those that are published here', () => {
    expect(told('players-leave', facts({ forwarded: 2 }, 5))).toEqual([
      '2 publisher forwarded',
      '3 publisher closing',
    ]);
    expect(told('players-leave', facts({ forwarded: 3 }, 2))).toEqual(['2 publisher forwarded']);
  });

  it('tells relays that move from those that have nowhere to go, and counts them as no players', () => {
    expect(told('players-leave', facts({ pulls: ['a', 'b', 'a'] }, 0, 7))).toEqual([
      '1 relay moving',
      '2 relay no-other-owner',
      '4 player plays-on',
    ]);
  });

  it('tells a relay whose other owner sends nothing yet as one that moves, for as long as it is waited for', () => {
    expect(told('relays-move', facts({ pulls: ['c'] }))).toEqual(['1 relay moving']);
    expect(told('players-leave', facts({ pulls: ['c'] }))).toEqual(['1 relay no-other-owner']);
  });
});
