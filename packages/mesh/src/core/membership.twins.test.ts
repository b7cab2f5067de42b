import type { LogPosition } from '@headwater/directory';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Effects } from './effects.js';
import {
  HELLO_DEADLINE_MS,
  ROSTER_INTERVAL_MS,
  TWIN_ALONE_MS,
  TWIN_ANSWER_PAUSE_MS,
  TWIN_GRACE_MS,
  TWIN_HEARD_MS,
} from './limits.js';
import { startOf } from './membership.js';
import type { DirectMessage } from './messages.js';
import { acquaintanceOf, helloOf } from './testing/hello-of.js';
import { LoneCore, OWN_ADDRESS, OWN_GENERATION, SELF } from './testing/lone-core.js';

let core: LoneCore;
beforeEach(() => {
  core = new LoneCore();
});

const own = () => ({
  id: SELF,
  position: core.directory.position(SELF),
  addresses: [OWN_ADDRESS],
  heard: true,
});

/** What a holder of `a`'s identity is told. */
const answer = (heard: boolean, generation = 5) => ({
  to: 'a',
  message: { kind: 'roster', members: [acquaintanceOf('a', { generation, heard }), own()] },
});

const heardOlder = (generation = 4): Effects =>
  core.step((step) => core.membership.heardOlder(core.peer('a'), generation, step));

const twinLines = ({ facts }: Effects) => facts.filter(({ msg }) => msg.includes('same identity key'));

describe('an earlier start of a member that speaks', () => {
  beforeEach(() => {
    core.greet('a', { generation: 5 });
  });

  it('is late for a while after the later one came', () => {
    core.now += TWIN_GRACE_MS;
    const { sends, facts } = heardOlder();
    expect([sends, facts]).toEqual([[], []]);
    expect(core.peer('a').isOlderAbout(core.now)).toBe(false);
  });

  it('is another holder of its identity after that: it is told so, and so are people', () => {
    core.now += TWIN_GRACE_MS + 1;
    const effects = heardOlder();
    expect(effects.sends).toEqual([answer(true)]);
    expect(twinLines(effects)).toMatchObject([
      { level: 'error', fields: { member: 'a', generations: [4, 5] } },
    ]);
    expect(core.peer('a').isOlderAbout(core.now)).toBe(true);
  });

  it.each([
    ['begins anew with a newer start', 6, 0],
    ['does not begin anew with a hello of the same one', 5, 1],
  ])('is waited for as long as that, which %s', (_, generation, answers) => {
    core.now += TWIN_GRACE_MS;
    core.greet('a', { generation });
    core.now += 1;
    expect(heardOlder().sends).toHaveLength(answers);
  });

  it('is told that nobody hears the later one, and people are not told, where that one is dead', () => {
    core.now += TWIN_GRACE_MS + 1;
    core.kill('a');
    const effects = heardOlder();
    expect([effects.sends, effects.facts]).toEqual([[answer(false)], []]);
  });

  it('is answered now and then, beside the later one', () => {
    core.now += TWIN_GRACE_MS + 1;
    const tellNewest = () =>
      core.step((step) => core.membership.tellHolder(core.peer('a'), 'newest', step)).sends;
    expect(heardOlder().sends).toHaveLength(1);
    expect(tellNewest()).toEqual([answer(true)]);
    core.now += TWIN_ANSWER_PAUSE_MS - 1;
    expect([heardOlder().sends, tellNewest()]).toEqual([[], []]);
    core.now += 1;
    expect([heardOlder().sends, tellNewest()]).toEqual([[answer(true)], [answer(true)]]);
  });

  it('is told with each tick on a connection where it said hello, which is kept for that', () => {
    core.now += TWIN_GRACE_MS + 1;
    core.disconnect('a');
    core.connect('a');
    heardOlder();
    core.now += TWIN_HEARD_MS - 1;
    heardOlder();
    core.now += TWIN_ANSWER_PAUSE_MS;
    expect(core.now - core.peer('a').openedAt).toBeGreaterThan(HELLO_DEADLINE_MS);
    const { sends, disconnects } = core.tick('a');
    expect([sends, disconnects]).toEqual([[answer(false)], []]);
    core.now += TWIN_HEARD_MS;
    expect(core.tick('a')).toMatchObject({ sends: [], disconnects: [{ reason: 'no hello' }] });
  });

  it('is told nothing by ticks where the later one holds the connection', () => {
    core.now += TWIN_GRACE_MS + 1;
    heardOlder();
    core.now += TWIN_ANSWER_PAUSE_MS;
    expect(core.tick('a').sends).toEqual([]);
  });

  it('is not told of while it does not speak', () => {
    core.disconnect('a');
    core.connect('a');
    expect(core.tick('a').sends).toEqual([]);
  });
});

