import { isIP } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { MemberId } from '@headwater/directory';
import type { Connection, DialOptions, Libp2p } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { ownAddresses } from '../advertised.js';
import { Allowance } from '../core/allowance.js';
import type { SeedOutcome } from '../core/input.js';
import { formatHostPort, type HostPort, parseHostPort } from '../host-port.js';
import { TURN_MS } from './guarded-tcp.js';
import { anySucceeds, type Try } from './head-start.js';
import type { Names } from './names.js';
import { OwnTimeout } from './own-timeout.js';
import type { TransportGauges } from './transport.js';
import { Turns } from './turns.js';

/** Dials under way at once; others wait. */
export const DIALS_MAX = 8;

/** Dials per second, to all addresses together; so many may go ahead of that. */
export const DIALS_PER_SECOND_MAX = 50;

/** Who is to be dialled by the other one waits no longer for that while others are at the door, and looks each so often. */
const POLITE_MAX_MS = 5_000;
const POLITE_MS = 50;

/** How often a dial that is over that asks again. */
const PACE_MS = 20;

/** Of several addresses of one member, each is dialled so long before the next. */
const HEAD_START_MS = 250;

/**
 * The same while it waits for its turn, and once it is connected and the handshake is under way: further addresses are
 * likely to lead to the same member.
 */
const LONG_HEAD_START_MS = 3_000;

/** Addresses remembered. */
const ANSWERED_MAX = 1_024;

/** The answering side of a dial to oneself finishes its handshake within this time. */
const SELF_PATIENCE_MS = 200;

const TWIN =
  "another process with this member's own identity key answers there; give each origin a dataDir of its own";

/** What is behind one address. */
type Dialled =
  | { readonly peer: MemberId }
  /** `hasNoWay`: this machine itself has no way to such an address, as to IPv6 where it has none. */
  | { readonly failure: string; readonly hasNoWay?: boolean }
  | { readonly isSelf: true };

interface Watch {
  /** Nobody needs the dial any more. */
  readonly over: AbortSignal;
  /** When the next address is to be dialled too, ms from now. */
  nextIn(ms: number): void;
}

/** What the dialler needs of the transport. */
export interface DiallerHost {
  readonly self: MemberId;
  /** Port that this member listens on. */
  readonly port: number;
  /** How often this process was dialled by itself. */
  selfMet(): number;
  isConnected(peer: MemberId): boolean;
  /** Was connected at some time. */
  hasMet(peer: MemberId): boolean;
  /** Others have dialled this member and are not connected yet. */
  isAnswering(): boolean;
  /** Makes a link of a dialled connection. @throws where the other side does not want it. */
  open(connection: Connection, address: string): Promise<void>;
}

/** Finds out what is behind an address: names are resolved again on each try, and all their addresses are tried. */
export class Dialler {
  readonly #node: Libp2p;
  readonly #host: DiallerHost;
  readonly #names: Names;
  readonly #turns = new Turns(DIALS_MAX, TURN_MS);
  readonly #allowance = new Allowance(DIALS_PER_SECOND_MAX);
  #begun = 0;
  readonly #dialling = new Map<MemberId, Promise<string | null>>();
  readonly #visiting = new Map<string, Promise<SeedOutcome>>();
  /** Which member answered at an address, so that a seed is not dialled again while that one is connected. */
  readonly #answered = new Map<string, MemberId>();

  constructor(node: Libp2p, names: Names, host: DiallerHost) {
    this.#node = node;
    this.#names = names;
    this.#host = host;
  }

