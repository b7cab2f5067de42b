import type { Elsewhere } from '../media-host.js';
import { limitedAddress } from './limited-address.js';

/** Least places beyond `limits.connectionsMax`, and their share of it. */
const SPARE_MIN = 4;
const SPARE_SHARE = 0.05;

/** Connections that are let in beyond the limit, to be sent to another member, or refused in words. */
export const spareOf = (connectionsMax: number): number =>
  Math.max(SPARE_MIN, Math.floor(connectionsMax * SPARE_SHARE));

export interface GateLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
}

/**
 * Connections from a live member's address that are let in over the limit of that address at once, to show whether they
 * are its pulls. `limits.handshakeMs` ends those that show nothing.
 */
export const MEMBER_ARRIVALS_MAX = 256;

/** One connection's place among all. */
export interface GatePlace {
  /** It is over; only the first call counts. */
  leave(): void;
  /** It is another member's pull: where a live member is known at that address, it counts against the total alone. */
  countAsPull(): void;
  /**
   * A trusted proxy tells whose connection or request it is; it counts for that IP from now on. False where that address has
   * no place: it must go. Null: the request is over, and the next one may be anybody's.
   */
  name(ip: string | null): boolean;
  /** It publishes or plays. False where its address has no place for another such connection: it must go. */
  countAsClient(): boolean;
}

/** `nobody`: a trusted proxy's, of which is not known whose it is; it counts against the total alone. */
type Counted = 'client' | 'arrival' | 'pull' | 'nobody';

/**
 * Counts connections of all listeners against `limits.connectionsMax` and `limits.connectionsPerAddressMax`. Addresses are
 * IPv4 addresses and /64 networks of IPv6. Pulls of other members do not count against their address, on which there may be
 * any number of clients (a balancer, NAT): a client that says it is a pull is believed only where the mesh knows a member.
 */
export class ConnectionGate {
  readonly #limits: GateLimits;
  readonly #spare: () => number;
  readonly #isMemberAddress: (ip: string) => boolean;
  readonly #elsewhere: (address: string) => Elsewhere | undefined;
  readonly #clients = new Map<string, number>();
  readonly #arrivals = new Map<string, number>();
  #connections = 0;

  /** `spare`: how many more than `connectionsMax` are let in; see `spareOf`. `elsewhere`: on this member's other workers. */
  constructor(
    limits: GateLimits,
    isMemberAddress: (ip: string) => boolean,
    spare: () => number = () => 0,
    elsewhere: (address: string) => Elsewhere | undefined = () => undefined,
  ) {
    this.#limits = limits;
    this.#isMemberAddress = isMemberAddress;
    this.#spare = spare;
    this.#elsewhere = elsewhere;
  }

  /** There are more connections than there should be. */
  get isFull(): boolean {
    return this.#all > this.#limits.connectionsMax;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Of this member, its other workers included. */
  get #all(): number {
    return this.#connections + (this.#elsewhere('')?.connections ?? 0);
  }

  /**
   * Takes a place for a client's IP, or says why there is none. `ip` null: a trusted proxy's connection, to be named later.
   * `mayPull`: members pull by this listener's protocol.
   */
  enter(ip: string | null, mayPull: boolean): GatePlace | 'connections-max' | 'connections-per-address-max' {
    if (this.#all >= this.#limits.connectionsMax + this.#spare()) return 'connections-max';
    let client = ip ?? '';
    let address = limitedAddress(client);
    const first = ip === null ? 'nobody' : this.#arrive(client, mayPull);
    if (first === null) return 'connections-per-address-max';
    let counted: Counted = first;
    this.#connections += 1;
    let hasPlayed = false;
    let isInside = true;
    const count = (as: Counted): void => {
      this.#add(address, counted, -1);
      counted = as;
      this.#add(address, counted, 1);
    };
    this.#add(address, counted, 1);
    return {
      name: (named) => {
        if (!isInside || (named === client && counted !== 'nobody')) return true;
        const as = named === null ? 'nobody' : this.#arrive(named, mayPull);
        if (as === null) return false;
        this.#add(address, counted, -1);
        client = named ?? '';
        address = limitedAddress(client);
        counted = as;
        this.#add(address, counted, 1);
        return true;
      },
      leave: () => {
        if (!isInside) return;
        isInside = false;
        this.#connections -= 1;
        this.#add(address, counted, -1);
      },
      countAsPull: () => {
        if (
          isInside &&
          !hasPlayed &&
          (counted === 'client' || counted === 'arrival') &&
          this.#isMemberAddress(client)
        )
          count('pull');
      },
      countAsClient: () => {
        if (isInside && (counted === 'arrival' || counted === 'pull')) {
          if (!this.#hasRoom(address)) return false;
          count('client');
        }
        hasPlayed = true;
        return true;
      },
    };
  }

  /** As what a connection from there is let in; null: not at all. */
  #arrive(ip: string, mayPull: boolean): 'client' | 'arrival' | null {
    const address = limitedAddress(ip);
    if (this.#hasRoom(address)) return 'client';
    const arrivals = this.#arrivals.get(address) ?? 0;
    return mayPull && arrivals < MEMBER_ARRIVALS_MAX && this.#isMemberAddress(ip) ? 'arrival' : null;
  }

  #hasRoom(address: string): boolean {
    const elsewhere = this.#elsewhere(address)?.ofAddress ?? 0;
    return (this.#clients.get(address) ?? 0) + elsewhere < this.#limits.connectionsPerAddressMax;
  }

  #add(address: string, counted: Counted, change: 1 | -1): void {
    if (counted === 'pull' || counted === 'nobody') return;
    const counts = counted === 'client' ? this.#clients : this.#arrivals;
    const count = (counts.get(address) ?? 0) + change;
    if (count === 0) counts.delete(address);
    else counts.set(address, count);
  }
}
