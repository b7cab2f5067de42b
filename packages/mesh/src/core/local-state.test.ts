import { Directory, type Entry, type MemberProfile, type OwnerPolicy } from '@headwater/directory';
import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import type { Effects } from './effects.js';
import { DELTAS_PER_FLUSH, LOAD_LEVEL_INTERVAL_MS, STREAMS_PER_MEMBER_MAX } from './limits.js';
import { LocalState } from './local-state.js';
import { Step } from './step.js';

const SELF = 'self';
const BATCH_MS = 3;
const GENERATION = 7;
const profile: MemberProfile = profileOf(SELF);
const KEY = claimOf('s1').key;

interface Setting {
  readonly order?: OwnerPolicy;
  readonly profile?: MemberProfile;
}

/** What a member says of itself, its directory, and a clock. */
class Own {
  readonly directory: Directory;
  readonly state: LocalState;
  now = 10_000;

  constructor(setting: Setting = {}) {
    const options = {
      generation: GENERATION,
      profile,
      batchMs: BATCH_MS,
      order: 'primary',
      ...setting,
    } as const;
    const limits = { membersMax: 8, streamsPerMemberMax: STREAMS_PER_MEMBER_MAX };
    this.directory = new Directory(SELF, options.profile, limits);
    this.state = new LocalState(options, this.directory, new Step(this.now));
  }

  step(act: (state: LocalState, step: Step) => void): Effects {
    const step = new Step(this.now);
    act(this.state, step);
    return step.effects;
  }

  load(outboundKbps: number): Effects {
    return this.step((state, step) => state.setLoad({ players: 1, publishers: 2, outboundKbps }, step));
  }

  /** One whose first words went out, and are over. */
  static quiet(setting?: Setting): Own {
    const own = new Own(setting);
    own.step((state, step) => state.flush(step, true));
    own.now += 60_000;
    return own;
  }
}

const deltasIn = ({ broadcasts }: Effects) =>
  broadcasts.flatMap((message) => (message.kind === 'delta' ? [message.delta] : []));
const entriesIn = (effects: Effects): Entry[] => deltasIn(effects).flatMap(({ entries }) => entries);
const profilesIn = (effects: Effects): MemberProfile[] =>
  entriesIn(effects).flatMap((entry) => (entry.kind === 'profile' ? [entry.profile] : []));

describe('the first word of a member', () => {
  it('is its profile, which its own directory has at once', () => {
    const own = new Own({ profile: profileOf(SELF, { zone: 'west' }) });
    expect(own.directory.member(SELF)?.profile).toMatchObject({ name: SELF, zone: 'west' });
    expect(own.state.position).toEqual({ generation: GENERATION, version: 1 });
    expect(own.state.flushAt).toBeLessThanOrEqual(own.now);
    const effects = own.step((state, step) => state.flushDue(step));
    expect(deltasIn(effects)).toMatchObject([{ member: SELF, generation: GENERATION, from: 0, to: 1 }]);
    expect(profilesIn(effects)).toMatchObject([{ zone: 'west' }]);
  });
});

