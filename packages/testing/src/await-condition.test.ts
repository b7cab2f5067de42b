import { describe, expect, it } from 'vitest';
import { awaitCondition, withDeadline } from './await-condition.js';

describe('awaitCondition', () => {
  it('gives what the condition gave, also after failures of it', async () => {
    let looks = 0;
    const met = await awaitCondition('the third look', () => {
      looks += 1;
      if (looks === 1) throw new Error('not yet');
      return looks === 3 ? { looks } : null;
    });
    expect(met).toEqual({ looks: 3 });
  });

  it('fails with what was awaited and what was there instead', async () => {
    const waiting = awaitCondition('a miracle', () => false, { deadlineMs: 1, instead: () => 'nothing' });
    await expect(waiting).rejects.toThrow('waited 1 ms for: a miracle\ninstead: nothing');
  });

  it('fails once there was no progress for the time given, and not before', async () => {
    let looks = 0;
    const met = awaitCondition('the hundredth look', () => looks >= 100, {
      deadlineMs: 50,
      everyMs: 1,
      progress: () => {
        looks += 1;
        return looks;
      },
    });
    await met;
    expect(looks).toBeGreaterThanOrEqual(100);
    const stuck = awaitCondition('more', () => false, { deadlineMs: 1, progress: () => 7 });
    await expect(stuck).rejects.toThrow('without progress');
  });
});

describe('withDeadline', () => {
  it('gives what the promise gives, and fails in words where that never comes', async () => {
    expect(await withDeadline('it', Promise.resolve(5))).toBe(5);
    await expect(withDeadline('it', new Promise(() => {}), 1)).rejects.toThrow('waited 1 ms for: it');
  });
});