describe('what others say of this member', () => {
  /** What `by` says of members, this one among them. */
  const say = (by: string, position: Partial<LogPosition>, heard?: boolean, id = SELF): void => {
    const { heard: _, ...one } = acquaintanceOf(id, position);
    const members = [acquaintanceOf('other'), heard === undefined ? one : { ...one, heard }];
    core.step((step) => core.membership.heardOfSelf(members, core.peer(by), step));
  };
  const judge = () => core.dispute.judge(OWN_GENERATION, ['a'], core.now);
  /** The generation that this member takes after a while in which that is repeated. */
  const takenAfter = (repeat: () => void): number | null => {
    repeat();
    judge();
    core.now += TWIN_ALONE_MS - 1;
    repeat();
    judge();
    core.now += 1;
    return judge();
  };

  beforeEach(() => {
    core.greet('a');
  });

  it('tells that another holder of its identity is newer', () => {
    say('a', { generation: OWN_GENERATION + 1 }, true);
    judge();
    expect(core.dispute.disputed).toMatchObject({ generation: OWN_GENERATION + 1, by: ['a'] });
  });

  it('is not what they say of others', () => {
    say('a', { generation: OWN_GENERATION + 1 }, true, 'z');
    judge();
    expect(core.dispute.disputed).toBeNull();
  });

  it.each([
    ['that one is heard', true, null],
    ['that one is not heard', false, OWN_GENERATION + 2],
    ['not whether that one is heard', undefined, null],
  ])('where it is %s decides whether a newer generation is taken', (_, heard, generation) => {
    expect(takenAfter(() => say('a', { generation: OWN_GENERATION + 1 }, heard))).toBe(generation);
  });

  it('that the other one was heard a moment ago makes it wait for the whole pause', () => {
    const other = { generation: OWN_GENERATION + 1 };
    say('a', other, true);
    judge();
    core.now += TWIN_ALONE_MS - 1;
    say('a', other, true);
    judge();
    core.now += 1;
    say('a', other, false);
    expect(judge()).toBeNull();
    core.now += TWIN_ALONE_MS - 1;
    say('a', other, false);
    expect(judge()).toBe(OWN_GENERATION + 2);
  });

  it.each([
    ['so far', OWN_GENERATION, 7],
    ['not at all, where they hold another start', OWN_GENERATION - 1, 0],
  ])('tells how far they hold its log: %s', (_, generation, holds) => {
    core.peer('a').holds = 3;
    const members = [acquaintanceOf(SELF, { generation, version: 7 })];
    core.step((step) => core.membership.learn(members, core.peer('a'), step));
    expect(core.peer('a').holds).toBe(holds);
    expect(core.peers.get(SELF)).toBeUndefined();
  });
});

describe('who tells of a start that is over', () => {
  const hearRoster = (...members: readonly ReturnType<typeof acquaintanceOf>[]) =>
    core.step((step) => core.membership.heardRoster(members, core.peer('b'), step)).sends;
  const newer = { to: 'b', message: { kind: 'roster', members: [acquaintanceOf('a', { generation: 5 })] } };

  beforeEach(() => {
    core.greet('a', { generation: 5 });
    core.greet('b');
  });

  it('is told of the later one, now and then', () => {
    expect(hearRoster(acquaintanceOf('a', { generation: 4 }))).toEqual([newer]);
    core.now += ROSTER_INTERVAL_MS - 1;
    expect(hearRoster(acquaintanceOf('a', { generation: 4 }))).toEqual([]);
    core.now += 1;
    expect(hearRoster(acquaintanceOf('a', { generation: 4 }))).toEqual([newer]);
  });

  it('and who knows all that is known here is told nothing, which does not count as told', () => {
    expect(hearRoster(acquaintanceOf('a', { generation: 5 }))).toEqual([]);
    expect(hearRoster(acquaintanceOf('a', { generation: 4 }))).toEqual([newer]);
  });

  it('also names members that are not known here', () => {
    hearRoster(acquaintanceOf('z'));
    expect(core.peers.get('z')).toBeDefined();
  });
});

describe('which start of a member speaks', () => {
  const position = { generation: 7, version: 3 };
  const load = { players: 0, publishers: 0, outboundKbps: 0 };
  const rosterOf = (...ids: readonly string[]): DirectMessage => ({
    kind: 'roster',
    members: ids.map((id) => acquaintanceOf(id, { generation: id.length })),
  });

  it.each<[string, DirectMessage, number | null]>([
    ['is told by its hello', helloOf('abc', { generation: 7 }), 7],
    ['is told by a heartbeat', { kind: 'heartbeat', position, load, sentAt: 0, echo: null }, 7],
    ['is told by a roster that names itself', rosterOf('x', 'abc', 'yy'), 3],
    ['is not told by a roster of others', rosterOf('x', 'yy'), null],
    ['is not told by what it asks', { kind: 'pull', pull: 1, held: position }, null],
    ['is not told by its leave', { kind: 'leave', generation: 7 }, null],
  ])('%s', (_, message, generation) => {
    core.connect('abc');
    expect(startOf(message, core.peer('abc'))).toBe(generation);
  });
});
