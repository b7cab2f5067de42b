import { describe, expect, it } from 'vitest';
import { MAIN_LOOK_MS, MAIN_SILENT_MS, MainWatch } from './main-watch.js';

/** Looks as often as it has to, from one time to another; when main was found silent first. */
function look(watch: MainWatch, fromMs: number, toMs: number): number | null {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += MAIN_LOOK_MS) if (watch.isMainSilent(nowMs)) return nowMs;
  return null;
}

describe('a main process that says nothing', () => {
  it('is silent after its time, and not before', () => {
    const watch = new MainWatch(0);
    watch.heard(500);
    expect(look(watch, 1000, 500 + MAIN_SILENT_MS - 1)).toBeNull();
    expect(watch.isMainSilent(500 + MAIN_SILENT_MS)).toBe(true);
  });

  it('is not while it asks, nor before it did so for the first time', () => {
    const watch = new MainWatch(0);
    expect(look(watch, 0, 10 * MAIN_SILENT_MS)).toBeNull();
    for (let nowMs = 10 * MAIN_SILENT_MS; nowMs < 15 * MAIN_SILENT_MS; nowMs += MAIN_SILENT_MS / 2) {
      watch.heard(nowMs);
      expect(watch.isMainSilent(nowMs + MAIN_LOOK_MS)).toBe(false);
    }
  });

  it('is not for the time in which the worker itself stood still', () => {
    const watch = new MainWatch(0);
    watch.heard(0);
    expect(watch.isMainSilent(100 * MAIN_SILENT_MS)).toBe(false);
    const foundMs = look(watch, 100 * MAIN_SILENT_MS, 102 * MAIN_SILENT_MS);
    expect(foundMs).toBe(100 * MAIN_SILENT_MS + MAIN_SILENT_MS - 2 * MAIN_LOOK_MS);
  });
});
