import type { Connection, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface';
import { type TCPComponents, type TCPDialEvents, type TCPOptions, tcp } from '@libp2p/tcp';
import { joinWrites } from './joined-writes.js';
import type { Direction } from './keyed-noise.js';
import { Preamble } from './preamble.js';

export interface GuardEvents {
  /** The other side does not speak as a member does. Once per connection, as the next. `remote`: a multiaddr. */
  stranger(remote: string): void;
  /** A member of another mesh: neither side holds a key of the other. */
  keyDiffers(direction: Direction, remote: string): void;
}

/** TCP that lets only those bytes through to libp2p that begin as a member's do. `keyIds`: of our keys. */
export function guardedTcp(
  options: TCPOptions,
  keyIds: readonly string[],
  events: GuardEvents,
): (components: TCPComponents) => Transport<TCPDialEvents> {
  const make = tcp(options);
  return (components) => {
    const transport = make(components);
    const createListener = transport.createListener.bind(transport);
    const dial = transport.dial.bind(transport);
    transport.createListener = (listening) =>
      createListener({ ...listening, upgrader: guarded(listening.upgrader, keyIds, events) });
    transport.dial = (address, dialling) =>
      dial(address, { ...dialling, upgrader: guarded(dialling.upgrader, keyIds, events) });
    return transport;
  };
}

function guarded(upgrader: Upgrader, keyIds: readonly string[], events: GuardEvents): Upgrader {
  return {
    upgradeInbound: (connection: MultiaddrConnection, options: never): Promise<void> => {
      joinWrites(connection);
      guard(connection, 'inbound', keyIds, events);
      return upgrader.upgradeInbound(connection, options);
    },
    upgradeOutbound: (connection: MultiaddrConnection, options: never): Promise<Connection> => {
      joinWrites(connection);
      guard(connection, 'outbound', keyIds, events);
      return upgrader.upgradeOutbound(connection, options);
    },
    createInboundAbortSignal: (signal) => upgrader.createInboundAbortSignal(signal),
    getConnectionEncrypters: () => upgrader.getConnectionEncrypters(),
    getStreamMuxers: () => upgrader.getStreamMuxers(),
  };
}

/** How libp2p's connections take what the socket brings; not in its interface, so its presence is checked. */
interface Receiving {
  onData(data: Uint8Array): void;
}

function guard(
  connection: MultiaddrConnection,
  direction: Direction,
  keyIds: readonly string[],
  events: GuardEvents,
): void {
  const receiving = connection as MultiaddrConnection & Receiving;
  if (typeof receiving.onData !== 'function')
    throw new Error('this version of libp2p receives data in another way');
  const pass = receiving.onData.bind(receiving);
  const preamble = new Preamble(keyIds, direction === 'outbound');
  const remote = connection.remoteAddr.toString();
  // Who dialled goes away once it has offered its last key.
  const wentAway = (): void => {
    if (direction === 'inbound' && preamble.unknown > 0) events.keyDiffers(direction, remote);
  };
  connection.addEventListener('close', wentAway);
  receiving.onData = (data) => {
    const state = preamble.push(data);
    if (state !== 'more') connection.removeEventListener('close', wentAway);
    if (state === 'strange') {
      receiving.onData = () => {};
      events.stranger(remote);
      connection.abort(new Error('the other side is no member of a mesh'));
      return;
    }
    if (state === 'refused') events.keyDiffers(direction, remote);
    if (state !== 'more') receiving.onData = pass;
    pass(data);
  };
}
