import { beforeEach, describe, expect, it } from 'vitest';
import {
  CUT_OFF_MS,
  FORGET_AFTER_MS,
  HELLO_DEADLINE_MS,
  LEFT_CLOSE_MS,
  MEMBERS_MAX,
  PEERS_MAX,
  VERSIONS_REST_MS,
} from './limits.js';
import { isSettled } from './membership.js';
import { acquaintanceOf, helloOf } from './testing/hello-of.js';
import { KEY, LoneCore, linesOf, SELF } from './testing/lone-core.js';

let core: LoneCore;
beforeEach(() => {
  core = new LoneCore();
});

describe('who connects', () => {
  it('is greeted at once, and is no member yet', () => {
    const { sends, changedMembers } = core.connect('a');
    expect(sends).toEqual([{ to: 'a', message: helloOf(SELF) }]);
    expect(changedMembers.size).toBe(0);
    expect(core.membership.hasMet).toBe(false);
    expect(core.livenessOf('a')).toBeUndefined();
  });

  it('where the mesh is full of members that live is refused for a while, and people are told once a minute', () => {
    for (let index = 0; index < PEERS_MAX; index += 1) core.greet(`a${index}`);
    const refused = { peer: 'late', reason: `${MEMBERS_MAX} members live already`, refuseMs: CUT_OFF_MS };
    const { sends, disconnects, facts } = core.connect('late');
    expect([sends, disconnects]).toEqual([[], [refused]]);
    const fields = { member: 'late', memberName: 'late', reason: refused.reason };
    expect(facts).toEqual([{ level: 'error', msg: 'member refused', fields }]);
    expect(core.peers.get('late')).toBeUndefined();
    core.now += 59_999;
    const again = core.connect('late');
    expect([again.disconnects, again.facts]).toEqual([[refused], []]);
    core.now += 1;
    expect(linesOf(core.connect('late'))).toEqual(['error member refused']);
  });

  it('from where a member was that is gone takes its place, also one that is connected otherwise already', () => {
    core.greet('gone', { addresses: ['x:1'] });
    core.kill('gone');
    core.connect('a');
    core.hello('a', { addresses: ['x:1'] });
    expect(core.livenessOf('gone')).toBe('dead');
    expect(core.connect('a', { dialled: 'x:1' }).forgotten).toEqual([{ member: 'gone', addresses: ['x:1'] }]);
  });
});

describe('a hello', () => {
  it('makes a member of a stranger', () => {
    core.connect('a');
    const effects = core.hello('a');
    expect(core.livenessOf('a')).toBe('alive');
    expect(core.membership.hasMet).toBe(true);
    expect([...effects.changedMembers]).toEqual(['a']);
    const fields = { member: 'a', memberName: 'name of a' };
    expect(effects.facts).toEqual([{ level: 'info', msg: 'member alive', fields }]);
  });

  it('of a member that lives is no news', () => {
    core.greet('a');
    const effects = core.greet('a');
    expect([effects.facts, [...effects.changedMembers]]).toEqual([[], []]);
  });

  it('asks at once for what is missing', () => {
    core.connect('a');
    const { sends } = core.hello('a', { version: 7 });
    const held = { generation: 1, version: 0 };
    expect(sends).toEqual([{ to: 'a', message: { kind: 'pull', pull: 1, held } }]);
    core.connect('b');
    expect(core.hello('b').sends).toEqual([]);
  });

  it('of a newer start voids what the older one claimed', () => {
    core.greet('a');
    core.news('a');
    expect(core.directory.owners(KEY)).toHaveLength(1);
    const { changedStreams } = core.greet('a', { generation: 2 });
    expect(core.directory.owners(KEY)).toEqual([]);
    expect([...changedStreams]).toEqual([KEY]);
  });

  it('of a start that has left already comes late, and says nothing', () => {
    core.greet('a', { generation: 5 });
    core.leave('a', 5);
    expect(linesOf(core.greet('a', { generation: 5 }))).toEqual([]);
    expect(core.livenessOf('a')).toBe('left');
    expect(linesOf(core.greet('a', { generation: 6 }))).toEqual(['info member alive']);
  });

  it('names others, which are dialled at once', () => {
    core.connect('a');
    const { dials } = core.hello('a', { members: [acquaintanceOf('z')] });
    expect(dials).toEqual([{ peer: 'z', addresses: ['z:1'], startedAt: core.now }]);
  });

  it('from where a member was that is gone tells that it is gone for good', () => {
    core.greet('gone', { addresses: ['x:1'] });
    core.kill('gone');
    core.connect('a', { dialled: 'x:1' });
    const effects = core.hello('a', { addresses: ['x:1'] });
    expect(effects.forgotten).toEqual([{ member: 'gone', addresses: ['x:1'] }]);
    expect(linesOf(effects)).toEqual(['info member alive', 'info member replaced']);
  });

  it('counts for nothing where the directory has no room, and its sender is refused by name', () => {
    core = new LoneCore({ membersMax: 2 });
    core.greet('a');
    core.connect('b');
    const { disconnects, facts, sends } = core.hello('b', { version: 7 });
    expect(disconnects).toMatchObject([{ peer: 'b', refuseMs: CUT_OFF_MS }]);
    expect(facts).toMatchObject([
      { msg: 'member refused', fields: { member: 'b', memberName: 'name of b' } },
    ]);
    expect([sends, core.peer('b').isMet, core.livenessOf('b')]).toEqual([[], false, undefined]);
  });
});

