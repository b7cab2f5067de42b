import { expect, it } from 'vitest';
import { residentMemory } from './resident-memory.js';

it('tells what was read last where it cannot be read', () => {
  const reads = [7, 9];
  const memory = residentMemory(() => {
    const read = reads.shift();
    if (read === undefined) throw new Error('EMFILE');
    return read;
  });
  expect([memory(), memory(), memory(), memory()]).toEqual([7, 9, 9, 9]);
  expect(residentMemory()()).toBeGreaterThan(1_000_000);
});
