import { beforeEach, describe, expect, it } from 'vitest';
import { MEMBER_DIGEST_BYTES } from './member-digest.js';
import type { DirectMessage } from './messages.js';
import { helloOf } from './testing/hello-of.js';
import { KEY, LoneCore, linesOf, PATIENCE } from './testing/lone-core.js';

/** Silence after which a member is dead, where its path was never measured. */
const UNMEASURED_MS = 1_500;
const DEAD_AFTER_MS = PATIENCE.suspectAfterMs + PATIENCE.deadAfterMs + UNMEASURED_MS;

let core: LoneCore;
beforeEach(() => {
  core = new LoneCore();
});

const heard = (id: string, message: DirectMessage): void => {
  core.step((step) => core.membership.heard(core.peer(id), message, step));
};

const PULL: DirectMessage = { kind: 'pull', pull: 1, held: { generation: 1, version: 0 } };

describe('a silent member', () => {
  beforeEach(() => {
    core.greet('a');
  });

  it.each([
    ['lives at first', PATIENCE.suspectAfterMs - 1, 'alive', []],
    ['is suspect then', PATIENCE.suspectAfterMs, 'suspect', ['warn member suspect']],
    ['is so for a while', DEAD_AFTER_MS - 1, 'suspect', ['warn member suspect']],
    ['is dead in the end', DEAD_AFTER_MS, 'dead', ['warn member dead']],
  ])('%s', (_, ms, liveness, lines) => {
    core.now += ms;
    const effects = core.judge('a');
    expect([core.livenessOf('a'), linesOf(effects)]).toEqual([liveness, lines]);
    expect([...effects.changedMembers]).toEqual(lines.length > 0 ? ['a'] : []);
    expect(linesOf(core.judge('a'))).toEqual([]);
  });

  it('is known by name in the log, and no way to it is told where there is none', () => {
    core.now += DEAD_AFTER_MS;
    expect(core.judge('a').facts[0]?.fields).toEqual({ member: 'a', memberName: 'name of a' });
  });

  it('is disconnected once, since a hung connection heals late or never', () => {
    core.now += DEAD_AFTER_MS - 1;
    expect(core.judge('a').disconnects).toEqual([]);
    core.now += 1;
    expect(core.judge('a').disconnects).toEqual([{ peer: 'a', reason: 'silent', refuseMs: 0 }]);
    expect(core.judge('a').disconnects).toEqual([]);
  });

  it('is judged anew with a tick at the moment that it dies at', () => {
    const { membership } = core;
    expect(membership.judgeAt).toBeNull();
    const start = core.now;
    core.now += 100;
    core.greet('b');
    core.now += PATIENCE.suspectAfterMs;
    core.judge('b');
    expect(membership.judgeAt).toBe(start + 100 + DEAD_AFTER_MS);
    // The first of all counts, whoever is judged last.
    core.judge('a');
    core.judge('b');
    expect(membership.judgeAt).toBe(start + DEAD_AFTER_MS);
    membership.tickBegins();
    expect(membership.judgeAt).toBeNull();
  });

  it('is judged by each tick', () => {
    core.now += PATIENCE.suspectAfterMs;
    expect(linesOf(core.tick('a'))).toEqual(['warn member suspect']);
  });

  it('is told to others as not heard', () => {
    expect(core.reachability.hears).toHaveLength(MEMBER_DIGEST_BYTES);
    core.now += PATIENCE.suspectAfterMs;
    core.judge('a');
    expect(core.reachability.hears).toHaveLength(0);
  });

  it('lives again with its next word', () => {
    core.now += DEAD_AFTER_MS;
    core.judge('a');
    core.speak('a');
    expect(linesOf(core.judge('a'))).toEqual(['info member alive']);
    expect(core.livenessOf('a')).toBe('alive');
  });

  it('that is dead is asked for nothing more, and asked anew when it is back', () => {
    core.connect('b');
    expect(core.hello('b', { version: 3 }).sends).toMatchObject([{ message: { kind: 'pull' } }]);
    core.now += DEAD_AFTER_MS;
    core.judge('b');
    core.speak('b');
    core.judge('b');
    const { sends } = core.step((step) => core.repair.pullIfBehind(core.peer('b'), true, step));
    expect(sends).toMatchObject([{ to: 'b', message: { kind: 'pull' } }]);
  });

  it('that is suspect is still waited for', () => {
    core.connect('b');
    core.hello('b', { version: 3 });
    core.now += PATIENCE.suspectAfterMs;
    core.judge('b');
    const { sends } = core.step((step) => core.repair.pullIfBehind(core.peer('b'), true, step));
    expect(sends).toEqual([]);
  });

  it('is forgotten as soon as it is dead where another one is in its place', () => {
    core.disconnect('a');
    core.greet('b', { addresses: ['a:1'] });
    expect(core.livenessOf('a')).toBe('suspect');
    expect(core.refuse('a').forgotten).toEqual([{ member: 'a', addresses: ['a:1'] }]);
  });
});

