import { beforeEach, describe, expect, it } from 'vitest';
import { INTER } from '../testing/frames.js';
import { A, B, behind, C, EXACT, REACHED, SwitchScript } from '../testing/switch-script.js';
import type { SourceId } from './source-switch.js';

let script: SwitchScript;
let slowMs: number;

/** Media of half of the time that passes from `slow`, all of it from the others. */
function flow(ms: number, slow: readonly SourceId[], ...others: readonly SourceId[]): void {
  for (let passed = 0; passed < ms; passed += 80) {
    script.flow(80, ...others);
    slowMs += 40;
    for (const source of slow) script.media(source, INTER(slowMs));
  }
}

const moves = () => script.done.filter((line) => !line.includes('search'));

beforeEach(() => {
  script = new SwitchScript();
});

describe('a source that sends half of the time that passes', () => {
  beforeEach(() => {
    script.relayOf(A, B);
    slowMs = script.nowMs;
    script.done;
    flow(5200, [1]);
    expect(script.done).toEqual([]);
    flow(960, [1]);
    expect(script.done).toEqual(['6240 open 2 to b: slow, replayed']);
    script.answer(2);
  });

  it('is left for another owner that is seen to keep up, exactly where it can be', () => {
    script.matches.set(2, EXACT);
    flow(3900, [1], 2);
    expect(script.done).toEqual([]);
    flow(800, [1], 2);
    expect(moves().map((line) => line.replace(/^\d+ /, ''))).toEqual([
      'switch to 2, exact, from 1',
      'close 1: switched',
    ]);
    script.flow(200_000, 2);
    expect(script.done).toEqual([]);
  });

  it('or from its newest start', () => {
    flow(4700, [1], 2);
    expect(moves()[0]).toContain('switch to 2, start, from 1');
  });

  it.each([REACHED, behind(1000)])('is kept where the other one has no more of it: %j', (match) => {
    script.matches.set(2, match);
    flow(6400, [1], 2);
    expect(moves().map((line) => line.replace(/^\d+ /, ''))).toEqual(['close 2: slow']);
  });

  it('is kept where the encoder is slow for all: others are asked ever more seldom', () => {
    for (let i = 0; i < 40; i += 1) {
      flow(4000, [1, ...(script.state.hasRelay ? [2, 3, 4, 5, 6] : [])]);
      for (const source of [3, 4, 5, 6]) script.answer(source);
    }
    const done = moves();
    expect(done.filter((line) => line.includes('switch'))).toEqual([]);
    expect(done.filter((line) => line.includes('open')).length).toBeLessThanOrEqual(4);
    expect(script.state.feeding).toBe(1);
  });

  it('is left alone when nobody plays it any more', () => {
    script.players(0);
    flow(2000, [1]);
    expect(script.done.at(-1)).toContain('close 2: no-players');
    expect([script.state.hasRelay, script.state.feeding]).toEqual([false, null]);
  });
});

it('each other owner is asked in turn', () => {
  script.relayOf(A, B, C);
  slowMs = script.nowMs;
  flow(6200, [1]);
  script.close(2, 'refused');
  flow(1100, [1]);
  script.answer(3);
  script.matches.set(3, EXACT);
  flow(5200, [1], 3);
  expect(script.state.feeding).toBe(3);
});

it('a publisher here that is slow is left, and does not get the stream back for a moment of its own', () => {
  const publisher = script.publisherOf(B);
  slowMs = script.nowMs;
  flow(6400, [publisher]);
  expect(script.done.at(-1)).toContain('open 2 to b: slow, replayed');
  script.answer(2);
  flow(4700, [publisher], 2);
  expect(script.state.feeding).toBe(2);
  script.matches.set(publisher, EXACT);
  flow(8000, [publisher], 2);
  expect(script.state.feeding).toBe(2);
});
