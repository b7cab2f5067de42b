import { type Delta, type MemberId, NAME_LENGTH_MAX } from '@headwater/directory';
import { ENVELOPES_KEPT_MAX, MEMBERS_MAX, MESSAGE_BYTES_MAX } from '../core/limits.js';
import { MEMBER_DIGEST_BYTES } from '../core/member-digest.js';
import type { BroadcastMessage, DirectMessage, Heartbeat, Hello } from '../core/messages.js';
import { commonVersion, SPEAKS, type VersionRange } from '../core/versions.js';
import { Fields, WireError } from './fields.js';
import { inspect, withoutForeign } from './inspect.js';
import { packr } from './packr.js';
import {
  MEMBER_ID_LENGTH_MAX,
  packAcquaintance,
  packClaim,
  packEntry,
  packLoad,
  packOrder,
  packPosition,
  packProfile,
  readAcquaintance,
  readAddresses,
  readClaim,
  readEntry,
  readLoad,
  readOrder,
  readPosition,
  readProfile,
  tail,
} from './records.js';

/** Second field of each message. Numbers are never used again for something else. */
export const KINDS = {
  hello: 1,
  heartbeat: 2,
  roster: 3,
  pull: 4,
  more: 5,
  'delta-part': 6,
  'snapshot-part': 7,
  leave: 8,
  delta: 9,
  ask: 10,
  words: 11,
} as const;

/**
 * First field of what every member must be able to read: hello, since no version is settled yet, and broadcasts, which
 * go to members of all versions. A broadcast has the lowest version that carries its meaning: that is the first for all
 * that there are.
 */
const FOR_ALL = 1;

/**
 * What came of some bytes. `unknown`: well-formed, but of a version of the protocol or a kind that this program does
 * not have: ignored without blame, so that old and new members can run side by side.
 */
export type Decoded<T> =
  | { readonly kind: 'message'; readonly message: T }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** The member is not sent along: who signed or sent a delta is whom it speaks for. */
const packDelta = (delta: Delta): unknown[] => [
  delta.generation,
  delta.from,
  delta.to,
  delta.entries.map(packEntry),
];

/** Entries that mean nothing here are left out; the delta still ends where it says, so the log goes on after them. */
function readDelta(fields: Fields, member: MemberId): Delta {
  const generation = fields.count('generation');
  const from = fields.count('from');
  const to = fields.count('to');
  let reached = from;
  // No limit but the message's own: what is cut off here would be lost.
  const entries = fields.list('entries', Number.POSITIVE_INFINITY, (value) => {
    const { version, entry } = readEntry(value, member);
    if (version <= reached || version > to) throw new WireError('entries are not in the order of versions');
    reached = version;
    return entry;
  });
  if (to < from) throw new WireError('the delta ends before it begins');
  return { member, generation, from, to, entries };
}

function fieldsOf(message: DirectMessage | BroadcastMessage): unknown[] {
  switch (message.kind) {
    case 'hello':
      return [
        message.name,
        message.program,
        packPosition(message.position),
        message.addresses,
        message.members.map(packAcquaintance),
        ...tail(packOrder(message.order), message.speaks && [message.speaks.min, message.speaks.max]),
      ];
    case 'heartbeat':
      return [
        packPosition(message.position),
        packLoad(message.load),
        message.sentAt,
        message.echo && [message.echo.sentAt, message.echo.heldMs],
        ...tail(message.hears, message.lateMs),
      ];
    case 'roster':
      return [message.members.map(packAcquaintance)];
    case 'pull':
      return [message.pull, packPosition(message.held)];
    case 'more':
      return [message.pull];
    case 'delta-part':
      return [message.pull, message.index, message.last, packDelta(message.delta)];
    case 'snapshot-part':
      return [
        message.pull,
        message.index,
        message.last,
        packPosition(message.position),
        message.profile && packProfile(message.profile),
        message.claims.map(packClaim),
      ];
    case 'leave':
      return [message.generation];
    case 'ask':
      return [message.ask, message.owner, packPosition(message.held)];
    case 'words':
      return [message.ask, message.last, message.envelopes];
    case 'delta':
      return packDelta(message.delta);
  }
}

/**
 * `version`: the one settled with the one member that is to read it; where it is left out, all can.
 *
 * @throws RangeError where it is longer than `MESSAGE_BYTES_MAX`: the core cuts its messages to size.
 */
export function encode(message: DirectMessage | BroadcastMessage, version = FOR_ALL): Uint8Array {
  const protocol = message.kind === 'hello' ? FOR_ALL : version;
  const bytes = packr.pack([protocol, KINDS[message.kind], ...fieldsOf(message)]);
  if (bytes.byteLength > MESSAGE_BYTES_MAX)
    throw new RangeError(`a ${message.kind} of ${bytes.byteLength} bytes`);
  return bytes;
}

/** Name, program and, four fields later, the versions spoken have their place for ever; the rest only within a version. */
function readHello(fields: Fields, peer: MemberId): Hello {
  const name = fields.text('name', NAME_LENGTH_MAX) || peer;
  const program = fields.text('program', NAME_LENGTH_MAX);
  const speaks = readSpeaks(fields.ahead(4).fieldsOrNull('speaks'));
  const head = { kind: 'hello', name, program, ...(speaks && { speaks }) } as const;
  if (speaks && commonVersion(SPEAKS, speaks) === null) return { ...head, ...NOTHING_TOLD };
  const position = readPosition(fields.fields('position'));
  const addresses = readAddresses(fields);
  const members = fields.list('members', MEMBERS_MAX, readAcquaintance);
  const order = readOrder(fields);
  return { ...head, position, addresses, members, ...(order && { order }) };
}

