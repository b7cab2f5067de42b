import { createHash } from 'node:crypto';
import { DEFAULT_VHOST, type StreamName, streamKey } from '@headwater/directory';
import type { ClientAbout } from '../ask.js';
import type { HookEvent } from './hook-event.js';

/** What one call to a hook is about. */
export interface HookFacts {
  readonly event: HookEvent;
  /** Of `update`: what it is about. */
  readonly action: 'publish' | 'play';
  readonly client: ClientAbout;
  /** The client's number on this member; nginx-rtmp's `clientid`. */
  readonly clientNumber: number;
  readonly name: StreamName;
  /** Parameters of the publish or play, without `?`. */
  readonly query: string;
  readonly bytes?: { readonly sent: number; readonly received: number };
}

/** Which member says it: its id, and that of its process. */
export interface HookSender {
  readonly member: string;
  readonly service: string;
}

/** Parameters between members, and the mark of a redirect: nobody else's business. */
const OWN_PARAMETERS = new Set([
  'headwater',
  'member',
  'owner',
  'replay',
  'puller',
  'proof',
  'headwater-via',
]);

/** The client's own parameters as it wrote them, those between members left out where there is a mark. */
export function clientQuery(query: string): string {
  if (!/(^|&)headwater=/.test(query)) return query;
  return query
    .split('&')
    .filter((part) => !OWN_PARAMETERS.has(part.split('=', 1)[0] ?? ''))
    .join('&');
}

/** The body of one call in SRS's format: JSON (http-callback in SRS's documentation, version 5 and later). */
export function srsBody(facts: HookFacts, { member, service }: HookSender): Buffer {
  const { event, client, name, bytes } = facts;
  const query = clientQuery(facts.query || (client.connectQuery ?? ''));
  const hasPage = event === 'connect' || event === 'play';
  const vhostPart = name.vhost === DEFAULT_VHOST ? '' : name.vhost;
  const body = {
    server_id: member,
    service_id: service,
    action: `on_${event}`,
    client_id: client.id,
    ip: client.ip,
    vhost: name.vhost,
    app: name.app,
    tcUrl: client.tcUrl ?? '',
    stream: name.stream,
    param: query === '' ? '' : `?${query}`,
    stream_url: `${vhostPart}/${name.app}/${name.stream}`,
    stream_id: `vid-${createHash('sha256').update(streamKey(name)).digest('hex').slice(0, 7)}`,
    ...(hasPage ? { pageUrl: client.pageUrl ?? '' } : {}),
    ...(bytes === undefined ? {} : { send_bytes: bytes.sent, recv_bytes: bytes.received }),
  };
  return Buffer.from(JSON.stringify(body));
}

const NGINX_CALLS: Readonly<Record<Exclude<HookEvent, 'update'>, string>> = {
  connect: 'connect',
  close: 'disconnect',
  publish: 'publish',
  unpublish: 'publish_done',
  play: 'play',
  stop: 'play_done',
};

/**
 * The body of one call in nginx-rtmp's format: a form. The client's own parameters come last, and none of them under a name
 * that says something of ours.
 */
export function nginxBody({ event, action, client, clientNumber, name, query }: HookFacts): Buffer {
  const form = new URLSearchParams({
    app: name.app,
    flashver: client.agent,
    swfurl: client.swfUrl ?? '',
    tcurl: client.tcUrl ?? '',
    pageurl: client.pageUrl ?? '',
    addr: client.ip,
    clientid: String(clientNumber),
    call: event === 'update' ? `update_${action}` : NGINX_CALLS[event],
  });
  if (event !== 'connect' && event !== 'close') {
    form.set('name', name.stream);
    if (action === 'publish') form.set('type', 'live');
  }
  if (name.vhost !== DEFAULT_VHOST) form.set('vhost', name.vhost);
  const reserved = new Set([...form.keys(), 'name', 'type', 'vhost']);
  for (const [key, value] of new URLSearchParams(clientQuery(query))) {
    if (!reserved.has(key)) form.append(key, value);
  }
  return Buffer.from(form.toString());
}
