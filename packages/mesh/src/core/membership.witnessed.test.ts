import { beforeEach, describe, expect, it } from 'vitest';
import { acquaintanceOf } from './testing/hello-of.js';
import { KEY, LoneCore, linesOf, PATIENCE } from './testing/lone-core.js';

let core: LoneCore;
beforeEach(() => {
  core = new LoneCore();
});

const stateOf = (id: string) => {
  const { liveness, through } = core.directory.member(id) ?? {};
  return { liveness, through };
};

describe('a member that others hear', () => {
  beforeEach(() => {
    for (const id of ['b', 'c']) core.greet(id);
  });

  it('is out of reach from here, through them', () => {
    core.cutOff('cut', 'c', 'b');
    expect(stateOf('cut')).toEqual({ liveness: 'unreachable', through: ['b', 'c'] });
  });

  it('is told to people by the names of those', () => {
    expect(core.cutOff('cut', 'b').facts.at(-1)).toEqual({
      level: 'warn',
      msg: 'member unreachable',
      fields: { member: 'cut', memberName: 'name of cut', through: ['name of b'] },
    });
  });

  it('is reached otherwise as soon as others hear it, and that is told to whoever watches', () => {
    core.cutOff('cut', 'b');
    core.hears('c', 'cut');
    const effects = core.judge('cut');
    expect(stateOf('cut')).toEqual({ liveness: 'unreachable', through: ['b', 'c'] });
    expect([linesOf(effects), [...effects.changedMembers]]).toEqual([[], ['cut']]);
    const same = core.judge('cut');
    expect([...same.changedMembers]).toEqual([]);
    core.hears('b');
    expect([...core.judge('cut').changedMembers]).toEqual(['cut']);
    expect(stateOf('cut').through).toEqual(['c']);
    // As many as before, and not the same.
    core.hears('b', 'cut');
    core.hears('c');
    core.judge('cut');
    expect(stateOf('cut').through).toEqual(['b']);
  });

  it('is reached directly once it is heard here', () => {
    core.cutOff('cut', 'b');
    const { facts } = core.greet('cut');
    const fields = { member: 'cut', memberName: 'name of cut' };
    expect(facts).toEqual([{ level: 'info', msg: 'member alive', fields }]);
    expect(stateOf('cut')).toEqual({ liveness: 'alive', through: [] });
  });

  it('brings streams to be looked for anew where the way to it is another one', () => {
    core.cutOff('cut', 'b');
    core.news('cut');
    core.hears('c', 'cut');
    expect([...core.judge('cut').changedStreams]).toEqual([KEY]);
  });
});

describe("others' new word of whom they hear", () => {
  const judgeUnheard = () => core.step((step) => core.membership.judgeUnheard(step));

  it('brings back at once who was dead here', () => {
    for (const id of ['a', 'b']) core.greet(id);
    core.kill('a');
    core.now += 1;
    core.hears('b', 'a');
    expect(linesOf(judgeUnheard())).toEqual(['warn member unreachable']);
  });

  it('leaves those that are heard here to their own time', () => {
    core.greet('a');
    core.now += PATIENCE.suspectAfterMs;
    expect(linesOf(judgeUnheard())).toEqual([]);
    expect(core.livenessOf('a')).toBe('alive');
  });
});

describe('a start of a member that only others can meet', () => {
  const name = (id: string, ...by: readonly string[]): void => {
    for (const one of by) core.greet(one, { members: [acquaintanceOf(id)] });
  };

  it('is a member once its news came and somebody says to hear it', () => {
    name('z', 'b');
    core.news('z', 1);
    core.hears('b', 'z');
    const effects = core.judge('z');
    expect(linesOf(effects)).toEqual(['warn member unreachable']);
    expect(stateOf('z')).toEqual({ liveness: 'unreachable', through: ['b'] });
    expect(effects.facts[0]?.fields).toEqual({ member: 'z', memberName: 'z', through: ['name of b'] });
  });

  it('is nobody while nothing of its log came', () => {
    name('z', 'b');
    core.hears('b', 'z');
    expect(linesOf(core.judge('z'))).toEqual([]);
    expect(core.peer('z').isMet).toBe(false);
  });

  it('is nobody while only another start of it is heard', () => {
    name('z', 'b');
    core.news('z', 2);
    core.hears('b', 'z');
    expect(linesOf(core.judge('z'))).toEqual([]);
    expect(core.peer('z').isMet).toBe(false);
  });

  it('follows one that left', () => {
    core.greet('z');
    core.greet('b');
    core.leave('z');
    core.news('z', 2);
    core.hears('b', ['z', 2]);
    expect(linesOf(core.judge('z'))).toEqual(['warn member unreachable']);
    expect(core.livenessOf('z')).toBe('unreachable');
  });

  it('is none where it is the one that left', () => {
    core.greet('z');
    core.greet('b');
    core.leave('z');
    core.hears('b', 'z');
    expect(linesOf(core.judge('z'))).toEqual([]);
    expect(core.livenessOf('z')).toBe('left');
  });

  it('is dialled at once', () => {
    core.greet('z');
    core.greet('b');
    core.leave('z');
    core.disconnect('z');
    core.news('z', 2);
    core.hears('b', ['z', 2]);
    core.judge('z');
    expect(core.step((step) => core.membership.dial(step)).dials).toMatchObject([{ peer: 'z' }]);
  });
});
