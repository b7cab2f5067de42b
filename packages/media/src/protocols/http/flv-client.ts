import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ClientAbout } from '@headwater/guard';
import { type Asker, type Client, remoteOf } from '../../arrival/client.js';
import { cleanAgent } from '../stream-name.js';

/** Who sends a request, as the guard and the log know it. */
export interface FlvClient extends ClientAbout, Asker {
  readonly protocol: 'http-flv' | 'ws-flv';
}

const URL_LENGTH_MAX = 2048;

/** `client`: in whose name the request comes, also where a proxy sends it. */
export function flvClient(req: IncomingMessage, client: Client, protocol: FlvClient['protocol']): FlvClient {
  const { authorization, referer } = req.headers;
  return {
    id: randomUUID(),
    protocol,
    ip: client.ip,
    remote: remoteOf(client),
    isSecure: client.isSecure,
    agent: cleanAgent(req.headers['user-agent']),
    pageUrl: (referer ?? '').slice(0, URL_LENGTH_MAX),
    ...(authorization === undefined ? {} : { authorization }),
  };
}
