import { isIP, type Socket } from 'node:net';
import { plainAddress } from '@headwater/directory';
import type { Connection, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface';
import { type TCPComponents, type TCPDialEvents, type TCPOptions, tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { CONNECT_TIMEOUT_MS } from '../core/limits.js';
import { joinWrites } from './joined-writes.js';
import type { Direction } from './keyed-noise.js';
import { OwnTimeout } from './own-timeout.js';
import { Preamble } from './preamble.js';
import { Turns } from './turns.js';

/** Who takes a connection says its first word within this time. */
export const SPEAK_TIMEOUT_MS = 5_000;

/** In a handshake each word comes within this time: the other side is there, and may be busy with many. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Connections of others that are not secured yet. One more: the one that has been silent for longest is closed. */
export const PENDING_CONNECTIONS_MAX = 256;

/** Handshakes with those who dialled, begun at once: the first of many is soon done, and has its link. */
export const INBOUND_HANDSHAKES_MAX = 8;

/** Who takes longer is waiting for the other side, and keeps nobody else waiting. */
export const TURN_MS = 1_000;

export interface GuardEvents {
  /** The other side does not speak as a member does. Once per connection, as the next. `remote`: a multiaddr. */
  stranger(remote: string): void;
  /** A member of another mesh: neither side holds a key of the other. */
  keyDiffers(direction: Direction, remote: string): void;
  /** So many connections of others are not secured at the moment. */
  pending(count: number): void;
}

/**
 * TCP that lets only those bytes through to libp2p that begin as a member's do, and gives each connection the time that it
 * needs: little to be made, more for its handshake, all of it this process's own time, so that no link is dropped for a
 * lateness that is ours. `keyIds`: of our keys, as they are for the next connection.
 */
export function guardedTcp(
  options: TCPOptions,
  keyIds: () => readonly string[],
  events: GuardEvents,
): (components: TCPComponents) => Transport<TCPDialEvents> {
  const make = tcp(options);
  return (components) => {
    const transport = make(components);
    const createListener = transport.createListener.bind(transport);
    const dial = transport.dial.bind(transport);
    const door = new Door(keyIds, events);
    transport.createListener = (listening) =>
      createListener({ ...listening, ...BOTH_FAMILIES, upgrader: door.inbound(listening.upgrader) });
    transport.dial = async (address, dialling) => {
      const attempt = new Attempt(dialling.signal);
      try {
        const upgrader = door.outbound(dialling.upgrader, attempt);
        return await dial(address, { ...dialling, signal: attempt.signal, upgrader });
      } catch (error) {
        throw attempt.lateness ?? error;
      } finally {
        attempt.end();
      }
    };
    return transport;
  };
}

/** libp2p takes IPv6 alone where it listens on `::`, and hands these on to `net.Server.listen`. */
const BOTH_FAMILIES = { ipv6Only: false };

/** A socket that takes both families tells IPv4 addresses within IPv6. */
function unmap(connection: MultiaddrConnection): void {
  const [ip, tcp] = connection.remoteAddr.getComponents();
  const plain = plainAddress(ip?.value ?? '');
  if (tcp === undefined || isIP(plain) !== 4) return;
  connection.remoteAddr = multiaddr(`/ip4/${plain}/tcp/${tcp.value}`);
}

/** One dial, with a time for each of its phases. */
class Attempt {
  /** Why it was given up; null where it was not for a time that ran out. */
  lateness: Error | null = null;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort(this.#caller?.reason);
  #timeout: OwnTimeout;

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    caller?.addEventListener('abort', this.#abort);
    if (caller?.aborted) this.#abort();
    this.#timeout = this.#within(CONNECT_TIMEOUT_MS, `no answer within ${CONNECT_TIMEOUT_MS} ms`);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  connected(): void {
    this.#timeout.clear();
    const words = `connected, but no word in the handshake for ${HANDSHAKE_TIMEOUT_MS} ms`;
    this.#timeout = this.#within(HANDSHAKE_TIMEOUT_MS, words);
  }

  heard(): void {
    this.#timeout.restart();
  }

  end(): void {
    this.#timeout.clear();
    this.#caller?.removeEventListener('abort', this.#abort);
  }

  #within(ms: number, words: string): OwnTimeout {
    const timeout = new OwnTimeout(ms, words);
    timeout.signal.addEventListener('abort', () => {
      this.lateness = new Error(words);
      this.#controller.abort(this.lateness);
    });
    return timeout;
  }
}

class Door {
  readonly #keyIds: () => readonly string[];
  readonly #events: GuardEvents;
  readonly #turns = new Turns(INBOUND_HANDSHAKES_MAX, TURN_MS);
  /** Those that have not said a word, the oldest first. */
  readonly #silent = new Set<MultiaddrConnection>();
  #pending = 0;

  constructor(keyIds: () => readonly string[], events: GuardEvents) {
    this.#keyIds = keyIds;
    this.#events = events;
  }

  inbound(upgrader: Upgrader): Upgrader {
    return around(upgrader, {
      upgradeInbound: async (connection: MultiaddrConnection, options: never): Promise<void> => {
        this.#makeRoom();
        this.#count(1);
        this.#silent.add(connection);
        const timeout = new OwnTimeout(SPEAK_TIMEOUT_MS, 'it says nothing');
        timeout.signal.addEventListener('abort', () => connection.abort(timeout.signal.reason));
        try {
          unmap(connection);
          joinWrites(connection);
          freeSocket(connection);
          let heard = (): void => {};
          await guard(connection, 'inbound', this.#keyIds(), this.#events, () => heard());
          timeout.clear();
          this.#silent.delete(connection);
          await this.#turns.take(false, () => {
            const patience = new OwnTimeout(HANDSHAKE_TIMEOUT_MS, 'no word in the handshake');
            patience.signal.addEventListener('abort', () => connection.abort(patience.signal.reason));
            heard = () => patience.restart();
            return upgrader.upgradeInbound(connection, options).finally(() => patience.clear());
          });
        } finally {
          timeout.clear();
          this.#silent.delete(connection);
          this.#count(-1);
        }
      },
    });
  }

  outbound(upgrader: Upgrader, attempt: Attempt): Upgrader {
    return around(upgrader, {
      upgradeOutbound: (connection: MultiaddrConnection, options: never): Promise<Connection> => {
        attempt.connected();
        joinWrites(connection);
        freeSocket(connection);
        guard(connection, 'outbound', this.#keyIds(), this.#events, () => attempt.heard()).catch(() => {});
        return upgrader.upgradeOutbound(connection, options);
      },
    });
  }

  /** Whoever holds connections open without a word shuts nobody out. @throws where all of them speak. */
  #makeRoom(): void {
    if (this.#pending < PENDING_CONNECTIONS_MAX) return;
    const [oldest] = this.#silent;
    if (oldest === undefined) throw new Error('too many handshakes are under way');
    this.#silent.delete(oldest);
    oldest.abort(new Error('it says nothing, and others want its place'));
  }

  #count(change: number): void {
    this.#pending += change;
    this.#events.pending(this.#pending);
  }
}

const around = (upgrader: Upgrader, own: Partial<Upgrader>): Upgrader => ({
  upgradeInbound: upgrader.upgradeInbound.bind(upgrader),
  upgradeOutbound: upgrader.upgradeOutbound.bind(upgrader),
  createInboundAbortSignal: (signal) => upgrader.createInboundAbortSignal(signal),
  getConnectionEncrypters: () => upgrader.getConnectionEncrypters(),
  getStreamMuxers: () => upgrader.getStreamMuxers(),
  ...own,
});

/** What libp2p's connections are on; not in its interface, so its presence is checked. */
interface OnSocket {
  readonly socket: Pick<Socket, 'destroy'>;
}

/**
 * libp2p is done with a connection once the other side has ended its half, but the socket stays as long as something waits
 * to be sent, which is for good where that side reads nothing: such sockets would add up, and a listener waits for them all.
 */
function freeSocket(connection: MultiaddrConnection): void {
  const { socket } = connection as MultiaddrConnection & OnSocket;
  if (typeof socket?.destroy !== 'function')
    throw new Error('this version of libp2p keeps its socket in another way');
  connection.addEventListener('close', () => void socket.destroy());
}

/** How libp2p's connections take what the socket brings; not in its interface, so its presence is checked. */
interface Receiving {
  onData(data: Uint8Array): void;
}

/**
 * Resolves once the other side has begun to speak as a member does; rejects where it closes before, or is none. `heard` is
 * called whenever something comes in, also afterwards.
 */
function guard(
  connection: MultiaddrConnection,
  direction: Direction,
  keyIds: readonly string[],
  events: GuardEvents,
  heard: () => void,
): Promise<void> {
  const receiving = connection as MultiaddrConnection & Receiving;
  if (typeof receiving.onData !== 'function')
    throw new Error('this version of libp2p receives data in another way');
  const pass = receiving.onData.bind(receiving);
  const preamble = new Preamble(keyIds, direction === 'outbound');
  const remote = connection.remoteAddr.toString();
  return new Promise((resolve, reject) => {
    const closed = (): void => {
      // Who dialled goes away once it has offered its last key.
      if (direction === 'inbound' && preamble.unknown > 0) events.keyDiffers(direction, remote);
      reject(new Error('closed before the handshake'));
    };
    connection.addEventListener('close', closed);
    receiving.onData = (data) => {
      const state = preamble.push(data);
      if (state !== 'more') connection.removeEventListener('close', closed);
      if (state === 'strange') {
        receiving.onData = () => {};
        events.stranger(remote);
        const error = new Error('the other side is no member of a mesh');
        connection.abort(error);
        reject(error);
        return;
      }
      if (state === 'refused') events.keyDiffers(direction, remote);
      if (state !== 'more')
        receiving.onData = (more) => {
          heard();
          pass(more);
        };
      heard();
      pass(data);
      resolve();
    };
  });
}
