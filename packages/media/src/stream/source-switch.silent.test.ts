import { beforeEach, describe, expect, it } from 'vitest';
import { INTER } from '../testing/frames.js';
import { ownerOf } from '../testing/stream-world.js';
import { A, B, behind, C, EXACT, REACHED, SwitchScript } from '../testing/switch-script.js';

let script: SwitchScript;

beforeEach(() => {
  script = new SwitchScript();
});

describe('a relay that is silent', () => {
  it('is told of once while nobody else has the stream, and made anew after 5 s', () => {
    script.relayOf(A);
    script.pass(499);
    expect(script.done.slice(2)).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['900 waits for 1: stalled, 500 ms']);
    script.pass(4499);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['5400 close 1: stalled', '5400 open 2 to a: stalled, replayed']);
    expect(script.state.feeding).toBe(1);
    script.matches.set(2, EXACT);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done).toEqual(['5400 search 2', '5400 switch to 2, exact, from 1']);
  });

  it('is told of again after it flowed', () => {
    script.relayOf(A);
    script.pass(600);
    script.frames(1);
    script.pass(600);
    expect(script.done.slice(2)).toEqual([
      '900 waits for 1: stalled, 500 ms',
      '1500 waits for 1: stalled, 500 ms',
    ]);
  });

  it('is kept where its owner says that it is silent', () => {
    script.relayOf(A);
    script.owners(ownerOf('a', { silent: true }));
    script.pass(20_000);
    expect(script.done.slice(2)).toEqual(['900 waits for 1: stalled, 500 ms']);
  });

  it('is not made anew just when its owner says that media comes again: that may be slower than the word', () => {
    script.relayOf(A);
    script.owners(ownerOf('a', { silent: true }));
    script.pass(20_000);
    script.owners(A);
    script.pass(4999);
    expect(script.done.slice(2)).toEqual(['900 waits for 1: stalled, 500 ms']);
    script.pass(1);
    expect(script.done).toEqual(['25400 close 1: stalled', '25400 open 2 to a: stalled, replayed']);
  });

  it('whose owner left is found out sooner', () => {
    script.relayOf(A, B);
    script.owners(B);
    script.pass(120);
    expect(script.done.slice(2)).toEqual([
      '520 open 2 to b: owner-left, replayed',
      '520 lost 1: owner-left, 120 ms',
    ]);
  });

  it('is left for another owner, and not asked again within a second', () => {
    script.relayOf(A, B);
    script.pass(500);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.pass(999);
    expect(script.done.slice(2)).toEqual([
      '900 open 2 to b: stalled, replayed',
      '900 lost 1: stalled, 500 ms',
      '900 search 2',
      '900 switch to 2, start, from 1',
      '900 close 1: switched',
      '1400 waits for 2: stalled, 500 ms',
    ]);
    script.pass(1);
    expect(script.done).toEqual(['1900 open 3 to a: stalled, replayed']);
  });

  it('stays where it flows again before another one could go on', () => {
    script.relayOf(A, B);
    script.pass(500);
    script.frames(1);
    expect(script.done.slice(-1)).toEqual(['900 close 2: not-needed']);
    expect(script.state.feeding).toBe(1);
  });

  it('is not left for one that is silent as well', () => {
    script.relayOf(A, ownerOf('b', { silent: true }));
    script.pass(1000);
    expect(script.done.slice(2)).toEqual(['900 waits for 1: stalled, 500 ms']);
    script.owners(A, B);
    expect(script.done).toEqual(['1400 open 2 to b: stalled, replayed']);
    // It turns out to have nothing but its past.
    script.answer(2, true);
    script.owners(A, ownerOf('b', { silent: true }));
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done).toEqual(['1400 search 2']);
    script.frames(2);
    script.pass(99);
    expect(script.done).toEqual(['1410 search 2']);
    script.pass(1);
    expect(script.done).toEqual(['1500 switch to 2, start, from 1', '1500 close 1: switched']);
  });

  it('is left by one that has nothing either for a third', () => {
    script.relayOf(A, B, C);
    script.pass(500);
    script.answer(2, true);
    script.replayed(2);
    script.pass(1499);
    expect(script.done.slice(2)).toEqual([
      '900 open 2 to b: stalled, replayed',
      '900 lost 1: stalled, 500 ms',
    ]);
    script.pass(1);
    expect(script.done).toEqual(['2400 close 2: stalled', '2400 open 3 to c: stalled, replayed']);
  });
});

describe('an owner that is silent from the start', () => {
  const SILENT = ownerOf('a', { silent: true });

  beforeEach(() => {
    script.players(1);
    script.owners(SILENT);
    expect(script.done).toEqual(['0 open 1 to a: started, replayed']);
    script.answer(1, true);
    script.frames(1, 10);
  });

  it('feeds the stream with its past once that is known to be all of it', () => {
    expect(script.done).toEqual([]);
    script.replayed(1);
    expect(script.done).toEqual(['0 switch to 1, start, silent']);
  });

  it('does so after a while without a word', () => {
    script.pass(499);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['500 switch to 1, start, silent']);
  });

  it('feeds it at once where it says that media comes again', () => {
    script.owners(A);
    expect(script.done).toEqual(['0 switch to 1, start']);
  });
});

