import { describe, expect, it } from 'vitest';
import { nextFull, takesNobody } from './fullness.js';

const limits = { connectionsMax: 100, outboundKbpsMax: 1000 };

describe('whether a member says that it is full', () => {
  it.each<[string, boolean, number, number, boolean]>([
    ['has room', false, 99, 999, false],
    ['has as many connections as it may', false, 100, 0, true],
    ['sends as much as it may', false, 0, 1000, true],
    ['is still nearly full of connections', true, 91, 0, true],
    ['is still sending nearly as much', true, 0, 901, true],
    ['has a tenth free again', true, 90, 900, false],
    ['has room of one kind only', true, 100, 0, true],
  ])('that %s', (_what, isFull, connections, outboundKbps, expected) => {
    expect(nextFull(isFull, { connections, outboundKbps }, limits)).toBe(expected);
  });

  it('does not go by what it sends where that has no limit', () => {
    const used = { connections: 0, outboundKbps: 1e9 };
    for (const isFull of [true, false])
      expect(nextFull(isFull, used, { ...limits, outboundKbpsMax: 0 })).toBe(false);
  });
});

it('takes nobody while no worker does, and has no workers in one process', () => {
  const isClosed = (...states: ('starting' | 'listening' | 'waiting' | 'hung')[]) =>
    takesNobody(states.map((state) => ({ state })));
  expect(isClosed('waiting', 'starting', 'hung')).toBe(true);
  expect(isClosed('waiting', 'listening')).toBe(false);
  expect(isClosed()).toBe(false);
});
