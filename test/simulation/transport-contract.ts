import type { MemberId } from '@headwater/directory';
import type { SeedOutcome } from '@headwater/mesh/core';
import type { Transport, TransportEvents } from '@headwater/mesh/transport';
import { afterEach, describe, expect, it } from 'vitest';

/** One member of a network under test, and all that its transport told. */
export interface Party {
  readonly transport: Transport;
  /** `host:port` at which it is dialled. */
  readonly address: string;
  readonly told: Told;
}

export class Told implements TransportEvents {
  readonly connects: MemberId[] = [];
  readonly disconnects: MemberId[] = [];
  readonly failures: MemberId[] = [];
  readonly visits: SeedOutcome[] = [];
  readonly directs: { readonly from: MemberId; readonly bytes: Uint8Array }[] = [];
  readonly broadcasts: string[] = [];
  readonly offences: MemberId[] = [];
  /** What happens at once when a connection stands. */
  onConnected: () => void = () => {};

  connected(peer: MemberId): void {
    this.connects.push(peer);
    this.onConnected();
  }
  disconnected(peer: MemberId): void {
    this.disconnects.push(peer);
  }
  dialFailed(peer: MemberId): void {
    this.failures.push(peer);
  }
  seedVisited(_seed: string, outcome: SeedOutcome): void {
    this.visits.push(outcome);
  }
  direct(from: MemberId, bytes: Uint8Array): void {
    this.directs.push({ from, bytes: Uint8Array.from(bytes) });
  }
  broadcast(bytes: Uint8Array): boolean {
    this.broadcasts.push(Buffer.from(bytes).toString());
    return true;
  }
  offence(peer: MemberId): void {
    this.offences.push(peer);
  }
}

