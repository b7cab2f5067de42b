import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Connection, Libp2p, PeerId } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import type { MemberId } from '@headwater/directory';
import { ownAddresses } from '../advertised.js';
import type { SeedOutcome } from '../core/input.js';
import { formatHostPort, type HostPort, parseHostPort } from '../host-port.js';
import { KEY_DIFFERS } from './keyed-noise.js';

/** A dial of one address, handshake included, may take this long. */
export const DIAL_TIMEOUT_MS = 2_000;

/** Addresses behind one name that are dialled. */
const ADDRESSES_PER_NAME_MAX = 64;

export type Dialled = { readonly connection: Connection } | { readonly failure: string } | { readonly isSelf: true };

/** Finds out what is behind an address: names are resolved again on each try, and all their addresses are tried. */
export class Dialler {
  readonly #node: Libp2p;
  readonly #port: () => number;
  /** Which member answered at an address, so that a seed is not dialled again while that one is connected. */
  readonly #answered = new Map<string, MemberId>();

  constructor(node: Libp2p, port: () => number) {
    this.#node = node;
    this.#port = port;
  }

  /** Until one of the addresses leads to this very member. `connections`: all that were made on the way. */
  async dial(peer: MemberId, addresses: readonly string[], made: (connection: Connection, address: string) => void): Promise<string | null> {
    const failures: string[] = [];
    for (const address of addresses) {
      const targets = await this.#resolve(address);
      if ('failure' in targets) failures.push(targets.failure);
      else
        for (const target of targets.hosts) {
          if (this.isConnected(peer)) return null;
          const dialled = await this.#dialOne(target);
          if ('connection' in dialled) {
            made(dialled.connection, address);
            if (dialled.connection.remotePeer.toString() === peer) return null;
            failures.push(`${address}: another member answers there`);
          } else failures.push('failure' in dialled ? dialled.failure : `${address}: that is this member itself`);
        }
    }
    return failures.join('; ') || 'no address';
  }

  /** Everybody behind one seed's address. */
  async visit(seed: string, made: (connection: Connection, address: string) => void): Promise<SeedOutcome> {
    const targets = await this.#resolve(seed);
    if ('failure' in targets) return { reached: [], isSelf: false, failure: targets.failure };
    const outcomes = await Promise.all(
      targets.hosts.map(async (target) => {
        if (this.#isOwn(target)) return { isSelf: true } as const;
        const known = this.#answered.get(formatHostPort(target));
        if (known !== undefined && this.isConnected(known)) return { reached: known };
        const dialled = await this.#dialOne(target);
        if (!('connection' in dialled)) return dialled;
        made(dialled.connection, seed);
        return { reached: dialled.connection.remotePeer.toString() };
      }),
    );
    const failures = outcomes.flatMap((one) => ('failure' in one ? [one.failure] : []));
    return {
      reached: outcomes.flatMap((one) => ('reached' in one ? [one.reached] : [])),
      isSelf: outcomes.some((one) => 'isSelf' in one),
      ...(failures.length > 0 && { failure: failures.join('; ') }),
    };
  }

  isConnected(peer: MemberId): boolean {
    return this.#node.getConnections().some(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peer);
  }

  async #dialOne(target: HostPort): Promise<Dialled> {
    const address = formatHostPort(target);
    const family = isIP(target.host) === 6 ? 'ip6' : 'ip4';
    try {
      const connection = await this.#node.dial(multiaddr(`/${family}/${target.host}/tcp/${target.port}`), {
        signal: AbortSignal.timeout(DIAL_TIMEOUT_MS),
      });
      this.#remember(address, connection.remotePeer);
      return { connection };
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
      if (name === 'InvalidPeerIdError') return { isSelf: true };
      return { failure: reasonOf(address, name, message) };
    }
  }

  #remember(address: string, peer: PeerId): void {
    if (this.#answered.size >= 1024) this.#answered.clear();
    this.#answered.set(address, peer.toString());
  }

  async #resolve(address: string): Promise<{ hosts: readonly HostPort[] } | { failure: string }> {
    const target = parseHostPort(address);
    if (target === null) return { failure: `${address} is no host:port` };
    if (isIP(target.host) !== 0) return { hosts: [target] };
    try {
      const found = await lookup(target.host, { all: true });
      const hosts = [...new Set(found.map((one) => one.address))].slice(0, ADDRESSES_PER_NAME_MAX);
      return { hosts: hosts.map((host) => ({ host, port: target.port })) };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      return { failure: `the name ${target.host} cannot be resolved (${code})` };
    }
  }

  #isOwn({ host, port }: HostPort): boolean {
    return port === this.#port() && ownAddresses().includes(host);
  }
}

/** What a failed dial means, in words that say what to look at. */
function reasonOf(address: string, name: string, message: string): string {
  if (message.startsWith(KEY_DIFFERS)) return `${address}: ${KEY_DIFFERS}`;
  if (message.includes('ECONNREFUSED')) return `${address}: connection refused, nothing listens there`;
  if (message.includes('EHOSTUNREACH') || message.includes('ENETUNREACH')) return `${address}: host unreachable`;
  if (/timeout|aborted/i.test(`${name} ${message}`)) return `${address}: no answer within ${DIAL_TIMEOUT_MS} ms`;
  return `${address}: ${message}`;
}
