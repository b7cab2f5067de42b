import type { MemberProfile } from '@headwater/directory';
import type { BroadcastMessage, DirectMessage } from '../../core/messages.js';

/** Messages of each kind, with and without what may be left out. They come from and speak for this member. */
export const AUTHOR = 'm';

export const claim = {
  key: '__defaultVhost__/live/room/s1',
  sinceMs: 1_795_382_427_232,
  media: {
    video: { codec: 'h264', width: 1280, height: 720, frameRate: 29.97 },
    audio: { codec: 'aac', sampleRateHz: 48_000, channels: 2 },
  },
};
const address = { network: 'inside', host: '10.0.0.1', rtmpPort: 1935, httpPort: 8080 };
const bareProfile: MemberProfile = {
  name: 'a',
  role: 'origin',
  addresses: [address],
  relayAddress: address,
  draining: false,
  program: '0.1.0',
};
export const profile = {
  name: 'a',
  role: 'edge',
  addresses: [address, { network: 'outside', host: '2001:db8::1', rtmpPort: 1936, httpPort: 8081 }],
  relayAddress: address,
  apiAddress: '10.0.0.1:1985',
  zone: 'zone-ä',
  draining: true,
  program: '0.1.0',
  loadLevel: 7,
  full: true,
  relayAddresses: [address, { network: 'outside', host: '2001:db8::5', rtmpPort: 1936, httpPort: 8081 }],
} as const;
export const position = { generation: 1_795_382_427_232, version: 42 };
export const delta = {
  member: AUTHOR,
  generation: position.generation,
  from: 3,
  to: 12,
  entries: [
    { kind: 'profile', version: 4, profile },
    { kind: 'claim', version: 5, claim },
    { kind: 'claim', version: 6, claim: { ...claim, media: {} } },
    { kind: 'claim', version: 7, claim: { ...claim, silent: true } },
    { kind: 'release', version: 9, key: claim.key },
    { kind: 'claim', version: 10, claim: { ...claim, media: { video: { codec: 'hevc' } } } },
    { kind: 'claim', version: 11, claim: { ...claim, media: { audio: { codec: 'opus' } } } },
  ],
} as const;
const secureAddress = { ...address, rtmpsPort: 1443, httpsPort: 8443 };
/** Of a member with ports for TLS, of which one is mapped to nowhere. */
const secureProfile: MemberProfile = {
  ...bareProfile,
  addresses: [secureAddress, { ...address, network: 'outside', rtmpPort: 0, httpPort: 0, httpsPort: 443 }],
  relayAddress: { ...address, rtmpsPort: 1443 },
  relayKeyHash: Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('hex'),
};
const emptyDelta = { member: AUTHOR, generation: 1, from: 0, to: 0, entries: [] };
const members = [
  { id: 'm2', position, addresses: ['[::1]:7946', 'host:7946'] },
  { id: 'm3', position: { generation: 1, version: 0 }, addresses: [] },
  { id: 'm4', position, addresses: ['host:7946'], heard: true },
  { id: 'm5', position, addresses: ['host:7947'], heard: false },
];
const load = { players: 1, publishers: 2, outboundKbps: 3.5 };
const hello = { kind: 'hello', name: 'a', program: '0.1.0', position, addresses: [], members: [] } as const;
const heartbeat = { kind: 'heartbeat', position, load, sentAt: 12.25, echo: null } as const;
const hears = Buffer.from('ba7816bf8f01cb8379ac2098', 'hex');
const part = { pull: 1, index: 0, last: true } as const;

/** By what they are examples of. */
export const DIRECT_EXAMPLES: Readonly<Record<string, DirectMessage>> = {
  'hello, bare': hello,
  'hello with an order': { ...hello, order: 'spread' },
  'hello with versions': { ...hello, speaks: { min: 1, max: 1 } },
  'hello, whole': {
    ...hello,
    addresses: ['10.0.0.1:7946', '[2001:db8::1]:7946'],
    members,
    order: 'primary',
    speaks: { min: 1, max: 3 },
  },
  'heartbeat, bare': heartbeat,
  'heartbeat with an echo': { ...heartbeat, echo: { sentAt: 1.5, heldMs: 0 } },
  'heartbeat that tells whom it hears': { ...heartbeat, hears },
  'heartbeat that hears nobody': { ...heartbeat, hears: Buffer.alloc(0) },
  'heartbeat of a late member': { ...heartbeat, lateMs: 120 },
  'heartbeat, whole': { ...heartbeat, echo: { sentAt: 1.5, heldMs: 0.25 }, hears, lateMs: 0 },
  'roster, empty': { kind: 'roster', members: [] },
  roster: { kind: 'roster', members },
  pull: { kind: 'pull', pull: 1, held: position },
  more: { kind: 'more', pull: 1 },
  'delta-part, empty': { kind: 'delta-part', ...part, delta: emptyDelta },
  'delta-part': { kind: 'delta-part', ...part, index: 3, last: false, delta },
  'snapshot-part, empty': { kind: 'snapshot-part', ...part, position, profile: null, claims: [] },
  'snapshot-part, first': { kind: 'snapshot-part', ...part, last: false, position, profile, claims: [claim] },
  'snapshot-part, bare profile': {
    kind: 'snapshot-part',
    ...part,
    position,
    profile: bareProfile,
    claims: [],
  },
  'snapshot-part, last': {
    kind: 'snapshot-part',
    ...part,
    index: 2,
    position,
    profile: null,
    claims: [claim, { ...claim, media: {}, silent: true }],
  },
  leave: { kind: 'leave', generation: 5 },
  ask: { kind: 'ask', ask: 3, owner: 'm2', held: position },
  'words, none': { kind: 'words', ask: 3, last: true, envelopes: [] },
  words: { kind: 'words', ask: 3, last: false, envelopes: [Buffer.of(1, 2, 3), Buffer.of()] },
};

export const BROADCAST_EXAMPLES: Readonly<Record<string, BroadcastMessage>> = {
  'delta, bare': {
    kind: 'delta',
    delta: {
      ...emptyDelta,
      to: 1,
      entries: [{ kind: 'profile', version: 1, profile: bareProfile }],
    },
  },
  delta: { kind: 'delta', delta },
  'delta with ports for TLS': {
    kind: 'delta',
    delta: { ...emptyDelta, to: 1, entries: [{ kind: 'profile', version: 1, profile: secureProfile }] },
  },
  leave: { kind: 'leave', generation: 5 },
};

export const DIRECT = Object.values(DIRECT_EXAMPLES);
export const BROADCAST = Object.values(BROADCAST_EXAMPLES);
