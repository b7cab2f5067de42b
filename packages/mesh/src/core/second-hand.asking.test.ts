import { beforeEach, describe, expect, it } from 'vitest';
import { ASK_DEADLINE_MS, ASK_PAUSE_MS, UNREACHABLE_ASK_PAUSE_MS } from './limits.js';
import { LoneCore, OWN_GENERATION } from './testing/lone-core.js';

let core: LoneCore;
beforeEach(() => {
  core = new LoneCore();
});

const asks = () => core.step((step) => core.secondHand.tick(step)).sends;

let lastAsk = 0;

/** Who is asked now, and for whose words. */
const asked = (): string[] =>
  asks().map(({ to, message }) => {
    if (message.kind !== 'ask') throw new Error('it asks, and says nothing else');
    lastAsk = message.ask;
    return `${to} for ${message.owner}`;
  });

/** What was asked last is answered in full. */
const answer = (id: string) =>
  core.peer(id).questions.answered({ kind: 'words', ask: lastAsk, last: true, envelopes: [] });

/** These are lost a moment ago, one after the other, and suspect. */
function suspect(...ids: readonly string[]): void {
  for (const id of ids) {
    core.greet(id);
    core.disconnect(id);
  }
}

describe('for the words of a member that cannot be asked', () => {
  it('another one is asked, from where they are held, with a number of its own for each question', () => {
    core.greet('b');
    core.greet('gone');
    core.news('gone');
    core.disconnect('gone');
    const held = { generation: 1, version: 2 };
    const question = { kind: 'ask', ask: OWN_GENERATION + 1, owner: 'gone', held };
    expect(asks()).toEqual([{ to: 'b', message: question }]);
    core.now += ASK_DEADLINE_MS;
    expect(asks()).toEqual([{ to: 'b', message: { ...question, ask: OWN_GENERATION + 2 } }]);
  });

  it('one is drawn of those that can be asked', () => {
    for (const id of ['a', 'b', 'c']) core.greet(id);
    suspect('gone');
    core.random = 0.99;
    expect(asked()).toEqual(['c for gone']);
  });

  it('nobody is asked where nobody is missing', () => {
    for (const id of ['a', 'b']) core.greet(id);
    expect(asked()).toEqual([]);
  });

  it('nobody is asked where it is dead', () => {
    core.greet('b');
    core.greet('gone');
    core.kill('gone');
    expect(asked()).toEqual([]);
  });

  it.each([
    ['not connected', () => {}],
    [
      'silent itself',
      () => {
        core.greet('b');
        core.now += 2_000;
        core.judge('b');
      },
    ],
    [
      'of another version of the protocol',
      () => {
        core.greet('b');
        core.peer('b').incompatible('name of b', 'versions', core.now);
      },
    ],
  ])('nobody is asked that is %s', (_, begin) => {
    begin();
    suspect('gone');
    expect(asked()).toEqual([]);
  });

  it('nobody is asked before it has answered what it was asked for, or had the time for it', () => {
    core.greet('b');
    suspect('one', 'two');
    expect(asked()).toEqual(['b for one']);
    core.now += ASK_DEADLINE_MS - 1;
    expect(asked()).toEqual([]);
    core.now += 1;
    core.speak('b');
    expect(asked()).toEqual(['b for two']);
    answer('b');
    expect(asked()).toEqual(['b for one']);
  });

  it('the one is asked for first that waited for longest, whoever was lost first', () => {
    core.greet('b');
    suspect('one', 'two', 'three');
    const turns = Array.from({ length: 6 }, () => {
      core.now += ASK_PAUSE_MS;
      core.speak('b');
      const [turn] = asked();
      answer('b');
      return turn;
    });
    expect(turns).toEqual(['one', 'two', 'three', 'one', 'two', 'three'].map((id) => `b for ${id}`));
  });

  it('others are asked often while it is suspect', () => {
    for (const id of ['a', 'b']) core.greet(id);
    suspect('gone');
    expect(asked()).toHaveLength(1);
    core.now += ASK_PAUSE_MS - 1;
    expect(asked()).toEqual([]);
    core.now += 1;
    expect(asked()).toHaveLength(1);
  });

  it('one that hears it is asked, now and then, while it is out of reach', () => {
    for (const id of ['a', 'b', 'c']) core.greet(id);
    core.cutOff('gone', 'b');
    expect(core.livenessOf('gone')).toBe('unreachable');
    expect(asked()).toEqual(['b for gone']);
    answer('b');
    core.now += UNREACHABLE_ASK_PAUSE_MS - 1;
    expect(asked()).toEqual([]);
    core.now += 1;
    expect(asked()).toEqual(['b for gone']);
  });
});
