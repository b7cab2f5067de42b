import {
  type Claim,
  type Entry,
  LOAD_LEVEL_MAX,
  type LogPosition,
  type MediaAddress,
  type MediaInfo,
  type MemberLoad,
  type MemberProfile,
  NAME_LENGTH_MAX,
  type OwnerPolicy,
  parseStreamKey,
  type Role,
} from '@headwater/directory';
import { ADDRESSES_PER_MEMBER_MAX } from '../core/limits.js';
import type { Acquaintance } from '../core/messages.js';
import { Fields, WireError } from './fields.js';

/** How claims, profiles and so on look on the wire: arrays of plain values, so that field names cost nothing. */

/** A member's id is 52 characters of base58. */
export const MEMBER_ID_LENGTH_MAX = 64;
/** `vhost/app/stream`. */
const KEY_LENGTH_MAX = 3 * NAME_LENGTH_MAX + 2;
const CODEC_LENGTH_MAX = 32;
/** Host names have 253 characters at most; brackets and a port follow. */
const ADDRESS_LENGTH_MAX = 264;
const MEDIA_ADDRESSES_MAX = 16;

export const packPosition = (position: LogPosition): unknown => [position.generation, position.version];

export function readPosition(fields: Fields): LogPosition {
  return { generation: fields.count('generation'), version: fields.count('version') };
}

export const packLoad = (load: MemberLoad): unknown => [load.players, load.publishers, load.outboundKbps];

export function readLoad(fields: Fields): MemberLoad {
  return {
    players: fields.count('players'),
    publishers: fields.count('publishers'),
    outboundKbps: fields.number('outboundKbps'),
  };
}

/** The last field is there where it is known: older members do not tell it. */
export const packAcquaintance = ({ id, position, addresses, heard }: Acquaintance): unknown => [
  id,
  position.generation,
  position.version,
  addresses,
  ...(heard === undefined ? [] : [heard]),
];

export function readAcquaintance(value: unknown): Acquaintance {
  const fields = new Fields(value, 'member');
  const id = fields.name('id', MEMBER_ID_LENGTH_MAX);
  const position = readPosition(fields);
  const addresses = readAddresses(fields);
  const heard = fields.flagOrNull('heard');
  return { id, position, addresses, ...(heard !== null && { heard }) };
}

export function readAddresses(fields: Fields): readonly string[] {
  return fields.list('addresses', ADDRESSES_PER_MEMBER_MAX, (address) =>
    new Fields([address], 'address').name('address', ADDRESS_LENGTH_MAX),
  );
}

const packMediaAddress = (address: MediaAddress): unknown => [
  address.network,
  address.host,
  address.rtmpPort,
  address.httpPort,
];

function readMediaAddress(value: unknown): MediaAddress {
  const fields = new Fields(value, 'media address');
  return {
    network: fields.text('network', NAME_LENGTH_MAX),
    host: fields.name('host', NAME_LENGTH_MAX),
    rtmpPort: fields.count('rtmpPort', 65_535),
    httpPort: fields.count('httpPort', 65_535),
  };
}

export const packProfile = (profile: MemberProfile): unknown => [
  profile.name,
  profile.role === 'edge' ? 1 : 0,
  profile.addresses.map(packMediaAddress),
  packMediaAddress(profile.relayAddress),
  profile.apiAddress ?? null,
  profile.zone ?? null,
  profile.draining,
  profile.program,
  profile.loadLevel ?? null,
  ...(profile.full === true ? [true] : []),
];

export function readProfile(value: unknown): MemberProfile {
  const fields = new Fields(value, 'profile');
  const name = fields.name('name', NAME_LENGTH_MAX);
  const role: Role = fields.count('role', 1) === 1 ? 'edge' : 'origin';
  const addresses = fields.list('addresses', MEDIA_ADDRESSES_MAX, readMediaAddress);
  const relayAddress = readMediaAddress(fields.value());
  const apiAddress = fields.textOrNull('apiAddress', ADDRESS_LENGTH_MAX);
  const zone = fields.textOrNull('zone', NAME_LENGTH_MAX);
  const draining = fields.flag('draining');
  const program = fields.text('program', NAME_LENGTH_MAX);
  const loadLevel = fields.numberOrNull('loadLevel');
  const full = fields.flagOrNull('full');
  return {
    name,
    role,
    addresses,
    relayAddress,
    ...(apiAddress !== null && { apiAddress }),
    ...(zone !== null && { zone }),
    draining,
    program,
    ...(loadLevel !== null && { loadLevel: Math.min(loadLevel, LOAD_LEVEL_MAX) }),
    ...(full === true && { full }),
  };
}

