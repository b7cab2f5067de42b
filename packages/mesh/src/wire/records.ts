import {
  type Claim,
  type Entry,
  isHost,
  isHostAndPort,
  isWildcard,
  LOAD_LEVEL_MAX,
  type LogPosition,
  type MediaAddress,
  type MediaInfo,
  type MemberId,
  type MemberLoad,
  type MemberProfile,
  NAME_LENGTH_MAX,
  type OwnerPolicy,
  parseStreamKey,
  type Role,
} from '@headwater/directory';
import { ADDRESSES_PER_MEMBER_MAX } from '../core/limits.js';
import type { Acquaintance } from '../core/messages.js';
import { Fields } from './fields.js';

/**
 * How claims, profiles and so on look on the wire: arrays of plain values, so that field names cost nothing. Field by
 * field: docs/wire.md. `read...` gives null for what is sound but means nothing here, as a later version may say it.
 */

/** A member's id is 52 characters of base58. */
export const MEMBER_ID_LENGTH_MAX = 64;
/** `vhost/app/stream`. */
const KEY_LENGTH_MAX = 3 * NAME_LENGTH_MAX + 2;
const CODEC_LENGTH_MAX = 32;
const HOST_LENGTH_MAX = 253;
/** A host; brackets and a port follow. */
const ADDRESS_LENGTH_MAX = 264;
const MEDIA_ADDRESSES_MAX = 16;
const PORT_MAX = 65_535;
/** SHA-256. */
const KEY_HASH_BYTES = 32;

/** Optional fields at the end of an array: those after the last one that is there are not written. */
export function tail(...fields: readonly unknown[]): readonly unknown[] {
  const end = fields.findLastIndex((field) => field !== undefined) + 1;
  return fields.slice(0, end).map((field) => field ?? null);
}

export const packPosition = (position: LogPosition): unknown => [position.generation, position.version];

export function readPosition(fields: Fields): LogPosition {
  return { generation: fields.count('generation'), version: fields.count('version') };
}

export const packLoad = (load: MemberLoad): unknown => [load.players, load.publishers, load.outboundKbps];

export function readLoad(fields: Fields): MemberLoad {
  return {
    players: Math.floor(fields.number('players')),
    publishers: Math.floor(fields.number('publishers')),
    outboundKbps: fields.number('outboundKbps'),
  };
}

/** The last field is there where it is known: older members do not tell it. */
export const packAcquaintance = ({ id, position, addresses, heard }: Acquaintance): unknown => [
  id,
  position.generation,
  position.version,
  addresses,
  ...tail(heard),
];

export function readAcquaintance(value: unknown): Acquaintance | null {
  const fields = new Fields(value, 'member');
  const id = fields.wholeText('id', MEMBER_ID_LENGTH_MAX);
  const position = readPosition(fields);
  const addresses = readAddresses(fields);
  const heard = fields.flagOrNull();
  return id === null ? null : { id, position, addresses, ...(heard !== null && { heard }) };
}

export function readAddresses(fields: Fields): readonly string[] {
  return fields.list('addresses', ADDRESSES_PER_MEMBER_MAX, (value) => {
    const address = new Fields([value], 'address').wholeText('address', ADDRESS_LENGTH_MAX);
    return address !== null && isHostAndPort(address) ? address : null;
  });
}

const packMediaAddress = (address: MediaAddress): unknown => [
  address.network,
  address.host,
  address.rtmpPort,
  address.httpPort,
  ...tail(address.rtmpsPort, address.httpsPort),
];

/** It may go into headers, URLs and look-ups, and others can connect to it. */
const isReachable = (host: string): boolean => isHost(host) && !isWildcard(host);

function readMediaAddress(value: unknown): MediaAddress | null {
  const fields = new Fields(value, 'media address');
  const network = fields.text('network', NAME_LENGTH_MAX);
  const host = fields.wholeText('host', HOST_LENGTH_MAX);
  const rtmpPort = fields.count('rtmpPort');
  const httpPort = fields.count('httpPort');
  const rtmpsPort = readPort(fields);
  const httpsPort = readPort(fields);
  if (host === null || !isReachable(host) || rtmpPort > PORT_MAX || httpPort > PORT_MAX) return null;
  return {
    network,
    host,
    rtmpPort,
    httpPort,
    ...(rtmpsPort !== null && { rtmpsPort }),
    ...(httpsPort !== null && { httpsPort }),
  };
}

/** A port that need not be there: null where it is none. */
function readPort(fields: Fields): number | null {
  const port = fields.numberOrNull();
  return port !== null && Number.isInteger(port) && port > 0 && port <= PORT_MAX ? port : null;
}

const EDGE = 1;

export const packProfile = (profile: MemberProfile): unknown => [
  profile.name,
  profile.role === 'edge' ? EDGE : 0,
  profile.addresses.map(packMediaAddress),
  packMediaAddress(profile.relayAddress),
  profile.apiAddress ?? null,
  profile.zone ?? null,
  profile.draining,
  profile.program,
  ...tail(
    profile.loadLevel,
    profile.full === true ? true : undefined,
    profile.relayAddresses?.map(packMediaAddress),
    profile.relayKeyHash === undefined ? undefined : Buffer.from(profile.relayKeyHash, 'hex'),
  ),
];

