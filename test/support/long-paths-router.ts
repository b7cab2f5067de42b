import { createSocket } from 'node:dgram';
import { Random } from '@headwater/testing/random';
import type { LongPathsOrder } from './long-paths.js';

/**
 * Carries the IP packets of some hosts to each other, late, and loses a share of them: a program of its own, since a test is not to
 * be late itself. Each host's packets come by UDP from the address that they are sent back to.
 */
const { host, port, hosts, oneWayMs, loss, seed } = JSON.parse(process.argv[2] ?? '') as LongPathsOrder;

/** Where an IPv4 header has its destination (RFC 791, section 3.1). */
const DESTINATION_AT = 16;
const HEADER_BYTES = 20;
const NOISE_BYTES = 65_536;

const outerOf = new Map(hosts.map(({ inner, outer }) => [inner, outer]));
const noise = new Random(seed).bytes(NOISE_BYTES);
let drawn = 0;
const isLost = (): boolean => {
  drawn += 2;
  const high = noise[drawn % NOISE_BYTES] ?? 0;
  const low = noise[(drawn + 1) % NOISE_BYTES] ?? 0;
  return (high * 256 + low) / 65_536 < loss;
};

const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304, sendBufferSize: 4_194_304 });
socket.on('message', (packet) => {
  if (packet.length < HEADER_BYTES || isLost()) return;
  const inner = packet.subarray(DESTINATION_AT, DESTINATION_AT + 4).join('.');
  const outer = outerOf.get(inner);
  if (outer !== undefined) setTimeout(() => socket.send(packet, port, outer), oneWayMs);
});
socket.bind(port, host, () => process.send?.('ready'));