/** A network on which parties can be started. */
export interface Rig {
  start(): Promise<Party>;
  /** Lets time pass until it is so. @throws where it does not become so. */
  until(what: string, isSo: () => boolean): Promise<void>;
  /** Lets some time pass. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** An address at which nobody listens, on a machine that says so. */
const portNobodyHas = (address: string): string => address.replace(/\d+$/, '1');

/** What `Transport` promises: every implementation passes these. */
export function transportContract(name: string, makeRig: () => Promise<Rig>): void {
  describe(`the contract of a transport, ${name}`, () => {
    let rig: Rig;
    const parties = async (count: number): Promise<[Party, Party, Party, Party]> => {
      rig = await makeRig();
      const started: Party[] = [];
      for (let index = 0; index < count; index += 1) started.push(await rig.start());
      return started as [Party, Party, Party, Party];
    };
    const link = async (a: Party, b: Party): Promise<void> => {
      a.transport.dial(b.transport.self, [b.address], 0);
      await rig.until(
        'both are connected',
        () => a.told.connects.includes(b.transport.self) && b.told.connects.includes(a.transport.self),
      );
    };
    afterEach(() => rig.close());

    it('a dial ends in a connection, and both sides know with whom', async () => {
      const [a, b] = await parties(2);
      await link(a, b);
      expect([a.told.failures, b.told.failures]).toEqual([[], []]);
    });

    it('a dial that reaches nobody, or somebody else, fails once', async () => {
      const [a, b, c] = await parties(3);
      a.transport.dial(b.transport.self, [portNobodyHas(b.address)], 0);
      await rig.until('it failed', () => a.told.failures.length > 0);
      a.transport.dial(b.transport.self, [c.address], 0);
      await rig.until('it failed again', () => a.told.failures.length > 1);
      await rig.pass(200);
      expect(a.told.failures).toEqual([b.transport.self, b.transport.self]);
      expect(a.told.connects).not.toContain(b.transport.self);
    });

    it('a dial tries all addresses', async () => {
      const [a, b] = await parties(2);
      a.transport.dial(b.transport.self, [portNobodyHas(b.address), a.address, b.address], 0);
      await rig.until('it is connected', () => a.told.connects.includes(b.transport.self));
      expect(a.told.failures).toEqual([]);
    });

    it('a visit tells whom it reached, and finds itself', async () => {
      const [a, b] = await parties(2);
      a.transport.visit(b.address);
      await rig.until('it was there', () => a.told.visits.length === 1);
      expect(a.told.visits[0]).toEqual({ reached: [b.transport.self], isSelf: false });
      expect(a.told.connects).toContain(b.transport.self);
      a.transport.visit(a.address);
      await rig.until('it found itself', () => a.told.visits.length === 2);
      expect(a.told.visits[1]).toEqual({ reached: [], isSelf: true });
      a.transport.visit(portNobodyHas(b.address));
      await rig.until('it found nobody', () => a.told.visits.length === 3);
      expect(a.told.visits[2]).toMatchObject({ reached: [], failure: expect.any(String) });
    });

    it('direct messages come whole and in order', async () => {
      const [a, b] = await parties(2);
      await link(a, b);
      const sizes = Array.from({ length: 120 }, (_, index) => 1 + ((index * 7919) % 48_000));
      for (const [index, size] of sizes.entries())
        a.transport.send(b.transport.self, new Uint8Array(size).fill(index));
      await rig.until('all are there', () => b.told.directs.length >= sizes.length);
      expect(b.told.directs.map(({ bytes }) => bytes.byteLength)).toEqual(sizes);
      expect(b.told.directs.map(({ bytes }) => bytes[0])).toEqual(sizes.map((_, index) => index));
      expect(new Set(b.told.directs.map(({ from }) => from))).toEqual(new Set([a.transport.self]));
    });

    it('what is sent to a member that is not connected is dropped', async () => {
      const [a, b] = await parties(2);
      a.transport.send(b.transport.self, Uint8Array.of(1));
      await link(a, b);
      a.transport.send(b.transport.self, Uint8Array.of(2));
      await rig.until('the second is there', () => b.told.directs.length > 0);
      expect([...(b.told.directs[0]?.bytes ?? [])]).toEqual([2]);
    });

    it('a broadcast comes to every connected member, and not to its author', async () => {
      const [a, b, c] = await parties(3);
      await link(a, b);
      await link(a, c);
      a.transport.broadcast(Buffer.from('news'));
      await rig.until('all have it', () => [b, c].every(({ told }) => told.broadcasts.includes('news')));
      expect(a.told.broadcasts).toEqual([]);
    });

    it('a broadcast comes to who connected just now, also where others had long been there', async () => {
      const [a, b, c] = await parties(3);
      await link(a, b);
      // Until gossip surely knows b.
      a.transport.broadcast(Buffer.from('before'));
      await rig.until('b has it', () => b.told.broadcasts.includes('before'));
      await rig.pass(2_000);
      a.told.onConnected = () => a.transport.broadcast(Buffer.from('news'));
      await link(a, c);
      await rig.until('b has it', () => b.told.broadcasts.includes('news'));
      // On the connection itself, not by somebody's later gossip: whoever has what was sent afterwards has it too.
      await rig.pass(20);
      a.transport.send(c.transport.self, Uint8Array.of(1));
      await rig.until('c has what came after', () => c.told.directs.length > 0);
      expect(c.told.broadcasts).toContain('news');
    });

    it('two that dial each other at once stay connected, and nothing is lost or comes twice', async () => {
      const [a, b] = await parties(2);
      a.transport.dial(b.transport.self, [b.address], 0);
      b.transport.dial(a.transport.self, [a.address], 0);
      await rig.until('both are connected', () => a.told.connects.length > 0 && b.told.connects.length > 0);
      const count = 20;
      for (let index = 0; index < count; index += 1) {
        a.transport.send(b.transport.self, Uint8Array.of(index));
        b.transport.send(a.transport.self, Uint8Array.of(index));
        await rig.pass(100);
      }
      await rig.until('all is there', () => [a, b].every(({ told }) => told.directs.length >= count));
      for (const { told } of [a, b]) {
        expect(told.disconnects).toEqual([]);
        const numbers = told.directs.map(({ bytes }) => bytes[0] ?? -1);
        expect(numbers.sort((one, other) => one - other)).toEqual([...Array(count).keys()]);
      }
    });

    it('what two that dialled each other at once broadcast is handed on to whom they do not reach', async () => {
      const [a, b, ofA, ofB] = await parties(4);
      await link(a, ofA);
      await link(b, ofB);
      a.transport.dial(b.transport.self, [b.address], 0);
      b.transport.dial(a.transport.self, [a.address], 0);
      await rig.until('both are connected', () => [a, b].every(({ told }) => told.connects.length > 1));
      // Until one of two connections is closed, which takes a word on the other.
      for (let index = 0; index < 20; index += 1) {
        a.transport.send(b.transport.self, Uint8Array.of(index));
        b.transport.send(a.transport.self, Uint8Array.of(index));
        await rig.pass(100);
      }
      a.transport.broadcast(Buffer.from('of a'));
      b.transport.broadcast(Buffer.from('of b'));
      await rig.until('it came through the other one', () => {
        const [toA, toB] = [ofA.told.broadcasts, ofB.told.broadcasts];
        return toA.includes('of b') && toB.includes('of a');
      });
    });

    it('a disconnect is told once on both sides, and new connections are refused for a while', async () => {
      const [a, b] = await parties(2);
      await link(a, b);
      a.transport.disconnect(b.transport.self, 'test', 60_000);
      await rig.until('both know', () => a.told.disconnects.length > 0 && b.told.disconnects.length > 0);
      b.transport.dial(a.transport.self, [a.address], 0);
      await rig.pass(3_000);
      expect([a.told.disconnects, b.told.disconnects]).toEqual([[b.transport.self], [a.transport.self]]);
      expect(a.told.connects).toEqual([b.transport.self]);
    });

    it('the last words before closing arrive, and then the connection is gone', async () => {
      const [a, b] = await parties(2);
      await link(a, b);
      a.transport.send(b.transport.self, Uint8Array.of(1, 2, 3));
      await a.transport.close();
      await rig.until('b knows', () => b.told.disconnects.length > 0);
      expect(b.told.directs.map(({ bytes }) => [...bytes])).toEqual([[1, 2, 3]]);
    });
  });
}
