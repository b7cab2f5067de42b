import { expect, it } from 'vitest';
import { memoryProblem } from './memory-rule.js';

it('judges memory: flat passes, a leak does not', () => {
  const sample = (heapMiB: number) => ({
    heapBytes: heapMiB * 2 ** 20,
    externalBytes: 0,
    rssBytes: 100 * 2 ** 20,
    stalledMs: 1,
    handles: 10,
  });
  const flat = Array.from({ length: 24 }, (_, i) => sample(i < 6 ? 20 + i : 26 + (i % 3)));
  expect(memoryProblem(flat)).toBeNull();
  const leak = Array.from({ length: 24 }, (_, i) => sample(20 + i));
  expect(memoryProblem(leak)).toMatch(/grew by/);
});