it('a member that is found dead owns no streams any more', () => {
  core.greet('a');
  core.news('a');
  core.disconnect('a');
  expect([...core.refuse('a').changedStreams]).toEqual([KEY]);
  expect(core.directory.owners(KEY)).toEqual([]);
});

describe('a word of a member', () => {
  it.each<[string, number, DirectMessage, string]>([
    ['shows that it lives', PATIENCE.suspectAfterMs - 1, PULL, 'alive'],
    ['that does not tell its start takes no silence back', PATIENCE.suspectAfterMs, PULL, 'suspect'],
    ['that tells its start takes silence back', PATIENCE.suspectAfterMs, helloOf('a'), 'alive'],
  ])('%s', (_, silentMs, message, liveness) => {
    core.greet('a');
    core.now += silentMs;
    heard('a', message);
    core.now += 1;
    core.judge('a');
    expect(core.livenessOf('a')).toBe(liveness);
  });

  it('shows nothing while an earlier start of it speaks too, unless it tells which it is of', () => {
    core.greet('a');
    core.peer('a').heardOlder(core.now);
    core.now += PATIENCE.suspectAfterMs - 1;
    heard('a', PULL);
    core.now += 1;
    core.judge('a');
    expect(core.livenessOf('a')).toBe('suspect');
    heard('a', helloOf('a'));
    core.judge('a');
    expect(core.livenessOf('a')).toBe('alive');
  });
});

describe('a member that says that it leaves', () => {
  beforeEach(() => {
    core.greet('a', { generation: 5 });
  });

  it('has left, and people are told once', () => {
    const { facts, changedMembers } = core.leave('a', 5);
    const fields = { member: 'a', memberName: 'name of a' };
    expect(facts).toEqual([{ level: 'info', msg: 'member left', fields }]);
    expect([...changedMembers]).toEqual(['a']);
    expect(core.livenessOf('a')).toBe('left');
    expect(linesOf(core.leave('a', 5))).toEqual([]);
  });

  it('is told to others as not heard, at once', () => {
    expect(core.reachability.hears).toHaveLength(MEMBER_DIGEST_BYTES);
    core.leave('a', 5);
    expect(core.reachability.hears).toHaveLength(0);
  });

  it('is believed of a newer start too, and not of an older one', () => {
    expect(linesOf(core.leave('a', 4))).toEqual([]);
    expect(core.livenessOf('a')).toBe('alive');
    expect(linesOf(core.leave('a', 6))).toEqual(['info member left']);
    expect(core.peer('a').leftGeneration).toBe(6);
  });

  it('is nobody where it was never met', () => {
    core.connect('z');
    expect(linesOf(core.leave('z'))).toEqual([]);
    expect(core.livenessOf('z')).toBeUndefined();
  });

  it('is not judged any more', () => {
    core.leave('a', 5);
    core.now += DEAD_AFTER_MS;
    const effects = core.judge('a');
    expect([linesOf(effects), effects.disconnects, core.livenessOf('a')]).toEqual([[], [], 'left']);
    expect(core.membership.judgeAt).toBeNull();
  });

  it('after its connection closed is forgotten at once where another one is in its place', () => {
    core.disconnect('a');
    core.greet('b', { addresses: ['a:1'] });
    expect(core.leave('a', 5).forgotten).toEqual([{ member: 'a', addresses: ['a:1'] }]);
  });
});