/** `member`: whose it is. Null where none of its addresses can be used here. */
export function readProfile(value: unknown, member: MemberId): MemberProfile | null {
  const fields = new Fields(value, 'profile');
  const name = fields.text('name', NAME_LENGTH_MAX) || member;
  // Who is no edge may claim, so every role that is unknown here is taken for an origin.
  const role: Role = fields.value() === EDGE ? 'edge' : 'origin';
  const told = fields.list('addresses', MEDIA_ADDRESSES_MAX, readMediaAddress);
  const relayAddress = readMediaAddress(fields.value()) ?? told[0];
  const apiAddress = fields.wholeTextOrNull(ADDRESS_LENGTH_MAX);
  const zone = fields.textOrNull(NAME_LENGTH_MAX);
  const draining = fields.flag('draining');
  const program = fields.text('program', NAME_LENGTH_MAX);
  const loadLevel = fields.numberOrNull();
  const full = fields.isTrue();
  const relayAddresses = fields.listOrNull(MEDIA_ADDRESSES_MAX, readMediaAddress);
  const relayKeyHash = fields.bytesOrNull();
  if (relayAddress === undefined) return null;
  return {
    name,
    role,
    addresses: told.length > 0 ? told : [relayAddress],
    relayAddress,
    ...(relayAddresses !== null && relayAddresses.length > 0 && { relayAddresses }),
    ...(apiAddress !== null && isHostAndPort(apiAddress) && { apiAddress }),
    ...(zone && { zone }),
    draining,
    program,
    ...(loadLevel !== null && { loadLevel: Math.min(loadLevel, LOAD_LEVEL_MAX) }),
    ...(full && { full }),
    ...(relayKeyHash?.length === KEY_HASH_BYTES && {
      relayKeyHash: Buffer.from(relayKeyHash).toString('hex'),
    }),
  };
}

const ORDERS: readonly OwnerPolicy[] = ['primary', 'spread'];

export const packOrder = (order: OwnerPolicy | undefined): number | undefined =>
  order && ORDERS.indexOf(order);

/** A policy that is unknown here counts as none told. */
export function readOrder(fields: Fields): OwnerPolicy | undefined {
  const index = fields.numberOrNull();
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
  ...tail(silent === true ? true : undefined),
];

function readClaimFields(fields: Fields): Claim | null {
  const key = readKey(fields);
  const sinceMs = fields.number('sinceMs');
  const media = readMedia(fields);
  const silent = fields.isTrue();
  return key === null ? null : { key, sinceMs, media, ...(silent && { silent }) };
}

function readMedia(fields: Fields): MediaInfo {
  const video = readVideo(fields.fieldsOrNull('video'));
  const audio = readAudio(fields.fieldsOrNull('audio'));
  return { ...(video && { video }), ...(audio && { audio }) };
}

function readVideo(fields: Fields | null): MediaInfo['video'] | null {
  const codec = fields?.textOrNull(CODEC_LENGTH_MAX);
  if (!fields || !codec) return null;
  const width = fields.numberOrNull();
  const height = fields.numberOrNull();
  const frameRate = fields.numberOrNull();
  return {
    codec,
    ...(width !== null && { width }),
    ...(height !== null && { height }),
    ...(frameRate !== null && { frameRate }),
  };
}

function readAudio(fields: Fields | null): MediaInfo['audio'] | null {
  const codec = fields?.textOrNull(CODEC_LENGTH_MAX);
  if (!fields || !codec) return null;
  const sampleRateHz = fields.numberOrNull();
  const channels = fields.numberOrNull();
  return { codec, ...(sampleRateHz !== null && { sampleRateHz }), ...(channels !== null && { channels }) };
}

/** Null for a name that has no form here: nobody could play it from this member. */
function readKey(fields: Fields): string | null {
  const key = fields.wholeText('key', KEY_LENGTH_MAX);
  return key !== null && parseStreamKey(key) !== null ? key : null;
}

export const readClaim = (value: unknown): Claim | null => readClaimFields(new Fields(value, 'claim'));

const CLAIM = 0;
const RELEASE = 1;
const PROFILE = 2;

export function packEntry(entry: Entry): unknown {
  if (entry.kind === 'claim') return [CLAIM, entry.version, ...packClaim(entry.claim)];
  if (entry.kind === 'release') return [RELEASE, entry.version, entry.key];
  return [PROFILE, entry.version, packProfile(entry.profile)];
}

/** One entry of a log. Kind and version are there for ever; `entry` is null where it means nothing here. */
export function readEntry(
  value: unknown,
  member: MemberId,
): { readonly version: number; readonly entry: Entry | null } {
  const fields = new Fields(value, 'entry');
  const kind = fields.count('kind');
  const version = fields.count('version');
  return { version, entry: readChange(kind, version, fields, member) };
}

function readChange(kind: number, version: number, fields: Fields, member: MemberId): Entry | null {
  switch (kind) {
    case CLAIM: {
      const claim = readClaimFields(fields);
      return claim && { kind: 'claim', version, claim };
    }
    case RELEASE: {
      const key = readKey(fields);
      return key === null ? null : { kind: 'release', version, key };
    }
    case PROFILE: {
      const profile = readProfile(fields.value(), member);
      return profile && { kind: 'profile', version, profile };
    }
    default:
      return null;
  }
}
