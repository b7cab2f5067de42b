import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ClientAbout } from '@headwater/guard';
import { clientAddress, clientIp } from '../client-address.js';
import { cleanAgent } from '../stream-name.js';

/** Who sends a request, as the guard and the log know it. */
export interface FlvClient extends ClientAbout {
  readonly protocol: 'http-flv' | 'ws-flv';
}

const URL_LENGTH_MAX = 2048;

export function flvClient(req: IncomingMessage, protocol: FlvClient['protocol']): FlvClient {
  const { authorization, referer } = req.headers;
  return {
    id: randomUUID(),
    protocol,
    ip: clientIp(req.socket),
    remote: clientAddress(req.socket),
    agent: cleanAgent(req.headers['user-agent']),
    pageUrl: (referer ?? '').slice(0, URL_LENGTH_MAX),
    ...(authorization === undefined ? {} : { authorization }),
  };
}
