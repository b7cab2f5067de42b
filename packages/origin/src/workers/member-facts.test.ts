import type { MemberProfile } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { ToldFacts } from './member-facts.js';
import type { MemberFacts } from './messages.js';

const PROFILE = { name: 'a' } as MemberProfile;

const fact = (change: Partial<MemberFacts> = {}): MemberFacts => ({
  id: 'a',
  isSelf: false,
  liveness: 'alive',
  connected: true,
  profile: PROFILE,
  rttMs: 1,
  ...change,
});

/** Facts that were told, and a look at each of those that follow: whether they are told. */
function looks(...following: readonly (readonly MemberFacts[])[]): readonly boolean[] {
  const told = new ToldFacts();
  expect(told.look([fact()])).toBe(true);
  return following.map((facts) => told.look(facts));
}

describe('what workers are told of members', () => {
  it.each<[string, readonly MemberFacts[]]>([
    ['one is not connected any more', [fact({ connected: false })]],
    ['one is not alive any more', [fact({ liveness: 'suspect' })]],
    ['one has another profile', [fact({ profile: { ...PROFILE } })]],
    ['one is reached elsewhere', [fact({ dialledAt: '192.0.2.1' })]],
    ['one comes from elsewhere', [fact({ remoteIp: '192.0.2.1' })]],
    ['how near one is gets known for the first time', [{ ...fact(), rttMs: undefined } as never]],
    ['one more is known', [fact(), fact({ id: 'b' })]],
    ['one is forgotten', []],
    ['one has taken the place of another', [fact({ id: 'b' })]],
  ])('is told at once, and once, where %s', (_, facts) => {
    expect(looks(facts, facts)).toEqual([true, false]);
  });

  it('is not told again for round trips that go up and down', () => {
    const jitter = Array.from({ length: 100 }, (_, look) => [fact({ rttMs: look % 3 === 0 ? 1 : 5 })]);
    expect(looks(...jitter)).not.toContain(true);
  });

  it('is told once where a member stays nearer or farther', () => {
    const farther = Array.from({ length: 100 }, () => [fact({ rttMs: 5 })]);
    expect(looks(...farther).filter((isTold) => isTold)).toHaveLength(1);
  });
});
