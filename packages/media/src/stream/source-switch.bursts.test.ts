import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, INTER } from '../testing/frames.js';
import { ownerOf } from '../testing/stream-world.js';
import { A, B, SwitchScript } from '../testing/switch-script.js';

const EVERY_MS = 4000;

let script: SwitchScript;

beforeEach(() => {
  script = new SwitchScript();
});

/** As much media as passes up to the next burst, all at once. */
function burst(source: number): void {
  for (let i = 0; i < EVERY_MS / 40; i += 1) {
    script.media(source, INTER(script.nowMs + i * 40));
    script.media(source, AUDIO(script.nowMs + i * 40));
  }
}

function bursts(source: number, count: number): void {
  for (let i = 0; i < count; i += 1) {
    script.pass(EVERY_MS);
    burst(source);
  }
}

describe('a publisher that sends in bursts', () => {
  it('is silent in its first two pauses, and not in those that follow, though another owner flows', () => {
    const publisher = script.publish();
    script.players(1);
    burst(publisher);
    script.owners(B);
    bursts(publisher, 2);
    expect(script.done.filter((line) => line.includes('1 is silent'))).toHaveLength(2);
    bursts(publisher, 10);
    script.pass(EVERY_MS * 1.5 - 1);
    expect(script.done).toEqual([]);
    script.pass(1);
    const [silent, open] = script.done;
    expect(silent).toMatch(/1 is silent$/);
    expect(open).toMatch(/to b: publisher-silent/);
  });

  it('is silent after 500 ms again once it sent steadily for longer than a pause', () => {
    const publisher = script.publish();
    script.players(1);
    burst(publisher);
    bursts(publisher, 4);
    script.flow(EVERY_MS + 80, publisher);
    expect(script.done.at(-1)).toMatch(/1 flows$/);
    script.owners(B);
    script.pass(499);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done[0]).toMatch(/1 is silent$/);
  });
});

describe('a relay whose owner sends in bursts', () => {
  it('stays in its pauses, and nobody else is asked for the pictures', () => {
    script.relayOf(A);
    burst(1);
    bursts(1, 2);
    script.owners(A, ownerOf('b', { shows: true }));
    script.done;
    bursts(1, 10);
    expect(script.done).toEqual([]);
  });

  it('is told of after 500 ms where its owner left', () => {
    script.relayOf(A);
    burst(1);
    bursts(1, 3);
    script.done;
    script.owners(B);
    script.pass(120);
    expect(script.done.at(-1)).toMatch(/lost 1: owner-left, 120 ms/);
  });

  it('that is made anew in a pause goes on with what is known of the owner', () => {
    script.relayOf(A);
    burst(1);
    bursts(1, 1);
    script.done;
    script.close(1);
    expect(script.done.at(-1)).toMatch(/open 2 to a/);
    script.answer(2);
    bursts(2, 1);
    script.done;
    bursts(2, 5);
    expect(script.done).toEqual([]);
  });

  it('that is made anew for each burst, which comes as the end of its replay, stays once the pauses are known', () => {
    script.relayOf(A);
    burst(1);
    for (const relay of [2, 3]) {
      script.pass(EVERY_MS);
      script.close(relay - 1);
      script.answer(relay, true);
      for (let ms = -5000; ms < 0; ms += 40) script.media(relay, INTER(script.nowMs + ms));
      burst(relay);
      script.replayed(relay);
    }
    script.owners(A, B);
    script.done;
    script.pass(EVERY_MS * 1.5 - 1);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done[0]).toMatch(/open 4 to b: stalled/);
  });
});
