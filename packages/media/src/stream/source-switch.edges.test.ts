import { beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../testing/stream-world.js';
import { A, B, behind, C, EXACT, REACHED, SwitchScript } from '../testing/switch-script.js';

let script: SwitchScript;

beforeEach(() => {
  script = new SwitchScript();
});

describe('a relay', () => {
  it('is not opened for who left: only a relay that was there lingers', () => {
    script.relayOf(A);
    script.players(2);
    script.owners();
    script.close(1);
    script.players(0);
    script.owners(B);
    expect(script.done.slice(2)).toEqual(['400 detach']);

    script = new SwitchScript();
    script.relayOf(A);
    script.players(0);
    script.owners();
    script.close(1, 'publisher-ended', true);
    expect([script.done.slice(2), script.state.wakeMs]).toEqual([['400 detach'], Number.POSITIVE_INFINITY]);
  });

  it('is not switched to by the answer to a search that nobody asked for', () => {
    script.players(1);
    script.owners(A);
    script.step({ kind: 'matched', source: 1, match: REACHED, costMs: 0 });
    expect(script.done).toEqual(['0 open 1 to a: started']);
  });

  it('that is silent from its answer on is left for another one, which is kept until it has a start', () => {
    script.players(1);
    script.owners(A, B, C);
    script.answer(1);
    script.pass(1500);
    script.answer(2);
    script.frames(2, 8, false);
    expect(script.done.slice(2)).toEqual(['1500 open 2 to b: stalled', '1500 lost 1: stalled, 1500 ms']);
    script.frames(2);
    expect(script.done).toEqual(['1500 switch to 2, start, from 1', '1500 close 1: switched']);
  });
});

describe('a stream whose relay broke', () => {
  beforeEach(() => {
    script.relayOf(A, B);
    script.close(1);
    expect(script.done.at(-1)).toBe('400 open 2 to b: broken, replayed');
  });

  it.each([
    ['lags too far', behind(5000)],
    ['is of another encode', { kind: 'none' }],
  ] as const)('asks nobody more after these 300 ms where the copy here %s', (_, match) => {
    script.owners(A, B, C, ownerOf('d'));
    script.matches.set(2, match);
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 6);
    script.pass(100);
    script.close(3, 'refused');
    script.pass(200);
    script.close(4, 'refused');
    expect(script.done.filter((line) => !line.includes('search'))).toEqual([
      '400 open 3 to c: retry, replayed',
      '500 open 4 to d: refused, replayed',
      '700 switch to 2, start, from 1',
    ]);
  });

  it('asks who comes while a copy that lags is waited for, however long that is', () => {
    script.owners(B);
    script.matches.set(2, behind(900));
    script.answer(2, true);
    script.replayed(2);
    script.flow(600, 2);
    script.owners(B, C);
    expect(script.done.at(-1)).toBe('1000 open 3 to c: retry, replayed');
  });

  it('asks two at once and no more, whatever they turn out to have', () => {
    script.owners(B, C, ownerOf('d'));
    for (const source of [2, 3]) {
      script.answer(source, true);
      script.frames(source, 6, false);
      script.replayed(source);
    }
    expect(script.done.filter((line) => line.includes('open'))).toEqual(['400 open 3 to c: retry, replayed']);
  });

  it('asks the same owner on another way where that one fell silent', () => {
    script.owners(B);
    script.answer(2, true);
    script.frames(2, 6, false);
    script.replayed(2);
    script.owners(ownerOf('b', { through: 'm' }));
    expect(script.done).toEqual(['400 search 2']);
    script.pass(1500);
    expect(script.done.slice(0, 2)).toEqual([
      '900 close 2: stalled',
      '900 open 3 to b through m: retry, replayed',
    ]);
  });

  it('goes on from a replay whose owner left meanwhile', () => {
    script.answer(2, true);
    script.frames(2, 10);
    script.owners();
    script.replayed(2);
    expect(script.done).toEqual(['400 search 2', '400 switch to 2, start, from 1']);
  });

  it('is asked for its past when it breaks again right after it was taken up so', () => {
    script.owners(B);
    script.answer(2);
    script.frames(2, 1, false);
    script.pass(6000);
    script.close(2);
    expect(script.done.filter((line) => !line.includes('search'))).toEqual([
      '6400 detach',
      '6400 switch to 2, start, silent',
      '6400 open 3 to b: broken, replayed',
    ]);
  });
});

