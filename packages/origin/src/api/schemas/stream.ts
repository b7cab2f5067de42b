import * as v from 'valibot';
import { LAST_SWITCH } from '../../questions/questions.js';
import { FLAG, MISSING, NUMBER, PROTOCOL, SINCE_MS, said, TEXT, TEXTS, UNANSWERED } from './parts.js';

const MEDIA = v.object({
  video: v.exactOptional(
    v.object({
      codec: TEXT,
      width: v.exactOptional(NUMBER),
      height: v.exactOptional(NUMBER),
      frameRate: v.exactOptional(NUMBER),
    }),
  ),
  audio: v.exactOptional(
    v.object({
      codec: TEXT,
      sampleRateHz: v.exactOptional(NUMBER),
      channels: v.exactOptional(NUMBER),
    }),
  ),
});

export const OWNER = v.object({
  member: said(TEXT, 'Its id.'),
  name: TEXT,
  liveness: TEXT,
  through: v.exactOptional(
    said(TEXT, 'Name of the member that this one would pull the stream through; absent: directly.'),
  ),
  draining: FLAG,
  full: said(FLAG, 'Its connections or its outbound limit are used up; it comes after those that have room.'),
  state: said(
    v.picklist(['flowing', 'silent']),
    '`silent`: no media at the moment; it comes after all that flow.',
  ),
  since: said(TEXT, 'ISO 8601, by the owner’s own clock.'),
  sinceMs: SINCE_MS,
  media: MEDIA,
});

/** As its source sends them. */
const PICTURES = {
  frameRate: v.exactOptional(said(NUMBER, 'Pictures per second of media, over its last seconds.')),
  keyframeMs: v.exactOptional(said(NUMBER, 'From one key frame to the next, ms.')),
};

const STREAM_ENTRIES = {
  key: said(TEXT, 'vhost/app/stream.'),
  vhost: TEXT,
  app: TEXT,
  stream: TEXT,
  owners: said(v.array(OWNER), 'In the order in which players are sent to them.'),
  players: said(NUMBER, 'Players on this member.'),
};

export const STREAM = v.object(STREAM_ENTRIES);

const FIGURES = v.object({
  players: said(NUMBER, 'On all members; their pulls from each other do not count.'),
  kbpsIn: said(NUMBER, 'From its source, over the last second.'),
  ...PICTURES,
  relays: said(NUMBER, 'Members that relay it.'),
  lastSwitch: v.exactOptional(
    said(LAST_SWITCH, 'When players somewhere went on from another source, and how, by that member’s clock.'),
  ),
});

export const STREAM_PAGE = v.object({
  streams: v.array(v.object({ ...STREAM_ENTRIES, figures: v.exactOptional(FIGURES) })),
  next: v.exactOptional(
    said(TEXT, 'To be given as `cursor` for the streams that follow; absent where these are the last.'),
  ),
  total: said(NUMBER, 'Streams with an owner in the whole mesh, whatever was asked for.'),
  unanswered: v.exactOptional(UNANSWERED),
  missing: v.exactOptional(MISSING),
});

const PLAYER = v.object({
  id: TEXT,
  protocol: PROTOCOL,
  remote: said(TEXT, '`address:port` of the client, IPv6 in brackets.'),
  agent: said(TEXT, 'What it tells of itself: flashVer or User-Agent.'),
  sinceMs: SINCE_MS,
  state: v.picklist(['playing', 'waiting']),
  bytesOut: NUMBER,
  queueBytes: said(NUMBER, 'What waits for it.'),
  framesDropped: NUMBER,
});

const ROUTE = v.object({
  client: said(
    v.picklist(['rtmp', 'srs-edge', 'http-flv', 'ws-flv', 'srs-edge-tls', 'https-flv']),
    'The last two where this member tells of ports for TLS.',
  ),
  route: v.picklist(['local', 'redirect', 'relay', 'wait', 'refuse']),
  reason: TEXT,
  why: said(TEXT, '`reason` as a sentence.'),
  target: v.exactOptional(said(TEXT, 'Name of the member redirected to or relayed from.')),
  through: v.exactOptional(
    said(TEXT, 'Name of the member that a relay would pull through; absent: directly.'),
  ),
  address: v.exactOptional(said(TEXT, '`host:port` that a redirected client is told.')),
});

const STREAM_THERE = v.object({
  member: TEXT,
  name: TEXT,
  source: v.picklist(['publisher', 'relay', 'none']),
  relayFrom: v.exactOptional(said(TEXT, 'Id of the owner that is pulled from.')),
  relayThrough: v.exactOptional(TEXT),
  players: said(NUMBER, 'Players, and other members’ pulls.'),
  bytesIn: NUMBER,
  kbpsIn: said(NUMBER, 'From its source, over the last second.'),
  ...PICTURES,
  queueBytes: said(NUMBER, 'What waits for the players that were looked at, together.'),
  queueBytesOfSlowest: NUMBER,
  framesDropped: NUMBER,
  playersLookedAt: NUMBER,
  unanswered: v.exactOptional(UNANSWERED),
});

export const STREAM_DETAIL = v.object({
  ...STREAM_ENTRIES,
  here: v.object({
    source: v.picklist(['publisher', 'relay', 'none']),
    relayFrom: v.exactOptional(said(TEXT, 'Id of the owner that the relay pulls from.')),
    relayThrough: v.exactOptional(said(TEXT, 'Id of the member through which it does.')),
    relayThroughName: v.exactOptional(TEXT),
    passesOn: v.exactOptional(
      said(TEXTS, 'Ids of owners whose media is passed on to members that cannot reach them.'),
    ),
    publisher: v.exactOptional(v.object({ remote: TEXT, agent: TEXT, protocol: PROTOCOL })),
    bytesIn: NUMBER,
    kbpsIn: said(NUMBER, 'Kilobits per second from its source, over the last second.'),
    ...PICTURES,
    players: said(v.array(PLAYER), 'The first 1,000; `players` above counts all.'),
  }),
  routes: said(v.array(ROUTE), 'What this member would answer each kind of client.'),
  members: said(v.array(STREAM_THERE), 'How the stream does on each member that has it.'),
  playersInMesh: said(
    NUMBER,
    'On all members that answered; a member’s pull counts as a player of the one it pulls from.',
  ),
  missing: MISSING,
  unanswered: v.exactOptional(UNANSWERED),
});

export type ApiOwner = v.InferOutput<typeof OWNER>;
export type ApiStream = v.InferOutput<typeof STREAM>;
export type ApiFigures = v.InferOutput<typeof FIGURES>;
export type ApiStreamPage = v.InferOutput<typeof STREAM_PAGE>;
export type ApiRoute = v.InferOutput<typeof ROUTE>;
export type ApiStreamDetail = v.InferOutput<typeof STREAM_DETAIL>;
