import { beforeEach, describe, expect, it } from 'vitest';
import type { Fact } from './effects.js';
import type { Peer } from './peer.js';
import { Step } from './step.js';
import { KnownPeers } from './testing/known-peers.js';
import { settleVersion } from './version-check.js';
import type { VersionRange } from './versions.js';

const OWN: VersionRange = { min: 2, max: 3 };

let peer: Peer;

beforeEach(() => {
  peer = new KnownPeers().meet('x', { addresses: ['x:1'] });
});

/** It greets. Whether a version is common with it, and what people are told. */
function greets(
  speaks: VersionRange | undefined,
  program = '1.0.0',
): { readonly isCommon: boolean; readonly facts: readonly Fact[] } {
  const step = new Step(20_000);
  const position = { generation: 1, version: 0 };
  const hello = { kind: 'hello', name: 'far', program, position, addresses: [], members: [] } as const;
  const isCommon = settleVersion(OWN, { ...hello, ...(speaks && { speaks }) }, peer, step);
  return { isCommon, facts: step.effects.facts };
}

const UPGRADE_THAT = 'upgrade that member, by way of a release that speaks both versions';
const UPGRADE_THIS = 'upgrade this member, by way of a release that speaks both versions';

describe('settleVersion', () => {
  it.each([
    [2, { min: 1, max: 2 }],
    [3, { min: 1, max: 5 }],
    [3, { min: 3, max: 4 }],
  ])('agrees on version %i with who speaks %j', (version, speaks) => {
    expect(greets(speaks)).toEqual({ isCommon: true, facts: [] });
    expect(peer.version).toBe(version);
  });

  it.each([
    ['1', UPGRADE_THAT, { min: 1, max: 1 }],
    ['1', UPGRADE_THAT, undefined],
    ['4', UPGRADE_THIS, { min: 4, max: 4 }],
    ['4 to 6', UPGRADE_THIS, { min: 4, max: 6 }],
  ])('tells people of one that speaks version %s alone: %s', (otherVersions, hint, speaks) => {
    const { isCommon, facts } = greets(speaks);
    expect([isCommon, peer.version]).toEqual([false, null]);
    expect(facts).toEqual([
      {
        level: 'error',
        msg: 'no common protocol version',
        fields: {
          member: 'x',
          memberName: 'far',
          program: '1.0.0',
          addresses: ['x:1'],
          ownVersions: '2 to 3',
          otherVersions,
          reason:
            'the two members have no version of the mesh protocol in common, so neither hears the other',
          hint,
        },
      },
    ]);
  });

  it('tells it once, and again where the other one has another release or other versions', () => {
    const told = [
      greets({ min: 1, max: 1 }),
      greets({ min: 1, max: 1 }),
      greets({ min: 1, max: 1 }, '1.0.1'),
      greets({ min: 5, max: 6 }, '1.0.1'),
      greets({ min: 5, max: 6 }, '1.0.1'),
    ];
    expect(told.map(({ facts }) => facts.length)).toEqual([1, 0, 1, 1, 0]);
    expect(told.map(({ isCommon }) => isCommon)).toEqual(Array(5).fill(false));
  });
});