  /** As `#reach`; whoever asks again meanwhile waits for the same end. */
  dial(peer: MemberId, addresses: readonly string[]): Promise<string | null> {
    return joined(this.#dialling, peer, () => this.#reach(peer, addresses));
  }

  /** Everybody behind one seed's address. */
  visit(seed: string): Promise<SeedOutcome> {
    return joined(this.#visiting, seed, () => this.#visit(seed));
  }

  /**
   * Until one of the addresses leads to this very member. Each has a head start over the next: one that never answers
   * does not keep the others waiting. Returns why none did; null where it is connected.
   */
  async #reach(peer: MemberId, addresses: readonly string[]): Promise<string | null> {
    const failures: string[][] = addresses.map(() => []);
    const over = new AbortController();
    const isReached = await anySucceeds(
      addresses.map(
        (address, index) => (nextIn) =>
          this.#dialNamed(peer, address, failures[index] ?? [], { over: over.signal, nextIn }),
      ),
      HEAD_START_MS,
    );
    over.abort();
    return isReached ? null : failures.flat().join('; ') || 'no address';
  }

  /** All that is behind one address, which may be a name. */
  async #dialNamed(
    peer: MemberId,
    address: string,
    failures: string[],
    { over, nextIn }: Watch,
  ): Promise<boolean> {
    const targets = await this.#resolve(address);
    if ('failure' in targets) {
      failures.push(`${address}: ${targets.failure}`);
      return false;
    }
    const tries = targets.hosts.map(
      (target): Try =>
        async (nextHostIn) => {
          const watch: Watch = {
            over,
            nextIn: (ms) => {
              nextHostIn(ms);
              nextIn(ms);
            },
          };
          const dialled = await this.#inTurn(peer, target, address, watch);
          if (dialled === null) return this.#host.isConnected(peer);
          if ('peer' in dialled && dialled.peer === peer) return true;
          failures.push(`${formatHostPort(target)}${targets.note}: ${otherThan(dialled)}`);
          return false;
        },
    );
    return anySucceeds(tries, HEAD_START_MS);
  }

  get gauges(): Pick<TransportGauges, 'dialTurns' | 'dialsWaiting' | 'dialsBegun'> {
    return { dialTurns: this.#turns.taken, dialsWaiting: this.#turns.waiting, dialsBegun: this.#begun };
  }

  async #visit(seed: string): Promise<SeedOutcome> {
    const targets = await this.#resolve(seed);
    if ('failure' in targets) return { reached: [], isSelf: false, failure: targets.failure };
    const outcomes = await Promise.all(
      targets.hosts.map(async (target): Promise<Dialled> => {
        if (this.#isOwn(target)) return { isSelf: true };
        const known = this.#answered.get(formatHostPort(target));
        if (known !== undefined && this.#host.isConnected(known)) return { peer: known };
        const dialled = await this.#turns.take(false, () => this.#dialOne(target, seed));
        const isNamed = (targets.hosts.length > 1 || targets.note !== '') && 'failure' in dialled;
        return isNamed
          ? { ...dialled, failure: `${target.host}${targets.note}: ${dialled.failure}` }
          : dialled;
      }),
    );
    // A name may lead to one member by both families, of which this machine has one: that is no failure of the seed.
    const isAnswered = outcomes.some((one) => !('failure' in one));
    const failures = outcomes.flatMap((one) =>
      'failure' in one && !(isAnswered && one.hasNoWay === true) ? [one.failure] : [],
    );
    return {
      reached: outcomes.flatMap((one) => ('peer' in one ? [one.peer] : [])),
      isSelf: outcomes.some((one) => 'isSelf' in one),
      ...(failures.length > 0 && { failure: failures.join('; ') }),
    };
  }

  /** Null where it is not needed any more once it is its turn. */
  async #inTurn(peer: MemberId, target: HostPort, address: string, watch: Watch): Promise<Dialled | null> {
    const isNeeded = (): boolean => !this.#host.isConnected(peer) && !watch.over.aborted;
    const isOurs = this.#host.hasMet(peer) || this.#host.self < peer;
    watch.nextIn(LONG_HEAD_START_MS);
    if (!isOurs) await this.#letDial(isNeeded);
    return this.#turns.take(isOurs, async () => {
      if (!isNeeded()) return null;
      watch.nextIn(HEAD_START_MS);
      return this.#dialOne(target, address, watch);
    });
  }

  /**
   * Of two that have never met, the one with the smaller id dials; the other one only helps out, once its own dials are
   * done. While somebody is at our door, that may be the very one, and a second connection would cost as much as the first.
   */
  async #letDial(isNeeded: () => boolean): Promise<void> {
    const patience = new OwnTimeout(POLITE_MAX_MS, 'nobody came');
    const isBusy = (): boolean => this.#turns.taken > 0 || this.#host.isAnswering();
    while (isNeeded() && !patience.signal.aborted && isBusy()) await setTimeout(POLITE_MS);
    patience.clear();
  }

  async #dialOne(target: HostPort, dialled: string, watch?: Watch): Promise<Dialled> {
    const family = isIP(target.host) === 6 ? 'ip6' : 'ip4';
    const selfMet = this.#host.selfMet();
    while (!this.#allowance.take(performance.now())) await setTimeout(PACE_MS);
    this.#begun += 1;
    let isSecured = false;
    try {
      const address = multiaddr(`/${family}/${target.host}/tcp/${target.port}`);
      const connection = await this.#node.dial(address, watch ? optionsOf(watch) : {});
      isSecured = true;
      await this.#host.open(connection, dialled);
      const peer = connection.remotePeer.toString();
      this.#remember(formatHostPort(target), peer);
      return { peer };
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
      if (name === 'InvalidPeerIdError') return await this.#selfOrTwin(selfMet);
      return hasNoWay(message, family)
        ? {
            failure: `this machine has no route there by ${family === 'ip6' ? 'IPv6' : 'IPv4'}`,
            hasNoWay: true,
          }
        : { failure: reasonOf(message, isSecured) };
    }
  }

  /** Whoever answered has this member's key: itself, if it was dialled in that moment, else a twin. */
  async #selfOrTwin(selfMetBefore: number): Promise<Dialled> {
    await setTimeout(SELF_PATIENCE_MS);
    return this.#host.selfMet() > selfMetBefore ? { isSelf: true } : { failure: TWIN };
  }

  #remember(address: string, peer: MemberId): void {
    if (this.#answered.size >= ANSWERED_MAX) this.#answered.clear();
    this.#answered.set(address, peer);
  }

  /** `note`: goes with the failure of a dial, where the addresses are not fresh. */
  async #resolve(
    address: string,
  ): Promise<{ hosts: readonly HostPort[]; note: string } | { failure: string }> {
    const target = parseHostPort(address);
    if (target === null) return { failure: 'no host:port' };
    if (isIP(target.host) !== 0) return { hosts: [target], note: '' };
    const { addresses, failure } = await this.#names.resolve(target.host);
    const unresolved = `the name ${target.host} cannot be resolved (${failure})`;
    if (addresses.length === 0) return { failure: unresolved };
    const note = failure === undefined ? '' : ` (its last good address, since ${unresolved})`;
    return { hosts: addresses.map((host) => ({ host, port: target.port })), note };
  }

  #isOwn({ host, port }: HostPort): boolean {
    return port === this.#host.port && ownAddresses().includes(host);
  }
}