describe('a claim', () => {
  it('goes out at once after a quiet time, and is in the own directory', () => {
    const own = Own.quiet();
    expect(own.state.flushAt).toBeNull();
    const effects = own.step((state, step) => state.claim(claimOf('s1'), step));
    expect(entriesIn(effects)).toEqual([{ kind: 'claim', version: 2, claim: claimOf('s1') }]);
    expect(own.directory.owners(KEY)).toMatchObject([{ member: SELF }]);
    expect([...effects.changedStreams]).toEqual([KEY]);
    expect(own.state.position).toEqual(own.directory.position(SELF));
  });

  it('right after another one waits, so that many go out together', () => {
    const own = Own.quiet();
    own.step((state, step) => state.claim(claimOf('s1'), step));
    const more = ['s2', 's3', 's4'].map((stream) =>
      own.step((state, step) => state.claim(claimOf(stream), step)),
    );
    expect(more.flatMap(entriesIn)).toEqual([]);
    expect(own.state.flushAt).toBe(own.now + BATCH_MS);
    own.now += BATCH_MS - 1;
    expect(entriesIn(own.step((state, step) => state.flushDue(step)))).toEqual([]);
    own.now += 1;
    expect(deltasIn(own.step((state, step) => state.flushDue(step)))).toMatchObject([{ from: 2, to: 5 }]);
    expect(own.state.flushAt).toBeNull();
    expect(deltasIn(own.step((state, step) => state.flushDue(step)))).toEqual([]);
  });

  it('that waits is not told by heartbeats: nobody would miss it', () => {
    const own = Own.quiet();
    own.step((state, step) => state.claim(claimOf('s1'), step));
    own.step((state, step) => state.claim(claimOf('s2'), step));
    expect([own.state.position.version, own.state.state.position]).toEqual([
      3,
      { generation: GENERATION, version: 2 },
    ]);
    own.now += BATCH_MS;
    own.step((state, step) => state.flushDue(step));
    expect(own.state.state.position.version).toBe(3);
  });

  it('is taken back by a release, and a release of what is not claimed says nothing', () => {
    const own = Own.quiet();
    own.step((state, step) => state.claim(claimOf('s1'), step));
    own.now += 1_000;
    const release = () => own.step((state, step) => state.release(KEY, step));
    const effects = release();
    expect(entriesIn(effects)).toEqual([{ kind: 'release', version: 3, key: KEY }]);
    expect([...effects.changedStreams]).toEqual([KEY]);
    expect(own.directory.owners(KEY)).toEqual([]);
    own.now += 1_000;
    const again = release();
    expect([entriesIn(again), own.state.position.version, own.state.flushAt]).toEqual([[], 3, null]);
  });

  it('beyond the most that one member may make is refused with a line; those that stand can still change', () => {
    const own = Own.quiet();
    const at = (index: number) => claimOf(`s${index}`);
    // Not by way of the directory, which would take long.
    for (let index = 0; index < STREAMS_PER_MEMBER_MAX; index += 1) own.state.log.claim(at(index));
    const claim = (index: number): readonly unknown[] => {
      const { version } = own.state.position;
      const { facts } = own.step((state, step) => state.claim(at(index), step));
      return [own.state.position.version - version, facts.map(({ level, msg }) => `${level}: ${msg}`)];
    };
    const oneMore = STREAMS_PER_MEMBER_MAX;
    expect(claim(oneMore)).toEqual([0, ['error: stream not claimed']]);
    expect(claim(0)).toEqual([1, []]);
    own.step((state, step) => state.release(at(1).key, step));
    expect(claim(oneMore)).toEqual([1, []]);
    const { facts } = own.step((state, step) => state.claim(at(1), step));
    expect(facts[0]?.fields).toEqual({
      stream: at(1).key,
      reason: `this member claims ${STREAMS_PER_MEMBER_MAX} streams already, the most that one may`,
    });
  });

  it('goes out with thousands of others little by little, or all at once when the member leaves', () => {
    const deltasOf = (flush: (state: LocalState, step: Step) => void): number => {
      const own = Own.quiet();
      for (let index = 0; index < 3_000; index += 1)
        own.state.claim(claimOf(`${index}`.padStart(50, 's')), new Step(own.now));
      own.now += BATCH_MS;
      return deltasIn(own.step(flush)).length;
    };
    expect(deltasOf((state, step) => state.flushDue(step))).toBe(DELTAS_PER_FLUSH);
    expect(deltasOf((state, step) => state.flush(step, true))).toBeGreaterThan(DELTAS_PER_FLUSH);
  });

  it('waits for longer while others broadcast too', () => {
    const own = Own.quiet();
    expect(own.state.speakers).toBe(0);
    const waitOf = (): number => {
      for (let ahead = 0; ahead < 9; ahead += 1) {
        own.step((state, step) => state.claim(claimOf(`s${own.state.position.version}`), step));
        own.step((state, step) => state.flush(step));
      }
      own.step((state, step) => state.claim(claimOf('last'), step));
      return (own.state.flushAt ?? 0) - own.now;
    };
    const alone = waitOf();
    own.step((state, step) => state.flush(step));
    own.now += 60_000;
    for (let other = 0; other < 20; other += 1) own.state.heardOther(`m${other}`, own.now);
    expect(own.state.speakers).toBe(20);
    expect(waitOf()).toBeGreaterThan(2 * alone);
  });
});

describe('the profile', () => {
  it('is told when it changes, and the member counts as changed', () => {
    const own = Own.quiet();
    const effects = own.step((state, step) => state.setProfile({ ...profile, draining: true }, step));
    expect(profilesIn(effects)).toMatchObject([{ draining: true }]);
    expect([...effects.changedMembers]).toEqual([SELF]);
    expect([own.state.profile.draining, own.directory.member(SELF)?.profile?.draining]).toEqual([true, true]);
  });

  it('is told again as it is, as something new that is signed', () => {
    const own = Own.quiet();
    const effects = own.step((state, step) => state.tellProfileAgain(step));
    expect(profilesIn(effects)).toEqual([profile]);
    expect(own.state.position.version).toBe(2);
  });
});