describe('a connection', () => {
  it.each([
    ['on which nobody says hello', 'no hello', HELLO_DEADLINE_MS, () => core.connect('a')],
    [
      'without a common version of the protocol',
      'no common protocol version',
      VERSIONS_REST_MS,
      () => {
        core.connect('a');
        core.peer('a').incompatible('name of a', 'versions', core.now);
      },
    ],
    [
      'of a member that left and does not close it',
      'left',
      LEFT_CLOSE_MS,
      () => {
        core.greet('a');
        core.leave('a');
      },
    ],
  ])('%s is closed after a while, and may be made again', (_, reason, ms, begin) => {
    core.now += 5_000;
    begin();
    core.now += ms - 1;
    expect(core.tick('a').disconnects).toEqual([]);
    core.now += 1;
    expect(core.tick('a').disconnects).toEqual([{ peer: 'a', reason, refuseMs: 0 }]);
  });

  it('has longer for its hello where paths are slow', () => {
    core.greet('far');
    for (let count = 0; count < 4; count += 1) core.peer('far').heartbeats.roundTrip.take(900);
    core.peers.tick(core.now);
    core.connect('a');
    const { confirmMs } = core.peer('a').leeway;
    expect(confirmMs).toBeGreaterThan(HELLO_DEADLINE_MS);
    core.now += confirmMs - 1;
    expect(core.tick('a').disconnects).toEqual([]);
    core.now += 1;
    expect(core.tick('a').disconnects).toMatchObject([{ reason: 'no hello' }]);
  });

  it('that hangs is closed once, when the member is taken for dead', () => {
    core.greet('a');
    core.now += 10_000;
    expect(core.tick('a').disconnects).toMatchObject([{ peer: 'a', reason: 'silent' }]);
    core.now += LEFT_CLOSE_MS;
    expect(core.tick('a').disconnects).toEqual([]);
  });

  it('that a member closed when it left is not closed again', () => {
    core.greet('a');
    core.leave('a');
    core.disconnect('a');
    core.now += LEFT_CLOSE_MS;
    expect(core.tick('a').disconnects).toEqual([]);
  });

  it('with a member that lives stays', () => {
    core.greet('a');
    core.now += 3_600_000;
    core.speak('a');
    expect(core.tick('a').disconnects).toEqual([]);
  });
});

describe('with each tick', () => {
  it('who was only connected for a moment is forgotten', () => {
    core.connect('a');
    core.peer('a').disconnected(core.now);
    core.tick('a');
    expect(core.peers.get('a')).toBeUndefined();
  });

  it('who is gone for an hour is forgotten', () => {
    core.greet('a');
    core.kill('a');
    core.now += FORGET_AFTER_MS - 1;
    expect(core.tick('a').forgotten).toEqual([]);
    core.now += 1;
    expect(core.tick('a').forgotten).toEqual([{ member: 'a', addresses: ['a:1'] }]);
  });
});

describe('who starts', () => {
  /** `a` has a log of which nothing is held yet. */
  const greet = () => core.greet('a', { version: 1 });
  /** `b` names `a`. */
  const name = (addresses = ['a:1']) => core.greet('b', { members: [acquaintanceOf('a', { addresses })] });
  const nameInVain = () => {
    name();
    core.refuse('a');
  };

  it.each([
    ['whose log is on its way', greet],
    ['that was named, and is dialled', name],
    [
      'that connects, also where it was dialled in vain',
      () => {
        nameInVain();
        core.connect('a');
      },
    ],
  ])('waits for a member %s', (_, begin) => {
    begin();
    expect(isSettled(core.peer('a'))).toBe(false);
  });

  it.each([
    [
      'whose whole log was held once',
      () => {
        greet();
        core.peer('a').synced();
      },
    ],
    [
      'that is dead',
      () => {
        greet();
        core.kill('a');
      },
    ],
    [
      'that left',
      () => {
        greet();
        core.leave('a');
      },
    ],
    [
      'that is cut off',
      () => {
        greet();
        while (core.peer('a').offences.add(core.now) !== 'cut-off');
      },
    ],
    [
      'that speaks no common version',
      () => {
        core.connect('a');
        core.peer('a').incompatible('name of a', 'versions', core.now);
      },
    ],
    ['that was dialled in vain', nameInVain],
    ['of which nobody knows where it is', () => name([])],
  ])('does not wait for a member %s', (_, begin) => {
    begin();
    expect(isSettled(core.peer('a'))).toBe(true);
  });
});
