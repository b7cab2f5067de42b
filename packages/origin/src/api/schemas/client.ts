import * as v from 'valibot';
import { CLIENT_KIND, CLIENT_PROTOCOL } from '../../questions/questions.js';
import { MISSING, NUMBER, queryNumber, queryWord, SINCE_MS, said, TEXT } from './parts.js';

/** Clients in one answer where the asker does not say how many, and at most. */
const PAGE_DEFAULT = 100;
const PAGE_MAX = 500;

export const CLIENT = v.object({
  id: TEXT,
  member: said(TEXT, 'Id of the member that it is on.'),
  name: said(TEXT, 'Name of that member.'),
  kind: said(CLIENT_KIND, '`relay`: another member’s pull.'),
  key: said(TEXT, 'Of its stream: vhost/app/stream.'),
  protocol: CLIENT_PROTOCOL,
  remote: said(TEXT, '`address:port`, IPv6 in brackets.'),
  agent: TEXT,
  sinceMs: SINCE_MS,
  state: said(TEXT, '`playing`, `waiting`, `publishing` or `silent`.'),
  bytes: said(NUMBER, 'Sent to it; of a publisher received from it.'),
  queueBytes: NUMBER,
  framesDropped: NUMBER,
  forwardedTo: v.exactOptional(
    said(
      TEXT,
      'Of a publisher: name of the origin that it is forwarded to. Absent: none, or not at the moment.',
    ),
  ),
});

export const CLIENT_PAGE = v.object({
  clients: said(v.array(CLIENT), 'In the order of their ids.'),
  next: v.exactOptional(said(TEXT, 'To be given as `cursor` for those that follow.')),
  missing: MISSING,
});

const WORDS = ['play', 'relay', 'publish'] as const;
const PROTOCOLS = ['rtmp', 'http-flv', 'ws-flv'] as const;

export const CLIENT_QUERY = v.object({
  cursor: v.optional(
    said(v.pipe(v.string(), v.maxLength(200, 'cursor is too long')), '`next` of the page before.'),
    '',
  ),
  limit: v.optional(
    said(queryNumber('limit', 1, PAGE_MAX), `At most ${PAGE_MAX}; by default ${PAGE_DEFAULT}.`),
    String(PAGE_DEFAULT),
  ),
  member: v.exactOptional(said(TEXT, 'Only on this member, by name or id.')),
  stream: v.exactOptional(said(TEXT, 'Only of this stream: `app/stream`, or `vhost/app/stream`.')),
  kind: v.exactOptional(queryWord('kind', WORDS)),
  protocol: v.exactOptional(queryWord('protocol', PROTOCOLS)),
  address: v.exactOptional(said(TEXT, 'Only clients whose `remote` begins with this.')),
});

export type ApiClient = v.InferOutput<typeof CLIENT>;
