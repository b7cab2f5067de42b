import { beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../testing/stream-world.js';
import { A, B, C, EXACT, SwitchScript } from '../testing/switch-script.js';
import type { RelayOwner } from './relay-owner.js';

let script: SwitchScript;

beforeEach(() => {
  script = new SwitchScript();
  script.players(1);
});

/** `a` has been asked for a sixth of `connectMs`, in vain. */
function late(...others: readonly RelayOwner[]): void {
  script.owners(A, ...others);
  script.pass(500);
}

describe('an owner that does not answer', () => {
  it('is not waited for alone: whoever delivers first has the stream, the other relay is closed', () => {
    late(B);
    expect(script.done).toEqual(['0 open 1 to a: started', '500 open 2 to b: no-answer']);
    script.answer(2);
    expect(script.done).toEqual([]);
    script.frames(2);
    expect(script.done).toEqual(['500 switch to 2, start', '500 close 1: switched']);
  });

  it('has the stream where it is the first after all', () => {
    late(B);
    script.answer(1);
    script.frames(1);
    expect(script.done.slice(-2)).toEqual(['500 switch to 1, start', '500 close 2: switched']);
  });

  it('is not beaten by one that answers and has nothing; that one is taken when nobody else is left', () => {
    late(B);
    script.done;
    script.answer(2);
    script.pass(400);
    expect(script.done).toEqual([]);
    script.close(1, 'deadline');
    expect(script.done).toEqual(['900 switch to 2, start']);
  });

  it('is waited for alone while all others are silent, or on another way to it', () => {
    late(ownerOf('b', { silent: true }), ownerOf('a', { through: 'c' }));
    script.pass(2000);
    expect(script.done).toEqual(['0 open 1 to a: started']);
  });

  it('costs two connections at most, beside the one that is to be answered', () => {
    late(B, C, ownerOf('d'));
    script.pass(2400);
    expect(script.done).toEqual(['0 open 1 to a: started', '500 open 2 to b: no-answer']);
    script.close(1, 'deadline');
    expect(script.done).toEqual(['2900 open 3 to c: no-answer']);
    script.answer(3);
    script.frames(3);
    expect(script.done).toEqual(['2900 switch to 3, start', '2900 close 2: switched']);
  });

  it('is not late for a standstill of our own', () => {
    script.owners(A, B);
    script.pass(100);
    script.nowMs += 5000;
    script.step({ kind: 'tick' });
    expect(script.done).toEqual(['0 open 1 to a: started']);
    script.pass(400);
    expect(script.done).toEqual(['5400 open 2 to b: no-answer']);
  });

  it('does not keep those that failed from their next round', () => {
    script.owners(A, B);
    script.pass(500);
    script.close(2, 'refused');
    script.done;
    script.pass(699);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['1200 open 3 to b: no-answer']);
  });

  it('leaves a stream that broke to another one, exactly', () => {
    script = new SwitchScript();
    script.relayOf(A, B, C);
    script.close(1);
    script.pass(500);
    expect(script.done.slice(-2)).toEqual([
      '400 open 2 to b: broken, replayed',
      '900 open 3 to c: no-answer, replayed',
    ]);
    script.matches.set(3, EXACT);
    script.answer(3, true);
    script.frames(3, 10);
    script.replayed(3);
    expect(script.done).toEqual(['900 search 3', '900 switch to 3, exact, from 1', '900 close 2: switched']);
  });

  it('leaves nothing behind when the last player goes', () => {
    late(B);
    script.done;
    script.players(0);
    script.pass(800);
    expect(script.done).toEqual(['1300 close 1: no-players', '1300 close 2: no-players']);
    expect(script.state.wakeMs).toBe(Number.POSITIVE_INFINITY);
  });
});