it('a stream whose last source has gone is fed by a publisher that is silent, with its past alone', () => {
  const publisher = script.publisherOf(A);
  script.pass(600);
  script.answer(2, true);
  script.frames(2, 10);
  script.replayed(2);
  script.flow(1000, 2);
  script.owners();
  script.close(2, 'publisher-ended', true);
  expect(script.done.filter((line) => line.includes('switch to')).length).toBe(2);
  script.pass(6000);
  expect(script.done).toEqual(['8000 detach', `8000 switch to ${publisher}, start, silent`]);
});

/** So many frames at once, which lie 40 ms apart from this time on. */
const bring = (source: number, fromMs: number, count: number) => {
  for (let i = 0; i < count; i += 1) script.media(source, INTER(fromMs + 40 * i));
};
const switches = () => script.done.filter((line) => line.includes('switch to'));

describe('a source that sends what was held back while it was silent', () => {
  let publisher: number;

  /** The publisher here was silent, and is another encoder's or too far behind; then the relay breaks. */
  beforeEach(() => {
    publisher = script.publisherOf(A);
    script.pass(600);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.flow(8000, 2);
    script.close(2, 'broken', true);
    expect(switches().slice(1)).toEqual(['1000 switch to 2, start, from 1']);
  });

  it.each([
    ['is of another encode', { kind: 'none' } as const],
    ['lags too far', behind(8000)],
  ])('begins once that is through, where it %s', (_, match) => {
    script.matches.set(publisher, match);
    for (let i = 0; i < 8; i += 1) {
      bring(publisher, i * 1000, 25);
      script.pass(50);
    }
    expect(switches()).toEqual([]);
    script.pass(50);
    expect(switches()).toEqual(['9450 switch to 1, start, from 2']);
  });

  it('goes on with the very next frame as soon as it has that', () => {
    script.matches.set(publisher, behind(8000));
    bring(publisher, 0, 100);
    script.pass(50);
    script.matches.set(publisher, EXACT);
    bring(publisher, 4000, 110);
    expect(switches()).toEqual(['9050 switch to 1, exact, from 2']);
  });

  it('is waited for no longer than relay.lagMs', () => {
    for (let i = 0; i < 20; i += 1) {
      script.pass(50);
      bring(publisher, i * 200, 5);
    }
    expect(switches()).toEqual([]);
    script.pass(100);
    expect(switches()).toEqual(['10050 switch to 1, start, from 2']);
  });

  it('begins soon where nothing was held back', () => {
    script.pass(40);
    bring(publisher, 0, 1);
    for (let i = 1; i < 4; i += 1) {
      script.pass(40);
      bring(publisher, 40 * i, 1);
    }
    expect(switches()).toEqual(['9140 switch to 1, start, from 2']);
  });
});

describe('a relay whose owner drains', () => {
  const DRAINING = ownerOf('a', { draining: true });

  it('is left for one that stays as soon as that goes on', () => {
    script.relayOf(A, B);
    script.owners(DRAINING, B);
    script.flow(200, 1);
    script.matches.set(2, EXACT);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done.slice(2)).toEqual([
      '400 open 2 to b: draining, replayed',
      '600 search 2',
      '600 switch to 2, exact, from 1',
      '600 close 1: switched',
    ]);
  });

  it('waits for a copy that lags as long as it flows, and is not content with the very place', () => {
    script.relayOf(A, B);
    script.owners(DRAINING, B);
    script.answer(2, true);
    script.matches.set(2, behind(5000));
    script.frames(2, 10);
    script.replayed(2);
    script.flow(3000, 1, 2);
    script.matches.set(2, REACHED);
    script.flow(400, 1, 2);
    expect(script.done.filter((line) => !line.includes('search')).slice(2)).toEqual([
      '400 open 2 to b: draining, replayed',
    ]);
    script.matches.set(2, EXACT);
    script.flow(40, 1, 2);
    expect(script.done.slice(-2)).toEqual(['3840 switch to 2, exact, from 1', '3840 close 1: switched']);
  });

  it('tells nothing of a copy that lags while it flows', () => {
    script.relayOf(A, B);
    script.owners(DRAINING, B);
    script.matches.set(2, behind(300));
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.flow(400, 1, 2);
    expect(script.done.filter((line) => line.includes('lags'))).toEqual([]);
    // From then on it is waited for.
    script.flow(560, 2);
    expect(script.done.filter((line) => line.includes('lags'))).toEqual(['1300 2 lags 300 ms']);
  });

  it('stays where all drain, or the other is silent', () => {
    for (const other of [ownerOf('b', { draining: true }), ownerOf('b', { silent: true })]) {
      script = new SwitchScript();
      script.relayOf(A, B);
      script.owners(DRAINING, other);
      script.flow(1000, 1);
      expect(script.done).toHaveLength(2);
      // Once it is silent there is nothing to lose.
      script.pass(500);
      expect(script.done[0]).toBe(
        other.claim.silent ? '1900 waits for 1: stalled, 500 ms' : '1900 waits for 1: stalled, 500 ms',
      );
    }
  });
});
