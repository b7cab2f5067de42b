import { beforeEach, describe, expect, it } from 'vitest';
import type { Effects } from './effects.js';
import { LEFT_REST_MS, RETRY_MIN_MS } from './limits.js';
import { acquaintanceOf } from './testing/hello-of.js';
import { LoneCore, linesOf } from './testing/lone-core.js';

let core: LoneCore;
beforeEach(() => {
  core = new LoneCore();
});

const dialled = (): string[] => core.step((step) => core.membership.dial(step)).dials.map(({ peer }) => peer);

const fail = (id: string, startedAt = core.peer(id).redial.startedAt): Effects =>
  core.step((step) => core.membership.dialFailed(core.peer(id), 'refused', startedAt, step));

describe('who is lost', () => {
  it('is dialled in the same moment, where its connection was of use', () => {
    core.greet('a');
    core.now += 1_000;
    expect(core.disconnect('a').dials).toEqual([{ peer: 'a', addresses: ['a:1'], startedAt: core.now }]);
  });

  it.each([
    ['at the latest', 0, RETRY_MIN_MS],
    ['at the earliest', 1, RETRY_MIN_MS / 2],
  ])('is dialled after a pause %s, where its connection was not', (_, random, ms) => {
    core.random = random;
    core.greet('a');
    expect(core.disconnect('a').dials).toEqual([]);
    core.now += ms - 1;
    expect(dialled()).toEqual([]);
    core.now += 1;
    expect(dialled()).toEqual(['a']);
  });

  it('is left alone for a while where it said that it leaves', () => {
    core.greet('a');
    core.now += 10_000;
    core.speak('a');
    core.leave('a');
    core.disconnect('a');
    core.now += LEFT_REST_MS - 1;
    expect(dialled()).toEqual([]);
    core.now += 1;
    expect(dialled()).toEqual(['a']);
  });

  it('is told once to people, with the reason', () => {
    core.greet('a');
    const fields = { member: 'a', memberName: 'name of a', reason: 'reset' };
    expect(core.disconnect('a').facts.slice(0, 1)).toEqual([
      { level: 'info', msg: 'connection with member lost', fields },
    ]);
    expect(core.livenessOf('a')).toBe('suspect');
  });

  it.each([
    ['said no hello', () => core.connect('a')],
    [
      'left',
      () => {
        core.greet('a');
        core.leave('a');
      },
    ],
    [
      'is dead already',
      () => {
        core.greet('a');
        core.now += 10_000;
        core.judge('a');
        expect(core.livenessOf('a')).toBe('dead');
      },
    ],
  ])('is no loss where it %s', (_, begin) => {
    begin();
    expect(linesOf(core.disconnect('a'))).toEqual([]);
  });

  it('is asked for at once of one that says to hear it', () => {
    for (const id of ['a', 'b', 'c']) core.greet(id);
    core.hears('b', 'a');
    core.hears('c');
    core.disconnect('a');
    expect(core.reachability.takeToTell()).toEqual({ all: false, peers: [core.peer('b')] });
  });

  it('is asked for also where it was not heard for sure any more', () => {
    for (const id of ['a', 'b']) core.greet(id);
    core.now += 1_799;
    core.peer('a').detector.heard(core.now);
    core.now += 1;
    core.hears('b', 'a');
    core.judge('a');
    core.reachability.takeToTell();
    core.disconnect('a');
    expect(core.reachability.takeToTell().peers).toEqual([core.peer('b')]);
  });

  it('and said no hello, is not kept unless somebody names it', () => {
    core.greet('a');
    const named = acquaintanceOf('named', { heard: false });
    core.step((step) => core.membership.learn([named], core.peer('a'), step));
    for (const id of ['named', 'stranger']) {
      core.connect(id);
      core.disconnect(id);
    }
    expect(core.peers.get('stranger')).toBeUndefined();
    expect(core.peers.get('named')).toBeDefined();
  });

  it('and dead already, is forgotten at once where another one is in its place', () => {
    core.greet('a', { addresses: ['x:1'] });
    core.now += 10_000;
    core.judge('a');
    core.greet('b', { addresses: ['x:1'] });
    expect(core.disconnect('a').forgotten).toEqual([{ member: 'a', addresses: ['x:1'] }]);
  });
});

describe('a dial that failed', () => {
  beforeEach(() => {
    core.greet('a');
    core.now += 1_000;
    core.speak('a');
  });

  it('at once tells that a member that was lost is dead', () => {
    core.disconnect('a');
    core.now += 5;
    const effects = fail('a');
    const fields = { member: 'a', memberName: 'name of a' };
    expect(effects.facts).toEqual([
      {
        level: 'debug',
        msg: 'member not reached',
        fields: { ...fields, addresses: ['a:1'], reason: 'refused' },
      },
      { level: 'warn', msg: 'member dead', fields },
    ]);
    expect([...effects.changedMembers]).toEqual(['a']);
    expect(core.livenessOf('a')).toBe('dead');
  });

  it.each([
    ['within the time of an answer tells that nobody is there', 0, 'dead'],
    ['later was given up without an answer, and tells nothing', 1, 'suspect'],
  ])('%s', (_, moreMs, liveness) => {
    core.disconnect('a');
    core.now += core.peer('a').leeway.refusalMs + moreMs;
    fail('a');
    expect(core.livenessOf('a')).toBe(liveness);
  });

  it('while this process stood still tells nothing', () => {
    core.disconnect('a');
    core.peer('a').excuse(300, core.now);
    fail('a');
    expect(core.livenessOf('a')).toBe('suspect');
  });

  it('is repeated after a pause, of which a part is drawn by lot', () => {
    core.disconnect('a');
    core.random = 1;
    fail('a');
    core.now += RETRY_MIN_MS / 2 - 1;
    expect(dialled()).toEqual([]);
    core.now += 1;
    expect(dialled()).toEqual(['a']);
  });

  it('says nothing where another one began since', () => {
    core.disconnect('a');
    const first = core.peer('a').redial.startedAt;
    core.now += 100;
    core.peer('a').redial.started(core.now);
    const { facts } = fail('a', first);
    expect([facts, core.livenessOf('a')]).toEqual([[], 'suspect']);
    expect(core.peer('a').redial.isTried).toBe(false);
  });

  it('says nothing where the member connected meanwhile', () => {
    core.disconnect('a');
    core.connect('a');
    const { facts } = fail('a');
    expect([facts, core.livenessOf('a')]).toEqual([[], 'suspect']);
    expect(core.peer('a').redial.isTried).toBe(false);
  });
});
