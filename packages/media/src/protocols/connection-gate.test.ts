import { describe, expect, it } from 'vitest';
import { ConnectionGate } from './connection-gate.js';

describe('ConnectionGate', () => {
  it('counts by address and in all, and a place is given back once', () => {
    const gate = new ConnectionGate(3, 2);
    const first = gate.enter('a');
    gate.enter('a');
    expect(gate.enter('a')).toBe('connections-per-address-max');
    gate.enter('b');
    expect(gate.enter('c')).toBe('connections-max');
    if (typeof first === 'string') throw new Error(first);
    first();
    first();
    expect(gate.connections).toBe(2);
    expect(typeof gate.enter('a')).toBe('function');
    expect(gate.enter('d')).toBe('connections-max');
  });
});
