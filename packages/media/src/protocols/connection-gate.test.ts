import { describe, expect, it } from 'vitest';
import { ConnectionGate, spareOf } from './connection-gate.js';

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

  it('lets some more in than there should be, and is full then', () => {
    const gate = new ConnectionGate(2, 9, 1);
    gate.enter('a');
    gate.enter('a');
    expect(gate.isFull).toBe(false);
    const leave = gate.enter('a');
    expect(gate.isFull).toBe(true);
    expect(gate.enter('a')).toBe('connections-max');
    if (typeof leave === 'string') throw new Error(leave);
    leave();
    expect(gate.isFull).toBe(false);
  });

  it.each([
    [1, 4],
    [100, 5],
    [119, 5],
    [20_000, 1000],
  ])('of %i connections has %i to spare', (connectionsMax, spare) => {
    expect(spareOf(connectionsMax)).toBe(spare);
  });
});