describe('a relay that is silent', () => {
  it('is lost like any other while it is made anew', () => {
    script.relayOf(A);
    script.pass(5000);
    script.close(2, 'refused');
    script.pass(700);
    expect(script.done.slice(3)).toEqual([
      '5400 close 1: stalled',
      '5400 open 2 to a: stalled, replayed',
      '6100 open 3 to a: refused, replayed',
    ]);

    script = new SwitchScript();
    script.relayOf(A);
    script.pass(5000);
    // Its publisher may come back at another owner.
    script.owners();
    script.pass(1000);
    expect(script.done.slice(5)).toEqual(['5400 close 2: owner-left', '6400 detach']);
  });
});

describe('a relay whose owner drains', () => {
  const DRAINING = ownerOf('a', { draining: true });

  /** From 0 on: 1 drains and flows, 2 is there with six frames, in which nothing is found. */
  const besideAnother = () => {
    script.players(1);
    script.owners(DRAINING);
    script.answer(1);
    script.frames(1);
    script.owners(DRAINING, B);
    script.answer(2, true);
    script.frames(2, 6);
    script.replayed(2);
  };
  const switches = () => script.done.filter((line) => line.includes('switch to 2'));

  it('is left for one of another encode after two seconds: nothing hurries', () => {
    besideAnother();
    script.flow(1960, 1, 2);
    expect(switches()).toEqual([]);
    script.flow(40, 1, 2);
    expect(switches()).toEqual(['2000 switch to 2, start, from 1']);
  });

  it('is left exactly for the same encode that has just begun, and has few of the frames that were sent', () => {
    besideAnother();
    script.flow(800, 1, 2);
    script.matches.set(2, EXACT);
    script.flow(40, 1, 2);
    expect(switches()).toEqual(['840 switch to 2, exact, from 1']);
  });

  it('is left at once for one of another encode when it falls silent meanwhile', () => {
    besideAnother();
    script.flow(400, 1, 2);
    script.flow(520, 2);
    expect(switches()).toEqual(['900 switch to 2, start, from 1']);
  });

  it('feeds the stream to its end beside a publisher here that is of another encode', () => {
    script.relayOf(A);
    const publisher = script.publish();
    script.owners(DRAINING);
    script.flow(1000, 1, publisher);
    expect(script.done.filter((line) => line.includes('switch'))).toEqual(['0 switch to 1, start']);
  });
});

describe('a publisher', () => {
  it('is searched at once beside a relay that was switched to, whatever it sent last', () => {
    script.relayOf(A, B);
    const publisher = script.publish();
    script.flow(400, 1, publisher);
    script.close(1);
    script.matches.set(3, EXACT);
    script.answer(3, true);
    script.frames(3, 10);
    script.replayed(3);
    expect(script.done.at(-1)).toBe('800 switch to 3, exact, from 1');
    script.pass(10);
    expect(script.done).toEqual([`810 search ${publisher}`]);
  });

  it('that has just begun is waited for, and nobody else is asked, for 300 ms', () => {
    script.relayOf(A, B);
    const publisher = script.publish();
    script.frames(publisher, 3);
    script.close(1, 'publisher-ended', true);
    script.pass(299);
    expect(script.done.slice(2).filter((line) => !line.includes('search'))).toEqual([
      `400 ${publisher} flows`,
    ]);
    script.pass(1);
    expect(script.done).toEqual(['700 open 3 to b: publisher-ended, replayed']);
  });
});

describe('an owner that is pulled through a head of this zone', () => {
  it.each([
    ['a head, which gets it from the owner first', ['h'], null, 2500],
    ['the owner itself', [], null, 500],
    ['a member on the way to it, where no heads are asked', undefined, 'm', 500],
  ] as const)('has so long for the end of a replay that comes from %s', (_, found, way, ms) => {
    script = new SwitchScript(found === undefined ? {} : { headOf: () => found[0] ?? null });
    const from = way === null ? A : ownerOf('a', { through: way });
    script.relayOf(B);
    script.owners(from);
    script.close(1, 'publisher-ended', true);
    script.answer(2, true);
    script.frames(2, 10);
    script.pass(ms - 1);
    expect(script.done.filter((line) => line.includes('search'))).toEqual([]);
    script.frames(2, 1);
    script.pass(1);
    expect(script.done.at(-1)).toBe(`${400 + ms} switch to 2, start, from 1`);
  });
});