const NOTHING_TOLD = { position: { generation: 0, version: 0 }, addresses: [], members: [] };

const readSpeaks = (fields: Fields | null): VersionRange | null =>
  fields && { min: fields.count('min'), max: fields.count('max') };

function readHeartbeat(fields: Fields): Heartbeat {
  const position = readPosition(fields.fields('position'));
  const load = readLoad(fields.fields('load'));
  const sentAt = fields.number('sentAt');
  const echo = readEcho(fields.fieldsOrNull('echo'));
  const hears = fields.bytesOrNull();
  const lateMs = fields.numberOrNull();
  return {
    kind: 'heartbeat',
    position,
    load,
    sentAt,
    echo,
    ...(hears && { hears: hears.subarray(0, HEARS_BYTES_MAX) }),
    ...(lateMs !== null && { lateMs: Math.floor(lateMs) }),
  };
}

const HEARS_BYTES_MAX = MEMBERS_MAX * MEMBER_DIGEST_BYTES;

const readEcho = (fields: Fields | null): Heartbeat['echo'] =>
  fields && { sentAt: fields.number('sentAt'), heldMs: fields.number('heldMs') };

function readDirect(kind: number, fields: Fields, peer: MemberId): DirectMessage | null {
  switch (kind) {
    case KINDS.hello:
      return readHello(fields, peer);
    case KINDS.heartbeat:
      return readHeartbeat(fields);
    case KINDS.roster:
      return { kind: 'roster', members: fields.list('members', MEMBERS_MAX, readAcquaintance) };
    case KINDS.pull:
      return { kind: 'pull', pull: fields.count('pull'), held: readPosition(fields.fields('held')) };
    case KINDS.more:
      return { kind: 'more', pull: fields.count('pull') };
    case KINDS['delta-part']:
      return {
        kind: 'delta-part',
        pull: fields.count('pull'),
        index: fields.count('index'),
        last: fields.flag('last'),
        delta: readDelta(fields.fields('delta'), peer),
      };
    case KINDS['snapshot-part']: {
      const pull = fields.count('pull');
      const index = fields.count('index');
      const last = fields.flag('last');
      const position = readPosition(fields.fields('position'));
      const profile = fields.value();
      return {
        kind: 'snapshot-part',
        pull,
        index,
        last,
        position,
        profile: profile === null ? null : readProfile(profile, peer),
        claims: fields.list('claims', Number.POSITIVE_INFINITY, readClaim),
      };
    }
    case KINDS.leave:
      return { kind: 'leave', generation: fields.count('generation') };
    case KINDS.ask: {
      const ask = fields.count('ask');
      const owner = fields.wholeText('owner', MEMBER_ID_LENGTH_MAX);
      const held = readPosition(fields.fields('held'));
      return owner === null ? null : { kind: 'ask', ask, owner, held };
    }
    case KINDS.words:
      return {
        kind: 'words',
        ask: fields.count('ask'),
        last: fields.flag('last'),
        envelopes: fields.list('envelopes', ENVELOPES_KEPT_MAX, (value) =>
          new Fields([value], 'envelope').bytesOrNull(),
        ),
      };
    default:
      return null;
  }
}

function readBroadcast(kind: number, fields: Fields, author: MemberId): BroadcastMessage | null {
  if (kind === KINDS.delta) return { kind: 'delta', delta: readDelta(fields, author) };
  if (kind === KINDS.leave) return { kind: 'leave', generation: fields.count('generation') };
  return null;
}

function decode<T>(bytes: Uint8Array, read: (kind: number, fields: Fields) => T | null): Decoded<T> {
  if (bytes.byteLength > MESSAGE_BYTES_MAX) return malformed(`${bytes.byteLength} bytes are too many`);
  const { problem, foreign } = inspect(bytes);
  if (problem !== null) return malformed(problem);
  try {
    const fields = new Fields(packr.unpack(withoutForeign(bytes, foreign)), 'message');
    const protocol = fields.count('protocol');
    const kind = fields.count('kind');
    if (protocol > SPEAKS.max && kind !== KINDS.hello) return { kind: 'unknown' };
    const message = read(kind, fields);
    return message === null ? { kind: 'unknown' } : { kind: 'message', message };
  } catch (error) {
    return malformed(error instanceof WireError ? error.message : 'undecodable');
  }
}

const malformed = (reason: string): { kind: 'malformed'; reason: string } => ({ kind: 'malformed', reason });

/** `peer`: who sent it, by the connection. */
export const decodeDirect = (bytes: Uint8Array, peer: MemberId): Decoded<DirectMessage> =>
  decode(bytes, (kind, fields) => readDirect(kind, fields, peer));

/** `author`: who signed it. */
export const decodeBroadcast = (bytes: Uint8Array, author: MemberId): Decoded<BroadcastMessage> =>
  decode(bytes, (kind, fields) => readBroadcast(kind, fields, author));
