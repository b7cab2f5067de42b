import type { MemberId } from '@headwater/directory';
import type { Random } from '@headwater/testing/random';
import type { Timeline } from '../timeline.js';
import type { Connection } from './connection.js';
import { Dialler } from './dialler.js';
import { Endpoint, type EndpointEvents, type Host, type Place } from './endpoint.js';
import { Gossip } from './gossip.js';
import { type Machine, Paths } from './paths.js';

/** What went over the wire, by whom. */
export interface Traffic {
  messages: number;
  bytes: number;
}

/** Machines, their addresses and the connections between them, in memory and on a virtual clock. */
export class Network<P> {
  readonly timeline: Timeline;
  readonly paths: Paths;
  readonly dialler = new Dialler<P>(this);
  readonly gossip = new Gossip<P>(this);
  readonly traffic = new Map<MemberId, Traffic>();
  readonly #bytesOf: (payload: P) => number;
  /** Names that stand for several addresses, as DNS has them. */
  readonly #names = new Map<string, readonly string[]>();
  readonly #machines = new Map<string, Machine>();
  readonly #downMachines = new Set<Machine>();
  readonly #listeners = new Map<string, Endpoint<P>>();
  #connections = new Set<Connection<P>>();
  /** By pairs of machines. */
  readonly #resetAt = new Map<string, number>();

  constructor(timeline: Timeline, random: Random, bytesOf: (payload: P) => number) {
    this.timeline = timeline;
    this.paths = new Paths(timeline, random);
    this.#bytesOf = bytesOf;
    this.paths.onHealed((from, to) => this.#healed(from, to));
  }

  /** A process of this member starts to listen; its machine, where none is said the member's own, is up from now on. */
  attach(
    self: MemberId,
    addresses: readonly string[],
    host: Host,
    events: EndpointEvents<P>,
    place: Place = { machine: self, keys: ['key'] },
  ): Endpoint<P> {
    const endpoint = new Endpoint(this, self, addresses, host, events, place);
    this.#downMachines.delete(place.machine);
    for (const address of addresses) {
      this.#machines.set(address, place.machine);
      this.#listeners.set(address, endpoint);
    }
    return endpoint;
  }

  detach(endpoint: Endpoint<P>): void {
    for (const address of endpoint.addresses)
      if (this.#listeners.get(address) === endpoint) this.#listeners.delete(address);
  }

  /** This address is on that member's machine, though nobody may listen there. */
  knows(address: string, machine: Machine): void {
    this.#machines.set(address, machine);
  }

  /** Switched off: it does not even refuse any more. */
  powerOff(machine: Machine): void {
    this.#downMachines.add(machine);
  }

  isMachineUp(machine: Machine): boolean {
    return !this.#downMachines.has(machine);
  }

  name(name: string, addresses: readonly string[]): void {
    this.#names.set(name, addresses);
  }

  resolve(name: string): readonly string[] {
    return this.#names.get(name) ?? [name];
  }

  machineAt(address: string): Machine | undefined {
    return this.#machines.get(address);
  }

  listenerAt(address: string): Endpoint<P> | undefined {
    return this.#listeners.get(address);
  }

  track(connection: Connection<P>): void {
    this.#connections.add(connection);
    if (this.#connections.size % 256 === 0)
      this.#connections = new Set(
        [...this.#connections].filter(({ near, far }) => near.isOpen || far.isOpen || near.held.length > 0),
      );
  }

  /** What a process had not accepted yet when it ended: its kernel ends that as well. */
  resetUnaccepted(endpoint: Endpoint<P>): void {
    for (const connection of this.#connections) {
      const { near, far } = connection;
      if (far.endpoint === endpoint && near.isOpen && far.openedAt === 0) connection.reset(far);
    }
  }

  /** Counts what is sent; returns its size. */
  sent(by: MemberId, payload: P): number {
    const bytes = this.#bytesOf(payload);
    const traffic = this.traffic.get(by) ?? { messages: 0, bytes: 0 };
    traffic.messages += 1;
    traffic.bytes += bytes;
    this.traffic.set(by, traffic);
    return bytes;
  }

  /** Connections between these machines end, without either side's doing. */
  breakConnections(isBetween: (one: Machine, other: Machine) => boolean): void {
    for (const connection of this.#connections) {
      const { near, far } = connection;
      const [one, other] = [near.endpoint.machine, far.endpoint.machine];
      if (!near.isOpen || !isBetween(one, other)) continue;
      connection.break();
      this.#resetAt.set([one, other].sort().join(), this.timeline.now);
    }
  }

  /** When connections between these were broken off last, in either direction; null: never. */
  lastResetAt(one: Machine, other: Machine): number | null {
    return this.#resetAt.get([one, other].sort().join()) ?? null;
  }

  #healed(from: Machine, to: Machine): void {
    for (const connection of this.#connections) {
      const { near, far } = connection;
      if (near.endpoint.machine === from && far.endpoint.machine === to) connection.healed(near);
      if (far.endpoint.machine === from && near.endpoint.machine === to) connection.healed(far);
    }
  }
}
