import type { BroadcastMessage, DirectMessage } from '../../core/messages.js';

/** Messages of each kind, with and without what may be left out. They come from and speak for member `m`. */

export const claim = {
  key: '__defaultVhost__/live/room/s1',
  sinceMs: 1_795_382_427_232,
  media: {
    video: { codec: 'h264', width: 1280, height: 720, frameRate: 29.97 },
    audio: { codec: 'aac', sampleRateHz: 48_000, channels: 2 },
  },
};
const address = { network: 'inside', host: '10.0.0.1', rtmpPort: 1935, httpPort: 8080 };
export const profile = {
  name: 'a',
  role: 'edge',
  addresses: [address, { ...address, network: 'outside' }],
  relayAddress: address,
  apiAddress: '10.0.0.1:1985',
  zone: 'z1',
  draining: true,
  program: '0.1.0',
  loadLevel: 7,
  full: true,
} as const;
export const position = { generation: 1_795_382_427_232, version: 42 };
export const delta = {
  member: 'm',
  generation: position.generation,
  from: 3,
  to: 9,
  entries: [
    { kind: 'profile', version: 4, profile },
    { kind: 'claim', version: 5, claim },
    { kind: 'claim', version: 6, claim: { ...claim, media: {} } },
    { kind: 'claim', version: 7, claim: { ...claim, silent: true } },
    { kind: 'release', version: 9, key: claim.key },
  ],
} as const;
const members = [{ id: 'm2', position, addresses: ['[::1]:7946', 'host:7946'] }];

export const DIRECT: DirectMessage[] = [
  { kind: 'hello', name: 'a', program: '0.1.0', position, addresses: ['10.0.0.1:7946'], members },
  { kind: 'hello', name: 'a', program: '0.1.0', position, addresses: [], members, order: 'spread' },
  {
    kind: 'hello',
    name: 'a',
    program: '0.1.0',
    position,
    addresses: [],
    members,
    order: 'primary',
    speaks: { min: 1, max: 3 },
  },
  {
    kind: 'heartbeat',
    position,
    load: { players: 1, publishers: 2, outboundKbps: 3.5 },
    sentAt: 12.25,
    echo: { sentAt: 1.5, heldMs: 0 },
  },
  {
    kind: 'heartbeat',
    position,
    load: { players: 1, publishers: 2, outboundKbps: 3 },
    sentAt: 1,
    echo: null,
  },
  {
    kind: 'heartbeat',
    position,
    load: { players: 1, publishers: 2, outboundKbps: 3 },
    sentAt: 1,
    echo: null,
    hears: Buffer.from('ba7816bf8f01', 'hex'),
    lateMs: 120,
  },
  { kind: 'roster', members },
  { kind: 'pull', pull: 1, held: position },
  { kind: 'more', pull: 1 },
  { kind: 'delta-part', pull: 1, index: 0, last: true, delta },
  { kind: 'snapshot-part', pull: 1, index: 1, last: false, position, profile: null, claims: [claim] },
  {
    kind: 'snapshot-part',
    pull: 1,
    index: 2,
    last: false,
    position,
    profile: null,
    claims: [claim, { ...claim, media: {}, silent: true }],
  },
  { kind: 'snapshot-part', pull: 1, index: 0, last: true, position, profile, claims: [] },
  { kind: 'leave', generation: 5 },
  { kind: 'ask', ask: 3, owner: 'm2', held: position },
  { kind: 'words', ask: 3, last: false, envelopes: [Buffer.of(1, 2, 3), Buffer.of()] },
  { kind: 'words', ask: 3, last: true, envelopes: [] },
];
export const BROADCAST: BroadcastMessage[] = [
  { kind: 'delta', delta },
  { kind: 'leave', generation: 5 },
];
