import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, INTER, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { ownerOf } from '../testing/stream-world.js';
import { A, B, behind, C, EXACT, REACHED, SwitchScript } from '../testing/switch-script.js';

let script: SwitchScript;

beforeEach(() => {
  script = new SwitchScript();
});

describe('a relay', () => {
  it('is opened to the best owner once somebody plays, and feeds the stream from its answer on', () => {
    script.owners(A, B);
    expect([script.done, script.state.hasRelay]).toEqual([[], false]);
    script.players(1);
    expect([script.state.hasRelay, script.state.feeding]).toEqual([true, null]);
    script.players(2);
    script.pass(400);
    script.answer(1);
    expect(script.done).toEqual(['0 open 1 to a: started', '400 switch to 1, start']);
    expect(script.state.feeding).toBe(1);
  });

  it('is asked for no replay where nothing was sent', () => {
    script.players(1);
    script.owners(A, B, C);
    script.answer(1);
    script.close(1, 'refused');
    script.answer(2, true);
    script.frames(2);
    script.replayed(2);
    script.close(2);
    expect(script.done).toEqual([
      '0 open 1 to a: started',
      '0 switch to 1, start',
      '0 open 2 to b: refused',
      '0 switch to 2, start, from 1',
      // A switch ends the round: `a` is worth another try.
      '0 open 3 to a: broken, replayed',
    ]);
  });

  it('that does not answer is silent as long as any source that is not known', () => {
    script.players(1);
    script.owners(A);
    script.pass(2000);
    expect(script.done).toEqual(['0 open 1 to a: started']);
    script.owners(A, ownerOf('b', { silent: true }));
    script.answer(1);
    script.owners(A, B);
    script.pass(1000);
    script.answer(1, true);
    script.pass(1000);
    expect(script.done).toEqual([
      '2000 switch to 1, start',
      '3500 open 2 to b: stalled',
      '3500 lost 1: stalled, 1500 ms',
    ]);
  });

  it('does not open where its owner is the only one and failed, up to the next round', () => {
    script.players(1);
    script.owners(A, B);
    script.close(1, 'refused');
    script.pass(100);
    script.close(2, 'unreachable');
    script.pass(1000);
    script.close(3, 'refused');
    script.close(4, 'refused');
    script.owners();
    script.pass(5000);
    script.owners(B);
    script.pass(1);
    expect(script.done).toEqual([
      '0 open 1 to a: started',
      '0 open 2 to b: refused',
      '800 open 3 to a: unreachable',
      '1100 open 4 to b: refused',
      '6100 open 5 to b: refused',
    ]);
  });

  it('ends when nobody has played for a while, and its failures are forgotten', () => {
    script.relayOf(A);
    script.players(0);
    script.flow(760, 1);
    script.players(1);
    script.flow(2000, 1);
    script.players(0);
    script.players(0);
    expect(script.done).toEqual(['0 open 1 to a: started', '0 switch to 1, start']);
    script.pass(400);
    script.players(0);
    script.pass(400);
    expect(script.done).toEqual([
      '3660 waits for 1: stalled, 500 ms',
      '3960 close 1: no-players',
      '3960 detach',
    ]);
    expect([script.state.hasRelay, script.state.feeding]).toEqual([false, null]);
    script.players(1);
    script.players(0);
    script.pass(600);
    script.close(2, 'refused');
    script.pass(200);
    script.owners(A);
    script.players(1);
    expect(script.done).toEqual(['3960 open 2 to a: started', '4760 open 3 to a: started']);
  });

  it('is closed before its answer where its owner left, and not after it', () => {
    script.players(1);
    script.owners(A, B);
    script.owners(B);
    script.answer(2);
    script.frames(2);
    script.owners(C);
    expect(script.done).toEqual([
      '0 open 1 to a: started',
      '0 close 1: owner-left',
      '0 open 2 to b: retry',
      '0 switch to 2, start',
    ]);
  });

  it('is not asked for by events of sources that are gone', () => {
    script.relayOf(A);
    script.close(1);
    script.close(1);
    script.answer(1);
    script.replayed(1);
    script.frames(1);
    script.step({ kind: 'matched', source: 1, match: EXACT, costMs: 0 });
    expect(script.done.slice(2)).toEqual(['400 open 2 to a: broken, replayed']);
    script.answer(2);
    expect(script.state.feeding).toBe(1);
  });
});

