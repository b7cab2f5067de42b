import { describe, expect, it } from 'vitest';
import { HUNG_MS, type LifeAction, PING_EVERY_MS, START_MS, WorkerLife } from './worker-life.js';

const RULES = { memoryMax: 100, drainMs: 5_000 };
const words = (actions: readonly LifeAction[]) => actions.map((action) => action.do);

function listening(rules = RULES): WorkerLife {
  const life = new WorkerLife(rules, 0);
  life.ready(0);
  return life;
}

describe('a worker that starts', () => {
  it('takes connections when it is ready', () => {
    const life = new WorkerLife(RULES, 0);
    expect([life.state, life.takes]).toEqual(['starting', false]);
    life.ready(5);
    expect([life.state, life.takes]).toEqual(['listening', true]);
  });

  it('is killed where it takes too long, and is not asked meanwhile', () => {
    const life = new WorkerLife(RULES, 0);
    expect(words(life.tick(START_MS - 1))).toEqual([]);
    expect(life.tick(START_MS)).toMatchObject([{ do: 'kill', reason: expect.stringContaining('not ready') }]);
    expect(life.takes).toBe(false);
    life.ready(START_MS);
    expect(life.takes).toBe(false);
  });
});

describe('a worker that says nothing', () => {
  it('is asked each second', () => {
    const life = listening();
    expect(life.tick(0)).toEqual([{ do: 'ping', id: 1 }]);
    expect(life.tick(PING_EVERY_MS - 1)).toEqual([]);
    expect(life.tick(PING_EVERY_MS)).toEqual([{ do: 'ping', id: 2 }]);
  });

  it('is hung after 5 s from the first question that it did not answer, and killed', () => {
    const life = listening();
    life.tick(0);
    life.answered();
    life.tick(1000);
    for (const at of [2000, 3000, 4000, 1000 + HUNG_MS - 1])
      expect(words(life.tick(at))).not.toContain('kill');
    expect(words(life.tick(1000 + HUNG_MS))).toEqual(['kill']);
    expect([life.state, life.takes, life.reason]).toEqual(['hung', false, `no answer for ${HUNG_MS} ms`]);
    // Where it does not even end by that, it is killed again.
    expect(words(life.tick(1000 + 2 * HUNG_MS))).toEqual(['kill']);
    life.exited();
    expect([life.state, words(life.tick(99_999))]).toEqual(['ended', []]);
  });

  it('is well as long as any word comes', () => {
    const life = listening();
    for (let at = 0; at < 60_000; at += 4000) {
      expect(words(life.tick(at))).toEqual(['ping']);
      life.answered();
    }
    expect(life.takes).toBe(true);
  });
});

describe('a worker over its memory', () => {
  it('drains, and is stopped when it is empty', () => {
    const life = listening();
    expect(life.told(100, 3, true, 20_000)).toEqual([]);
    expect(words(life.told(101, 3, true, 21_000))).toEqual(['drain']);
    expect([life.state, life.takes]).toEqual(['draining', false]);
    expect(words(life.told(101, 1, true, 22_000))).toEqual([]);
    expect(words(life.told(101, 0, true, 23_000))).toEqual(['stop']);
    expect(life.reason).toContain('limits.workerMemoryMax 100');
  });

  it('is left alone while another one starts', () => {
    const life = listening();
    expect(life.told(101, 3, false, 20_000)).toEqual([]);
    expect([life.state, life.takes]).toEqual(['listening', true]);
    expect(words(life.told(101, 3, true, 21_000))).toEqual(['drain']);
  });

  it('is stopped when its time to drain is over', () => {
    const life = listening();
    life.told(101, 3, true, 20_000);
    life.tick(20_000);
    life.answered();
    expect(words(life.tick(24_999))).toEqual(['ping']);
    life.answered();
    expect(words(life.tick(25_000))).toEqual(['stop']);
  });

  it('is left alone at its start, and where there is no limit', () => {
    expect(listening().told(101, 3, true, 9_999)).toEqual([]);
    expect(listening({ ...RULES, memoryMax: 0 }).told(1e12, 3, true, 20_000)).toEqual([]);
  });
});
