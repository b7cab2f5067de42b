import { describe, expect, it } from 'vitest';
import { ConnectionGate, type GatePlace, MEMBER_ARRIVALS_MAX, spareOf } from './connection-gate.js';

const MEMBER = '10.0.0.9';
const gateOf = (connectionsMax: number, connectionsPerAddressMax: number, spare = 0) =>
  new ConnectionGate(
    { connectionsMax, connectionsPerAddressMax },
    (ip) => ip === MEMBER,
    () => spare,
  );

function entered(gate: ConnectionGate, ip: string, mayPull = true): GatePlace {
  const place = gate.enter(ip, mayPull);
  if (typeof place === 'string') throw new Error(place);
  return place;
}

describe('ConnectionGate', () => {
  it('counts by address and in all, and a place is given back once', () => {
    const gate = gateOf(3, 2);
    const first = entered(gate, 'a');
    entered(gate, 'a');
    expect(gate.enter('a', true)).toBe('connections-per-address-max');
    entered(gate, 'b');
    expect(gate.enter('c', true)).toBe('connections-max');
    first.leave();
    first.leave();
    expect(gate.connections).toBe(2);
    entered(gate, 'a');
    expect(gate.enter('d', true)).toBe('connections-max');
  });

  it('counts IPv6 by /64: whoever has one has all of its addresses', () => {
    const gate = gateOf(100, 2);
    entered(gate, '2001:db8:0:1::1');
    entered(gate, '2001:db8:0:1:ffff::2');
    expect(gate.enter('2001:db8:0:1::3', true)).toBe('connections-per-address-max');
    entered(gate, '2001:db8:0:2::1');
  });

  describe('pulls of members', () => {
    it('leave the places of their address to clients, and count in all', () => {
      const gate = gateOf(5, 1);
      const pulls = [0, 1, 2].map(() => {
        const place = entered(gate, MEMBER);
        place.countAsPull();
        return place;
      });
      entered(gate, MEMBER);
      expect(gate.connections).toBe(4);
      pulls[0]?.countAsPull();
      entered(gate, 'x');
      expect(gate.enter(MEMBER, true)).toBe('connections-max');
      for (const pull of pulls) pull.leave();
      expect(gate.connections).toBe(2);
    });

    it('are let in where their address is full, on trial; who then turns out to be no pull goes', () => {
      const gate = gateOf(10_000, 1);
      const client = entered(gate, MEMBER);
      expect(client.countAsClient()).toBe(true);
      const pull = entered(gate, MEMBER);
      pull.countAsPull();
      const other = entered(gate, MEMBER);
      expect(other.countAsClient()).toBe(false);
      client.leave();
      expect(other.countAsClient()).toBe(true);
      expect(gate.enter(MEMBER, false)).toBe('connections-per-address-max');
    });

    it('are on trial so many at once', () => {
      const gate = gateOf(10_000, 1);
      entered(gate, MEMBER);
      const arrivals = Array.from({ length: MEMBER_ARRIVALS_MAX }, () => entered(gate, MEMBER));
      expect(gate.enter(MEMBER, true)).toBe('connections-per-address-max');
      arrivals[0]?.countAsPull();
      entered(gate, MEMBER);
      expect(gate.enter(MEMBER, true)).toBe('connections-per-address-max');
      for (const arrival of arrivals) arrival.leave();
      entered(gate, MEMBER);
    });

    it('are believed at the addresses of members alone', () => {
      const gate = gateOf(100, 1);
      entered(gate, 'stranger').countAsPull();
      expect(gate.enter('stranger', true)).toBe('connections-per-address-max');
    });

    it('count as clients once they play as clients do, and stay so', () => {
      const gate = gateOf(100, 1);
      const place = entered(gate, MEMBER);
      place.countAsPull();
      const client = entered(gate, MEMBER);
      expect(place.countAsClient()).toBe(false);
      client.leave();
      expect(place.countAsClient()).toBe(true);
      place.countAsPull();
      expect(gate.enter(MEMBER, false)).toBe('connections-per-address-max');
    });
  });

  it('lets some more in than there should be, and is full then', () => {
    const gate = gateOf(2, 9, 1);
    entered(gate, 'a');
    entered(gate, 'a');
    expect(gate.isFull).toBe(false);
    const last = entered(gate, 'a');
    expect(gate.isFull).toBe(true);
    expect(gate.enter('a', true)).toBe('connections-max');
    last.leave();
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

describe('connections of trusted proxies', () => {
  it('count for whom they are named, from then on and as long as that is so', () => {
    const gate = new ConnectionGate({ connectionsMax: 100, connectionsPerAddressMax: 1 }, () => false);
    const own = gate.enter('192.0.2.1', false);
    const [one, two] = [gate.enter(null, false), gate.enter(null, false)];
    if (typeof own === 'string' || typeof one === 'string' || typeof two === 'string')
      throw new Error('refused');
    expect(gate.connections).toBe(3);
    expect(one.name('192.0.2.1')).toBe(false);
    expect(one.name('192.0.2.2')).toBe(true);
    expect(one.name('192.0.2.2')).toBe(true);
    expect(two.name('192.0.2.2')).toBe(false);
    expect(gate.enter('192.0.2.2', false)).toBe('connections-per-address-max');
    expect(one.name(null)).toBe(true);
    expect(two.name('192.0.2.2')).toBe(true);
    two.leave();
    expect(one.name('192.0.2.2')).toBe(true);
    one.leave();
    expect(gate.connections).toBe(1);
    expect(typeof gate.enter('192.0.2.2', false)).toBe('object');
  });
});
