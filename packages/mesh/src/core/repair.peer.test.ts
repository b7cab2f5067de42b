import { OwnLog } from '@headwater/directory';
import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { Dispute } from './dispute.js';
import { GAP_PATIENCE_MS, PARTS_WINDOW, PULLS_PER_SECOND_MAX } from './limits.js';
import type { DeltaPart, Pull } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import { Penalties } from './penalties.js';
import { Repair } from './repair.js';
import { Step } from './step.js';
import { claimsDelta, GENERATION, withProfile } from './testing/followed-log.js';
import { meet, peersOf } from './testing/met-peers.js';

/** This member's own start. */
const OWN = 3;

const at = (version: number) => ({ generation: GENERATION, version });
const partOf = (delta: DeltaPart['delta'], last: boolean, pull = 1, index = 0): DeltaPart => ({
  kind: 'delta-part',
  pull,
  index,
  last,
  delta,
});
const pullFrom = (generation: number, version: number): Pull => ({
  kind: 'pull',
  pull: 5,
  held: { generation, version },
});

let peers: Peers;
let owner: Peer;
let log: OwnLog;
let dispute: Dispute;
let repair: Repair;

function start(streamsPerMemberMax?: number): void {
  peers = peersOf('self', streamsPerMemberMax);
  owner = meet(peers, 'owner', 0, at(0));
  log = new OwnLog('self', OWN, 100);
  log.setProfile(profileOf('self'));
  dispute = new Dispute(OWN, 800, 0);
  repair = new Repair({ log }, new Penalties(peers), dispute);
}

/** What a step at that moment does. */
function step(now: number, act: (step: Step) => void) {
  const one = new Step(now);
  act(one);
  const { effects } = one;
  return { ...effects, messages: effects.sends.map(({ message }) => message) };
}

const pullAt = (now: number, isUrgent = true, peer = owner) =>
  step(now, (one) => repair.pullIfBehind(peer, isUrgent, one)).messages;
const hearAt = (now: number, part: DeltaPart) => step(now, (one) => repair.heardPart(owner, part, one));

beforeEach(() => start());

describe('a member that is behind', () => {
  it('asks each owner once, by a number of its own', () => {
    const other = meet(peers, 'other', 0);
    other.follower.told({ generation: 1, version: 1 }, 0);
    owner.follower.told(at(2), 0);
    expect(pullAt(0)).toEqual([{ kind: 'pull', pull: 1, held: at(0) }]);
    expect(pullAt(0)).toEqual([]);
    expect(pullAt(0, true, other)).toMatchObject([{ pull: 2 }]);
  });

  it.each([
    ['has not greeted', () => peers.connected('other', 0)],
    [
      'is disconnected',
      () => {
        owner.disconnected(0);
        return owner;
      },
    ],
    [
      'left',
      () => {
        owner.left(GENERATION, 0);
        return owner;
      },
    ],
  ])('does not ask an owner that %s', (_, ownerThen) => {
    const peer = ownerThen();
    peer.follower.told(at(2), 0);
    expect(pullAt(0, true, peer)).toEqual([]);
  });

  it('asks for the next window when it has taken one', () => {
    owner.follower.told(at(5), 0);
    pullAt(0);
    const window = partOf(claimsDelta(0, 1), false, 1, PARTS_WINDOW - 1);
    expect(hearAt(1, window).messages).toEqual([{ kind: 'more', pull: 1 }]);
    expect(hearAt(2, partOf(claimsDelta(1, 2), false, 1, PARTS_WINDOW)).messages).toEqual([]);
  });

  it('asks again at the end of an answer where that leaves it behind', () => {
    owner.follower.told(at(1), 0);
    pullAt(0);
    owner.follower.told(at(2), 100);
    expect(hearAt(500, partOf(claimsDelta(0, 1), true)).messages).toEqual([
      { kind: 'pull', pull: 2, held: at(1) },
    ]);
  });

  it('gives late news their time also at the end of an answer', () => {
    owner.follower.told(at(1), 0);
    pullAt(0);
    owner.follower.news(claimsDelta(0, 1), 10);
    owner.follower.told(at(2), 500);
    expect(hearAt(501, partOf(claimsDelta(0, 1), true)).messages).toEqual([]);
    expect(pullAt(499 + GAP_PATIENCE_MS, false)).toEqual([]);
    expect(pullAt(500 + GAP_PATIENCE_MS, false)).toMatchObject([{ held: at(1) }]);
  });

  it('asks for nothing because of parts that nobody waits for', () => {
    owner.follower.told(at(9), 0);
    expect(hearAt(500, partOf(claimsDelta(0, 1), false)).messages).toEqual([]);
  });
});