/** Null is none: an older member tells nothing, and a later one may have a policy that is unknown here. */
const ORDERS: readonly OwnerPolicy[] = ['primary', 'spread'];

export const packOrder = (order: OwnerPolicy | undefined): unknown =>
  order === undefined ? null : ORDERS.indexOf(order);

export function readOrder(fields: Fields): OwnerPolicy | undefined {
  const index = fields.numberOrNull('order');
  return index === null ? undefined : ORDERS[index];
}

/** The last field is there only where it says something: older members read a silent claim as one that flows. */
export const packClaim = ({ key, sinceMs, media, silent }: Claim): readonly unknown[] => [
  key,
  sinceMs,
  media.video
    ? [
        media.video.codec,
        media.video.width ?? null,
        media.video.height ?? null,
        media.video.frameRate ?? null,
      ]
    : null,
  media.audio ? [media.audio.codec, media.audio.sampleRateHz ?? null, media.audio.channels ?? null] : null,
  ...(silent === true ? [true] : []),
];

function readClaimFields(fields: Fields): Claim {
  const key = readKey(fields);
  const sinceMs = fields.number('sinceMs');
  const media = readMedia(fields);
  const silent = fields.flagOrNull('silent');
  return { key, sinceMs, media, ...(silent === true && { silent }) };
}

function readMedia(fields: Fields): MediaInfo {
  const video = fields.fieldsOrNull('video');
  const audio = fields.fieldsOrNull('audio');
  return {
    ...(video && { video: readVideo(video) }),
    ...(audio && { audio: readAudio(audio) }),
  };
}

function readVideo(fields: Fields): NonNullable<MediaInfo['video']> {
  const codec = fields.name('codec', CODEC_LENGTH_MAX);
  const width = fields.numberOrNull('width');
  const height = fields.numberOrNull('height');
  const frameRate = fields.numberOrNull('frameRate');
  return {
    codec,
    ...(width !== null && { width }),
    ...(height !== null && { height }),
    ...(frameRate !== null && { frameRate }),
  };
}

function readAudio(fields: Fields): NonNullable<MediaInfo['audio']> {
  const codec = fields.name('codec', CODEC_LENGTH_MAX);
  const sampleRateHz = fields.numberOrNull('sampleRateHz');
  const channels = fields.numberOrNull('channels');
  return { codec, ...(sampleRateHz !== null && { sampleRateHz }), ...(channels !== null && { channels }) };
}

function readKey(fields: Fields): string {
  const key = fields.name('key', KEY_LENGTH_MAX);
  if (parseStreamKey(key) === null) throw new WireError('key is no stream key');
  return key;
}

export const readClaim = (value: unknown): Claim => readClaimFields(new Fields(value, 'claim'));

const CLAIM = 0;
const RELEASE = 1;
const PROFILE = 2;

export function packEntry(entry: Entry): unknown {
  if (entry.kind === 'claim') return [CLAIM, entry.version, ...packClaim(entry.claim)];
  if (entry.kind === 'release') return [RELEASE, entry.version, entry.key];
  return [PROFILE, entry.version, packProfile(entry.profile)];
}

export function readEntry(value: unknown): Entry {
  const fields = new Fields(value, 'entry');
  const kind = fields.count('kind', PROFILE);
  const version = fields.count('version');
  if (kind === CLAIM) return { kind: 'claim', version, claim: readClaimFields(fields) };
  if (kind === RELEASE) return { kind: 'release', version, key: readKey(fields) };
  return { kind: 'profile', version, profile: readProfile(fields.value()) };
}
