import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { OriginConfig } from '../config/origin-config.js';
import { resolveConfig } from '../config/resolve-config.js';
import { Reloading, type ReloadResult } from './reloading.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function config(): OriginConfig {
  const resolved = resolveConfig({ env: { HEADWATER_MESH_KEY: 'k'.repeat(40) }, set: [], hostName: 'here' });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  return resolved.config;
}

it('does not wait for a disk that hangs, reads no second time meanwhile, and again once the first read is over', async () => {
  const reads: (() => void)[] = [];
  const running = config();
  const done: ReloadResult[] = [];
  const reloading = new Reloading({
    load: () => new Promise((resolve) => reads.push(() => resolve(running))),
    running: () => running,
    apply: async () => [],
    done: (result) => done.push(result),
  });
  const first = reloading.reload();
  await vi.advanceTimersByTimeAsync(9_999);
  expect(done).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  const hangs = 'is the disk there that it, or a file that it names, lies on?';
  expect(await first).toEqual({
    done: false,
    problems: [`the configuration was not read within 10 s: ${hangs}`],
  });
  expect(await reloading.reload()).toEqual({
    done: false,
    problems: [`the configuration is still being read since the last reload: ${hangs}`],
  });
  expect(reads).toHaveLength(1);
  reads[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  const third = reloading.reload();
  await vi.advanceTimersByTimeAsync(0);
  reads[1]?.();
  expect(await third).toEqual({ done: true, applied: [], needsRestart: [] });
  expect([done.length, vi.getTimerCount()]).toEqual([3, 0]);
});