describe('what an owner says', () => {
  it('is told of: its streams, and that its profile changed', () => {
    const first = hearAt(0, partOf(withProfile(claimsDelta(0, 2)), false));
    expect([...first.changedStreams]).toEqual([claimOf('s2').key]);
    expect([...first.changedMembers]).toEqual(['owner']);
    const second = hearAt(0, partOf(claimsDelta(2, 3), true));
    expect([...second.changedStreams]).toEqual([claimOf('s3').key]);
    expect([...second.changedMembers]).toEqual([]);
    expect([...first.facts, ...second.facts]).toEqual([]);
  });

  it('is no more than its own: who speaks for another member commits an offence', () => {
    const { facts } = hearAt(0, partOf({ ...claimsDelta(0, 1), member: 'other' }, true));
    expect(facts).toMatchObject([
      {
        level: 'warn',
        msg: 'message dropped',
        fields: { member: 'owner', reason: 'spoke for another member' },
      },
    ]);
    expect(peers.directory.position('other').version).toBe(0);
  });

  it('is refused, and people are told, where it claims more than one member may', () => {
    start(3);
    const { facts, disconnects } = hearAt(0, partOf(claimsDelta(0, 4), true));
    expect(facts).toMatchObject([
      {
        level: 'warn',
        msg: 'member over a limit',
        fields: { member: 'owner', reason: 'claims more streams than are kept of one' },
      },
    ]);
    expect(disconnects).toEqual([]);
  });

  it('makes it one whose log was held as a whole, once all came', () => {
    owner.follower.told(at(2), 0);
    hearAt(0, partOf(claimsDelta(0, 1), false));
    expect(owner.wasSynced).toBe(false);
    hearAt(0, partOf(claimsDelta(1, 2), true));
    expect(owner.wasSynced).toBe(true);
  });

  it('does not make it one whose log is held where others brought it: there may be more', () => {
    owner.disconnected(0);
    step(0, (one) => repair.take(owner, owner.follower.news(claimsDelta(0, 1), 0), one));
    expect([owner.follower.isWhole, owner.wasSynced]).toEqual([true, false]);
  });
});

describe('a member that is asked', () => {
  const pulledAt = (now: number, pull: Pull) => step(now, (one) => repair.heardPull(owner, pull, one));

  it('answers, and has nothing more to do where that is all', () => {
    log.claim(claimOf('s2'));
    expect(pulledAt(0, pullFrom(OWN, 1)).messages).toMatchObject([
      { kind: 'delta-part', pull: 5, index: 0, last: true, delta: { member: 'self', from: 1, to: 2 } },
    ]);
    expect(repair.isWorking).toBe(false);
  });

  it('answers so many in a second, and tells people of more', () => {
    for (let pulls = 0; pulls < PULLS_PER_SECOND_MAX; pulls += 1) {
      const { messages, facts } = pulledAt(0, pullFrom(OWN, 1));
      expect([messages.length, facts.length]).toEqual([1, 0]);
    }
    const { messages, facts, disconnects } = pulledAt(0, pullFrom(OWN, 1));
    expect([messages, disconnects]).toEqual([[], []]);
    expect(facts).toMatchObject([
      {
        level: 'warn',
        msg: 'member over a limit',
        fields: { member: 'owner', reason: 'asks for repair too often' },
      },
    ]);
    expect(pulledAt(1_000, pullFrom(OWN, 1)).messages).toHaveLength(1);
  });

  it.each([
    ['this start', OWN, 4, 4],
    ['an earlier start', OWN - 1, 9, 0],
    ['a later start', OWN + 1, 9, 0],
    ['nothing', 0, 0, 0],
  ])('knows how much of its log is held by who holds %s', (_, generation, version, holds) => {
    pulledAt(0, pullFrom(generation, version));
    expect(owner.holds).toBe(holds);
  });

  it.each([
    [
      'a later start of it than itself: two hold its identity',
      OWN + 1,
      { generation: OWN + 1, by: ['owner'] },
    ],
    ['this start', OWN, null],
    ['an earlier one', OWN - 1, null],
  ])('learns that the asker holds %s', (_, generation, disputed) => {
    pulledAt(0, pullFrom(generation, 1));
    dispute.judge(OWN, ['owner'], 0);
    expect(dispute.disputed).toEqual(disputed && expect.objectContaining(disputed));
  });
});
