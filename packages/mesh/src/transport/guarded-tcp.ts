import { isIP } from 'node:net';
import { plainAddress } from '@headwater/directory';
import type { Connection, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface';
import { type TCPComponents, type TCPDialEvents, type TCPOptions, tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { joinWrites } from './joined-writes.js';

/**
 * The first bytes that each side of a connection between members sends: it speaks multistream-select and wants noise,
 * each line with its length before it (https://github.com/multiformats/multistream-select).
 */
const PREAMBLE = Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n');

/** Called once per connection whose other side does not speak as a member does. */
export type OnStranger = (remote: string) => void;

/**
 * TCP that lets only those bytes through to libp2p that begin as a member's do. libp2p reads the lengths in this part of
 * the conversation byte by byte, anew each time: 100 kB of 0xff, from anybody, took it half a second, and it would take
 * 4 MB. What follows is noise, with lengths of two bytes, and then encrypted.
 */
export function guardedTcp(
  options: TCPOptions,
  onStranger: OnStranger,
): (components: TCPComponents) => Transport<TCPDialEvents> {
  const make = tcp(options);
  return (components) => {
    const transport = make(components);
    const createListener = transport.createListener.bind(transport);
    const dial = transport.dial.bind(transport);
    transport.createListener = (listening) =>
      createListener({ ...listening, ...BOTH_FAMILIES, upgrader: guarded(listening.upgrader, onStranger) });
    transport.dial = (address, dialling) =>
      dial(address, { ...dialling, upgrader: guarded(dialling.upgrader, onStranger) });
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

function guarded(upgrader: Upgrader, onStranger: OnStranger): Upgrader {
  return {
    upgradeInbound: (connection: MultiaddrConnection, options: never): Promise<void> => {
      unmap(connection);
      joinWrites(connection);
      guard(connection, onStranger);
      return upgrader.upgradeInbound(connection, options);
    },
    upgradeOutbound: (connection: MultiaddrConnection, options: never): Promise<Connection> => {
      joinWrites(connection);
      guard(connection, onStranger);
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

function guard(connection: MultiaddrConnection, onStranger: OnStranger): void {
  const receiving = connection as MultiaddrConnection & Receiving;
  if (typeof receiving.onData !== 'function')
    throw new Error('this version of libp2p receives data in another way');
  const pass = receiving.onData.bind(receiving);
  let seen = 0;
  receiving.onData = (data) => {
    const head = data.subarray(0, PREAMBLE.length - seen);
    if (Buffer.compare(head, PREAMBLE.subarray(seen, seen + head.length)) !== 0) {
      seen = 0;
      receiving.onData = () => {};
      onStranger(connection.remoteAddr.toString());
      connection.abort(new Error('the other side is no member of a mesh'));
      return;
    }
    seen += head.length;
    if (seen === PREAMBLE.length) receiving.onData = pass;
    pass(data);
  };
}