function joined<K, T>(underWay: Map<K, Promise<T>>, key: K, begin: () => Promise<T>): Promise<T> {
  const known = underWay.get(key);
  if (known !== undefined) return known;
  const begun = begin().finally(() => underWay.delete(key));
  underWay.set(key, begun);
  return begun;
}

const optionsOf = ({ over, nextIn }: Watch): DialOptions => ({
  signal: over,
  // Somebody is there.
  onProgress: ({ type }) => {
    if (type === 'upgrader:encrypt-outbound-connection') nextIn(LONG_HEAD_START_MS);
  },
});

const otherThan = (dialled: Dialled): string => {
  if ('failure' in dialled) return dialled.failure;
  return 'isSelf' in dialled ? 'that is this member itself' : 'another member answers there';
};

/** Ports to dial from may be used up as well, which IPv4 says by EADDRNOTAVAIL. */
const hasNoWay = (message: string, family: 'ip4' | 'ip6'): boolean =>
  /ENETUNREACH|EAFNOSUPPORT/.test(message) || (family === 'ip6' && message.includes('EADDRNOTAVAIL'));

/** What a failed dial means, in words that say what to look at. `isSecured`: it has proved to have a key of ours. */
function reasonOf(message: string, isSecured: boolean): string {
  // multistream-select: the other side has none of our keys, or does not take what comes then.
  if (message.includes('could not negotiate'))
    return isSecured
      ? 'it has the mesh.key and takes no members, as one that is just starting'
      : 'mesh.key differs';
  if (/handshake stage [12] validation fail/.test(message)) return 'what it answers cannot be decrypted';
  if (message.includes('ECONNREFUSED')) return 'connection refused, nothing listens there';
  if (message.includes('EHOSTUNREACH')) return 'host unreachable';
  if (/unexpected EOF|ECONNRESET/i.test(message)) return 'it broke off the handshake';
  return message;
}
