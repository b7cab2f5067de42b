import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Effects } from './effects.js';
import { CUT_OFF_MS, EXCESS_TOLD_EVERY_MS, OFFENCES_MAX, TWIN_TOLD_EVERY_MS } from './limits.js';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';
import { Penalties } from './penalties.js';
import { Step } from './step.js';
import { greet } from './testing/greet.js';

const AT = 50_000;
const NAMED = { member: 'peer', memberName: 'origin-a' };

let peers: Peers;
let peer: Peer;
let penalties: Penalties;

beforeEach(() => {
  const directory = new Directory('self', profileOf('self'), { membersMax: 8, streamsPerMemberMax: 8 });
  peers = new Peers(directory, { suspectAfterMs: 1_800, deadAfterMs: 900 }, { ms: 0 }, () => 0);
  penalties = new Penalties(peers);
  peer = peers.connected('peer', AT);
  peer.follower.told({ generation: 7, version: 0 }, AT);
  greet(peer, 7, AT, { name: 'origin-a', addresses: ['a:7946'] });
});

function at(now: number, act: (step: Step) => void): Effects {
  const step = new Step(now);
  act(step);
  return step.effects;
}

const offend = (now = AT): Effects => at(now, (step) => penalties.offence(peer, 'no valid signature', step));

describe('an offence', () => {
  it('is told of with who did it', () => {
    const { facts, disconnects } = offend();
    expect(facts).toEqual([
      {
        level: 'warn',
        msg: 'message dropped',
        fields: { ...NAMED, addresses: ['a:7946'], reason: 'no valid signature', offences: 1 },
      },
    ]);
    expect(disconnects).toEqual([]);
  });

  it('is told of more and more seldom, until who goes on is cut off', () => {
    const told = Array.from({ length: OFFENCES_MAX }, offend).map(({ facts, disconnects }) => ({
      lines: facts.map(({ fields }) => fields.offences),
      disconnects,
    }));
    expect(told.flatMap(({ lines }) => lines)).toEqual([1, 2, 4, 8, 16]);
    expect(told.flatMap(({ disconnects }) => disconnects)).toEqual([]);
    const { facts, disconnects } = offend();
    expect(facts).toEqual([
      {
        level: 'error',
        msg: 'member cut off',
        fields: {
          ...NAMED,
          addresses: ['a:7946'],
          reason: 'no valid signature',
          offences: OFFENCES_MAX + 1,
          refusedMs: CUT_OFF_MS,
        },
      },
    ]);
    expect(disconnects).toEqual([{ peer: 'peer', reason: 'cut-off', refuseMs: CUT_OFF_MS }]);
  });

  it('of who is not known any more has no consequence', () => {
    const { facts, disconnects } = at(AT, (step) => penalties.offence(undefined, 'malformed', step));
    expect([facts, disconnects]).toEqual([[], []]);
  });
});

describe('a member over a limit', () => {
  it('is told of now and then, and is no offender: a later version may have raised the limit', () => {
    const excessAt = (now: number) => at(now, (step) => penalties.excess(peer, 'too many streams', step));
    const { facts, disconnects } = excessAt(AT);
    expect(facts).toEqual([
      { level: 'warn', msg: 'member over a limit', fields: { ...NAMED, reason: 'too many streams' } },
    ]);
    const later = [1, EXCESS_TOLD_EVERY_MS - 1, EXCESS_TOLD_EVERY_MS].map((ms) => excessAt(AT + ms));
    expect(later.map((effects) => effects.facts.length)).toEqual([0, 0, 1]);
    expect([disconnects, peer.offences.total]).toEqual([[], 0]);
  });
});

describe('two processes with one identity key', () => {
  it('are told of to people now and then by one of them, with what to do', () => {
    const twinAt = (now: number) => at(now, (step) => penalties.twinOfSelf(7, 8, ['b', 'c'], step));
    const told = [0, 1, TWIN_TOLD_EVERY_MS - 1, TWIN_TOLD_EVERY_MS].map((ms) => twinAt(AT + ms).facts);
    expect(told.map(({ length }) => length)).toEqual([1, 0, 0, 1]);
    expect(told[0]).toEqual([
      {
        level: 'error',
        msg: 'another member uses this identity key',
        fields: {
          member: 'self',
          ownGeneration: 7,
          otherGeneration: 8,
          heardFrom: ['b', 'c'],
          reason: expect.stringContaining('two running origins have one identity key'),
          hint: expect.stringContaining('give each origin a dataDir of its own'),
        },
      },
    ]);
  });

  it('are told of to people now and then by a third member, with both starts', () => {
    const twinsAt = (now: number) => at(now, (step) => penalties.twins(peer, 6, step));
    const told = [0, 1, TWIN_TOLD_EVERY_MS - 1, TWIN_TOLD_EVERY_MS].map((ms) => twinsAt(AT + ms).facts);
    expect(told.map(({ length }) => length)).toEqual([1, 0, 0, 1]);
    expect(told[0]).toEqual([
      {
        level: 'error',
        msg: 'two members use the same identity key',
        fields: {
          ...NAMED,
          addresses: ['a:7946'],
          generations: [6, 7],
          reason: expect.stringContaining('two starts of one member'),
          hint: expect.stringContaining('give each origin a dataDir of its own'),
        },
      },
    ]);
  });

  it('are told of for each identity by itself', () => {
    const other = peers.connected('other', AT);
    const told = [peer, other, peer].map(
      (one) => at(AT, (step) => penalties.twins(one, 6, step)).facts.length,
    );
    expect(told).toEqual([1, 1, 0]);
  });
});
