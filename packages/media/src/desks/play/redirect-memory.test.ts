import { describe, expect, it } from 'vitest';
import { REDIRECT_MEMORY_MAX, REDIRECT_MEMORY_MS, RedirectMemory } from './redirect-memory.js';

describe('RedirectMemory', () => {
  it('remembers address and stream together, for a while', () => {
    const memory = new RedirectMemory();
    memory.remember('1.1.1.1', 's', 0);
    expect(memory.has('1.1.1.1', 's', REDIRECT_MEMORY_MS - 1)).toBe(true);
    expect(memory.has('1.1.1.1', 's', REDIRECT_MEMORY_MS)).toBe(false);
    expect(memory.has('1.1.1.1', 't', 1)).toBe(false);
    expect(memory.has('1.1.1.2', 's', 1)).toBe(false);
  });

  it('is bounded, dropping what is old', () => {
    const memory = new RedirectMemory();
    for (let i = 0; i < REDIRECT_MEMORY_MAX + 10; i += 1) memory.remember(`client-${i}`, 's', i / 100);
    expect(memory.size).toBe(REDIRECT_MEMORY_MAX);
    expect(memory.has('client-0', 's', 101)).toBe(false);
    expect(memory.has(`client-${REDIRECT_MEMORY_MAX}`, 's', 101)).toBe(true);
    memory.remember('late', 's', 10 * REDIRECT_MEMORY_MS);
    expect(memory.size).toBe(1);
  });
});