describe('the load', () => {
  const levelOf = (own: Own): number => own.directory.member(SELF)?.profile?.loadLevel ?? 0;

  it('is in heartbeats and in the own directory, and not in the log', () => {
    const own = Own.quiet();
    const load = { players: 1, publishers: 2, outboundKbps: 5_000 };
    expect(entriesIn(own.load(5_000))).toEqual([]);
    expect([own.state.state.load, own.directory.member(SELF)?.load]).toEqual([load, load]);
  });

  it('changes the level in the log where members order owners by it', () => {
    const own = Own.quiet({ order: 'spread' });
    const effects = own.load(5_000);
    expect(profilesIn(effects)).toMatchObject([{ name: SELF, loadLevel: 3 }]);
    expect([...effects.changedMembers]).toEqual([SELF]);
    expect(levelOf(own)).toBe(3);
  });

  it('is told no level where owners are not ordered by it, until that is configured', () => {
    const own = Own.quiet({ order: 'primary' });
    own.load(5_000);
    expect(levelOf(own)).toBe(0);
    own.state.order = 'spread';
    own.load(5_000);
    expect(levelOf(own)).toBe(3);
    own.state.order = 'primary';
    own.now += LOAD_LEVEL_INTERVAL_MS;
    own.load(500_000);
    expect(levelOf(own)).toBe(3);
  });

  it('tells another level LOAD_LEVEL_INTERVAL_MS after the last one, no sooner, and nothing within one', () => {
    const own = Own.quiet({ order: 'spread' });
    own.load(5_000);
    own.now += LOAD_LEVEL_INTERVAL_MS - 1;
    expect(profilesIn(own.load(500_000))).toEqual([]);
    own.now += 1;
    expect(profilesIn(own.load(5_100))).toEqual([]);
    expect(profilesIn(own.load(500_000))).toMatchObject([{ loadLevel: 9 }]);
  });

  it('is told from the first moment on: whoever restarts under load is not taken for idle', () => {
    const own = new Own({ order: 'spread' });
    own.load(5_000);
    expect(levelOf(own)).toBe(3);
  });

  it('that is over leaves no level in the profile', () => {
    const own = Own.quiet({ order: 'spread' });
    own.load(5_000);
    own.now += LOAD_LEVEL_INTERVAL_MS;
    const [told] = profilesIn(own.load(0));
    expect(told).toEqual(profile);
  });

  it('keeps its level whatever profile the member is given', () => {
    const own = Own.quiet({ order: 'spread' });
    own.load(5_000);
    own.now += 1_000;
    const effects = own.step((state, step) => state.setProfile({ ...profile, draining: true }, step));
    expect(profilesIn(effects)).toEqual([{ ...profile, draining: true, loadLevel: 3 }]);
  });
});

describe('a newer generation', () => {
  /** It claims one stream, gave up another one, drains, and has something gathered. */
  function renewed(): { readonly own: Own; readonly effects: Effects } {
    const own = Own.quiet();
    own.step((state, step) => state.claim(claimOf('s1'), step));
    own.step((state, step) => state.claim(claimOf('gone'), step));
    own.step((state, step) => state.release(claimOf('gone').key, step));
    own.step((state, step) => state.setProfile({ ...profile, draining: true }, step));
    return { own, effects: own.step((state, step) => state.beginGeneration(GENERATION + 5, step)) };
  }

  it('has all that stands, and nothing else', () => {
    const { own } = renewed();
    expect(own.state.position).toEqual({ generation: GENERATION + 5, version: 2 });
    expect(own.directory.position(SELF)).toEqual(own.state.position);
    expect([...own.directory.streams()]).toEqual([KEY]);
    expect(own.directory.member(SELF)?.profile?.draining).toBe(true);
    expect(own.state.log.snapshot()).toMatchObject({ profile: { draining: true }, claims: [claimOf('s1')] });
  });

  it('is not broadcast: whoever hears of it asks for its log', () => {
    const { own, effects } = renewed();
    own.now += 60_000;
    const later = own.step((state, step) => state.flush(step, true));
    expect([effects.broadcasts, later.broadcasts, own.state.flushAt]).toEqual([[], [], null]);
    expect(own.state.state.position).toEqual(own.state.position);
  });

  it('goes on from there: what comes next builds upon it', () => {
    const { own } = renewed();
    own.now += 60_000;
    const effects = own.step((state, step) => state.claim(claimOf('next'), step));
    expect(deltasIn(effects)).toMatchObject([{ member: SELF, generation: GENERATION + 5, from: 2, to: 3 }]);
  });
});
