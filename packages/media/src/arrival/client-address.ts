import type { Socket } from 'node:net';
import { hostPort, plainAddress } from '@headwater/directory';

/** A client's IP: IPv4 as such, though the socket takes both families. Empty where the client is gone already. */
export function clientIp({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  return plainAddress(remoteAddress);
}

/** `address:port` of a client, IPv6 in brackets. */
export function clientAddress(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return hostPort(clientIp(socket) || 'unknown', socket.remotePort ?? 0);
}
