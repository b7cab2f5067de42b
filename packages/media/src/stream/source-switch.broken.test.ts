import { beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../testing/stream-world.js';
import { A, B, behind, C, EXACT, REACHED, SwitchScript } from '../testing/switch-script.js';

let script: SwitchScript;

beforeEach(() => {
  script = new SwitchScript();
});

describe('a stream whose relay broke', () => {
  beforeEach(() => {
    script.relayOf(A, B);
    script.close(1);
    expect(script.done.at(-1)).toBe('400 open 2 to b: broken, replayed');
  });

  it('is searched for its next frame when the replay is over, and goes on with it', () => {
    script.matches.set(2, EXACT);
    script.answer(2, true);
    script.frames(2, 10);
    script.pass(400);
    expect(script.done).toEqual([]);
    script.replayed(2);
    expect(script.done).toEqual(['800 search 2', '800 switch to 2, exact, from 1']);
    expect(script.state.feeding).toBe(2);
  });

  it('waits 500 ms for the end of a replay', () => {
    script.matches.set(2, EXACT);
    script.pass(100);
    script.answer(2, true);
    script.flow(480, 2);
    expect(script.done).toEqual([]);
    script.pass(40);
    expect(script.done).toEqual(['1000 search 2', '1000 switch to 2, exact, from 1']);
  });

  it('is content with the very place where it is, since nothing else feeds it', () => {
    script.matches.set(2, REACHED);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done).toEqual(['400 search 2', '400 switch to 2, exact, from 1']);
  });

  it('starts anew from frames that are others: six prove it, less do after 300 ms', () => {
    script.pass(350);
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 5);
    expect(script.done).toEqual(['750 search 2']);
    script.pass(299);
    expect(script.done).toEqual(['760 search 2']);
    script.pass(1);
    expect(script.done).toEqual(['1050 open 3 to a: retry, replayed']);
    script.close(3, 'refused');
    expect(script.done).toEqual(['1050 switch to 2, start, from 1']);

    script = new SwitchScript();
    script.relayOf(A, B);
    script.close(1, 'publisher-ended', true);
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 6);
    expect(script.done.slice(-2)).toEqual(['400 search 2', '400 switch to 2, start, from 1']);
  });

  it('starts from nothing that has no start', () => {
    script.answer(2);
    for (let i = 0; i < 20; i += 1) script.frames(2, 1, false);
    expect(script.done).toEqual(['400 search 2', '400 open 3 to a: retry, replayed']);
    script.close(3, 'refused');
    script.pass(300);
    script.frames(2, 1, true);
    script.close(4, 'refused');
    expect(script.done.filter((line) => !line.includes('search'))).toEqual([
      '700 open 4 to a: refused, replayed',
      '700 switch to 2, start, from 1',
    ]);
  });

  it('asks each other owner for the next frame before it starts anew, for 300 ms', () => {
    script.owners(A, B, C);
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 6);
    expect(script.done.slice(-1)).toEqual(['400 open 3 to c: retry, replayed']);
    script.pass(100);
    script.close(3, 'refused');
    expect(script.done.slice(-1)).toEqual(['500 open 4 to a: refused, replayed']);
    script.flow(280, 2);
    script.pass(19);
    expect(script.done.filter((line) => line.includes('switch'))).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['800 switch to 2, start, from 1', '800 close 4: switched']);
  });

  it('goes on exactly with the owner that broke, where the other is of another encode', () => {
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 6);
    script.matches.set(3, EXACT);
    script.answer(3, true);
    script.frames(3, 6);
    script.replayed(3);
    expect(script.done.slice(-2)).toEqual(['400 switch to 3, exact, from 1', '400 close 2: switched']);
  });

  it('asks who failed before once more, but not who said that the publisher has ended', () => {
    script.owners(A, B, C);
    script.close(2, 'refused');
    script.close(3, 'publisher-ended', true);
    script.close(4, 'refused');
    const publisher = script.publish();
    script.frames(publisher, 6);
    expect(script.done.slice(-2)).toEqual([`400 search ${publisher}`, '400 open 6 to b: refused, replayed']);
    script.close(6, 'refused');
    expect(script.done).toEqual(['400 open 7 to a: refused, replayed']);
    script.close(7, 'refused');
    expect(script.done).toEqual([`400 switch to ${publisher}, start, from 1`]);
  });

  it('asks those that failed in the next round, also beside one that answered and fell silent', () => {
    script.answer(2, true);
    script.frames(2, 6, false);
    script.replayed(2);
    script.close(3, 'refused');
    script.pass(1100);
    expect(script.done.slice(-2)).toEqual(['1100 close 2: stalled', '1100 open 4 to a: refused, replayed']);
  });

  it('asks one owner on one way: another way brings the same frames', () => {
    script.close(2, 'refused');
    script.owners(B, ownerOf('b', { through: 'c' }));
    script.close(3, 'refused');
    script.close(4, 'refused');
    script.pass(700);
    expect(script.done.at(-1)).toBe('1100 open 5 to b: refused, replayed');
    script.answer(5, true);
    script.frames(5, 6);
    script.replayed(5);
    script.pass(2000);
    expect(script.done.slice(0, 2)).toEqual(['1100 search 5', '1100 switch to 5, start, from 1']);
    expect(script.done.filter((line) => line.includes('open'))).toEqual([]);
  });

  it.each([
    [1000, 1650],
    [1001, 400],
  ])('waits for a copy that lags %d ms, and switches at %d ms', (lagMs, switchMs) => {
    script.matches.set(2, behind(lagMs));
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.close(3, 'refused');
    script.flow(2000, 2);
    const { done } = script;
    expect(done.filter((line) => line.includes('lags'))).toEqual(lagMs > 1000 ? [] : ['400 2 lags 1000 ms']);
    expect(done.filter((line) => line.includes('switch to'))).toEqual([
      `${switchMs} switch to 2, start, from 1`,
    ]);
  });

  it('goes on exactly as soon as the copy has caught up', () => {
    script.matches.set(2, behind(300));
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.flow(200, 2);
    script.matches.set(2, EXACT);
    script.flow(40, 2);
    expect(script.done.slice(-2)).toEqual(['640 switch to 2, exact, from 1', '640 close 3: switched']);
  });

  it('searches no more often than its cost allows, and only where frames came', () => {
    script.searchCostMs = 20;
    script.matches.set(2, behind(300));
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.flow(480, 2);
    expect(script.done).toEqual([
      '400 search 2',
      '400 2 lags 300 ms',
      '400 open 3 to a: retry, replayed',
      '600 search 2',
      '800 search 2',
    ]);
    script.pass(300);
    expect(script.done).toEqual(['1000 search 2']);
  });

  it('is given up where nobody has it any more', () => {
    script.owners();
    expect(script.done).toEqual(['400 close 2: owner-left']);
    // It was lost without a word, so it may come back at another owner.
    script.pass(999);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['1400 detach']);
    expect(script.state.wakeMs).toBe(Number.POSITIVE_INFINITY);
    script.owners(C);
    expect(script.done).toEqual(['1400 open 3 to c: started']);
  });

  it('is given up where nobody plays it any more', () => {
    script.owners(B);
    script.players(0);
    script.pass(799);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['1200 close 2: no-players', '1200 detach']);
  });

  it('goes on from nothing after replayMs: by then no frame is the next one', () => {
    script.owners(B);
    script.pass(5999);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['6400 detach']);
    script.answer(2);
    expect(script.done).toEqual(['6400 switch to 2, start']);
  });

  it('is not given up while a relay is answered, or a publisher is here', () => {
    script.answer(2);
    script.owners();
    expect(script.done).toEqual([]);
    script.frames(2);
    expect(script.done).toEqual(['400 search 2']);

    script = new SwitchScript();
    script.relayOf(A);
    const publisher = script.publish();
    script.owners();
    script.close(1);
    script.pass(400);
    expect(script.done.slice(2)).toEqual([]);
    script.frames(publisher, 6);
    expect(script.done).toContain(`800 switch to ${publisher}, start, from 1`);
  });

  it('is sought from a silent owner as well, but where a publisher is here', () => {
    const silent = ownerOf('b', { silent: true });
    for (const hasPublisher of [false, true]) {
      script = new SwitchScript();
      script.relayOf(A);
      if (hasPublisher) script.publish();
      script.owners(silent);
      script.close(1);
      expect(script.done.slice(2)).toEqual(hasPublisher ? [] : ['400 open 2 to b: broken, replayed']);
    }
  });

  it('is sought from an owner that drains as well', () => {
    script = new SwitchScript();
    script.relayOf(A, B);
    script.owners(ownerOf('a', { draining: true }), ownerOf('b', { draining: true }));
    script.close(1);
    expect(script.done.slice(2)).toEqual(['400 open 2 to b: broken, replayed']);
  });

  it('takes what answered meanwhile after replayMs, though it has no start', () => {
    script.answer(2);
    for (let i = 0; i < 15; i += 1) {
      script.pass(400);
      script.frames(2, 1, false);
      script.close(3, 'publisher-ended', true);
    }
    expect(script.done.filter((line) => !line.includes('search'))).toEqual([
      '1100 open 3 to a: retry, replayed',
      '1900 open 4 to a: publisher-ended, replayed',
      '6400 detach',
      '6400 switch to 2, start',
      '6400 close 4: switched',
    ]);
    script.close(2);
    expect(script.done).toEqual(['6400 open 5 to a: broken, replayed']);
  });

  it('asks the other ones, then the broken one at once, once', () => {
    script.close(2, 'refused');
    script.answer(3, true);
    script.frames(3, 10);
    script.pass(699);
    script.close(3);
    expect(script.done).toEqual(['400 open 3 to a: refused, replayed']);
    script.pass(700);
    expect(script.done).toEqual(['1600 open 4 to b: broken, replayed']);
  });

  it('takes a break long after the last one for a new one', () => {
    script.close(2, 'refused');
    script.answer(3, true);
    script.frames(3, 10);
    script.pass(700);
    script.close(3);
    expect(script.done.slice(1)).toEqual(['1100 open 4 to a: broken, replayed']);
  });

  it('does not ask one again that said that its publisher has ended', () => {
    script.answer(2, true);
    script.frames(2, 10);
    script.close(2, 'publisher-ended', true);
    script.close(3, 'publisher-ended', true);
    expect(script.done.slice(-1)).toEqual(['400 open 3 to a: publisher-ended, replayed']);
    script.pass(699);
    expect(script.done).toEqual([]);
  });
});