describe('a publisher', () => {
  it('feeds a stream that nobody feeds from its accept on', () => {
    const publisher = script.publish();
    expect(script.done).toEqual(['0 switch to 1, start']);
    expect([script.state.feeding, script.state.hasRelay]).toEqual([publisher, false]);
  });

  it('flows from its first frame on, is silent after 500 ms, and that is told when it changes', () => {
    const publisher = script.publisherOf();
    script.pass(2000);
    script.frames(publisher);
    script.flow(400, publisher);
    expect(script.done).toEqual(['0 switch to 1, start', '0 1 flows', '900 1 is silent', '2400 1 flows']);
  });

  it('that never sends anything is silent after 500 ms, told once', () => {
    script.publish();
    script.pass(499);
    expect(script.done.slice(1)).toEqual([]);
    script.pass(5000);
    expect(script.done).toEqual(['500 1 is silent']);
  });

  it('that ends while nobody else has the stream leaves it without a source', () => {
    const publisher = script.publisherOf();
    script.close(publisher, 'publisher-ended', true);
    expect(script.done.slice(2)).toEqual(['400 detach']);
    expect([script.state.feeding, script.state.wakeMs]).toEqual([null, Number.POSITIVE_INFINITY]);
  });

  it('that ends for nobody leaves it without a source though others have it, and opens no relay', () => {
    const publisher = script.publisherOf(A);
    script.players(0);
    script.pass(300);
    script.close(publisher, 'publisher-ended', true);
    expect(script.done.slice(2)).toEqual(['700 detach']);
    script.players(1);
    expect(script.done).toEqual(['700 open 2 to a: started']);
  });

  it('that is silent gives way to an owner that flows, and to none that is silent', () => {
    script.publisherOf(ownerOf('a', { silent: true }));
    script.pass(1000);
    expect(script.done.slice(2)).toEqual(['900 1 is silent']);
    script.owners(A);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done).toEqual([
      '1400 open 2 to a: publisher-silent, replayed',
      '1400 search 2',
      '1400 switch to 2, start, from 1',
    ]);
  });

  it('gets the stream from a relay that flows only with the very next frame, or the very place', () => {
    for (const match of [EXACT, REACHED]) {
      script = new SwitchScript();
      script.relayOf(A);
      const publisher = script.publish();
      script.matches.set(publisher, behind(10));
      script.flow(80, 1, publisher);
      script.matches.set(publisher, match);
      script.flow(40, 1, publisher);
      expect(script.done.slice(2)).toEqual(
        [
          '440 3 flows',
          '440 search 3',
          '480 search 3',
          '520 search 3',
          '520 switch to 3, exact, from 1',
          '520 close 1: switched',
        ].map((line) =>
          line.replaceAll('3 flows', `${publisher} flows`).replace(/(search|to) 3/, `$1 ${publisher}`),
        ),
      );
    }
  });

  it('is searched for 3 s beside a relay that flows, and gets the stream at once where that is silent', () => {
    script.relayOf(A);
    const publisher = script.publish();
    script.flow(4000, 1, publisher);
    expect(script.done.at(-1)).toBe(`3400 search ${publisher}`);
    script.flow(480, publisher);
    expect(script.done).toEqual([]);
    script.flow(40, publisher);
    expect(script.done).toEqual([
      `4900 search ${publisher}`,
      '4900 lost 1: stalled, 500 ms',
      `4900 switch to ${publisher}, start, from 1`,
      '4900 close 1: switched',
    ]);
  });

  it('is searched anew beside each relay', () => {
    script.relayOf(A, B);
    const publisher = script.publish();
    script.flow(4000, 1, publisher);
    script.flow(600, 1);
    script.close(1);
    script.matches.set(3, EXACT);
    script.answer(3, true);
    script.frames(3, 10);
    script.replayed(3);
    expect(script.done.slice(-2)).toEqual(['5000 search 3', '5000 switch to 3, exact, from 1']);
    script.flow(4000, 3, publisher);
    const searches = script.done.filter((line) => line.includes('search'));
    expect([searches.at(0), searches.at(-1)]).toEqual([
      `5040 search ${publisher}`,
      `8000 search ${publisher}`,
    ]);
  });

  it('gets the stream from a relay that nobody wants any more', () => {
    script.relayOf(A);
    const publisher = script.publish();
    script.players(0);
    script.pass(800);
    expect(script.done.slice(2)).toEqual([
      `900 ${publisher} is silent`,
      '900 lost 1: stalled, 500 ms',
      '1200 close 1: no-players',
      '1200 detach',
      `1200 switch to ${publisher}, start`,
    ]);
  });

  it('that comes back beside a relay about to answer is waited with for 300 ms', () => {
    const publisher = script.publisherOf(A);
    script.close(publisher, 'publisher-ended', true);
    script.pass(10);
    const again = script.publish();
    script.frames(again, 10);
    script.pass(289);
    expect(script.done.filter((line) => line.includes('switch')).slice(1)).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual([`700 switch to ${again}, start, from 1`, '700 close 2: switched']);
  });
});

describe('our own standstill', () => {
  it.each([
    [100, 'is a pause as any'],
    [101, 'is forgiven, up to 100 ms'],
  ])('of %d ms %s', (lateMs) => {
    script.relayOf(A);
    script.pass(499);
    script.nowMs += 1 + lateMs;
    script.step({ kind: 'tick' });
    expect(script.done.slice(2)).toEqual(lateMs > 100 ? [] : ['1000 waits for 1: stalled, 600 ms']);
    script.pass(99);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(lateMs > 100 ? ['1101 waits for 1: stalled, 500 ms'] : []);
  });

  it('is known by the frame that ends it, too', () => {
    const publisher = script.publisherOf();
    script.nowMs += 3000;
    script.frames(publisher);
    expect(script.done.slice(2)).toEqual([]);
  });
});

describe('a stream that is fed well', () => {
  it('decides nothing for each frame, and wakes up for silence only', () => {
    script.relayOf(A, B);
    script.wakes = 0;
    const frame = INTER(0);
    script.pass(40);
    script.media(1, frame);
    expect(script.state.media(1, frame, true, script.nowMs)).toBe(
      script.state.media(99, frame, true, script.nowMs),
    );
    script.flow(10_000, 1);
    // The time that it was due at last has passed without silence.
    expect(script.wakes).toBeLessThanOrEqual(21);
    expect(script.done).toHaveLength(2);
  });

  it('takes headers and data for no media', () => {
    script.players(1);
    script.owners(A);
    script.answer(1);
    for (let i = 0; i < 15; i += 1) {
      script.pass(100);
      for (const frame of [VIDEO_HEADER(), METADATA(), { ...METADATA(), isHeader: false }])
        script.media(1, frame);
    }
    expect(script.done.slice(2)).toEqual(['1500 waits for 1: stalled, 1500 ms']);
    script.media(1, AUDIO(0));
    script.pass(1500);
    expect(script.done).toEqual(['3000 waits for 1: stalled, 1500 ms']);
  });
});
