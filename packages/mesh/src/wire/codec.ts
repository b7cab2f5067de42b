import { type Delta, isMemberName, isOneLine, type MemberId, NAME_LENGTH_MAX } from '@headwater/directory';
import { Packr } from 'msgpackr';
import {
  ENTRIES_PER_MESSAGE_MAX,
  ENVELOPES_KEPT_MAX,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
} from '../core/limits.js';
import type { BroadcastMessage, DirectMessage } from '../core/messages.js';
import { Fields, WireError } from './fields.js';
import { msgpackProblem } from './inspect.js';
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
} from './records.js';

/** First field of each message. Grows only with changes that older members can't ignore. */
export const PROTOCOL = 1;

/** Second field of each message. Numbers are never used again for something else. */
const KINDS = {
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
 * What came of some bytes. `unknown`: well-formed, but of a later version of the protocol or a kind that this one does
 * not have: ignored without blame, so that old and new members can run side by side.
 */
export type Decoded<T> =
  | { readonly kind: 'message'; readonly message: T }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed'; readonly reason: string };

const packr = new Packr({
  useRecords: false,
  moreTypes: false,
  encodeUndefinedAsNil: true,
  int64AsType: 'number',
});

/** The member is not sent along: who signed or sent a delta is whom it speaks for. */
const packDelta = (delta: Delta): unknown[] => [
  delta.generation,
  delta.from,
  delta.to,
  delta.entries.map(packEntry),
];

function readDelta(fields: Fields, member: MemberId): Delta {
  const generation = fields.count('generation');
  const from = fields.count('from');
  const to = fields.count('to');
  const entries = fields.list('entries', ENTRIES_PER_MESSAGE_MAX, readEntry);
  let version = from;
  for (const entry of entries) {
    if (entry.version <= version || entry.version > to)
      throw new WireError('entries are not in the order of versions');
    version = entry.version;
  }
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
        packOrder(message.order),
      ];
    case 'heartbeat':
      return [
        packPosition(message.position),
        packLoad(message.load),
        message.sentAt,
        message.echo && [message.echo.sentAt, message.echo.heldMs],
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

export function encode(message: DirectMessage | BroadcastMessage): Uint8Array {
  const bytes = packr.pack([PROTOCOL, KINDS[message.kind], ...fieldsOf(message)]);
  // The core cuts its messages to size: a longer one is a fault of ours, and nobody would take it.
  if (bytes.byteLength > MESSAGE_BYTES_MAX)
    throw new RangeError(`a ${message.kind} of ${bytes.byteLength} bytes`);
  return bytes;
}

const numberOrNull = (fields: Fields | null): { sentAt: number; heldMs: number } | null =>
  fields && { sentAt: fields.number('sentAt'), heldMs: fields.number('heldMs') };

function readDirect(kind: number, fields: Fields, peer: MemberId): DirectMessage | null {
  switch (kind) {
    case KINDS.hello: {
      const name = fields.textThat(isMemberName, 'name', NAME_LENGTH_MAX);
      const program = fields.textThat(isOneLine, 'program', NAME_LENGTH_MAX);
      const position = readPosition(fields.fields('position'));
      const addresses = readAddresses(fields);
      const members = fields.list('members', MEMBERS_MAX, readAcquaintance);
      const order = readOrder(fields);
      return { kind: 'hello', name, program, position, addresses, members, ...(order && { order }) };
    }
    case KINDS.heartbeat:
      return {
        kind: 'heartbeat',
        position: readPosition(fields.fields('position')),
        load: readLoad(fields.fields('load')),
        sentAt: fields.number('sentAt'),
        echo: numberOrNull(fields.fieldsOrNull('echo')),
      };
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
        profile: profile === null ? null : readProfile(profile),
        claims: fields.list('claims', ENTRIES_PER_MESSAGE_MAX, readClaim),
      };
    }
    case KINDS.leave:
      return { kind: 'leave', generation: fields.count('generation') };
    case KINDS.ask:
      return {
        kind: 'ask',
        ask: fields.count('ask'),
        owner: fields.name('owner', MEMBER_ID_LENGTH_MAX),
        held: readPosition(fields.fields('held')),
      };
    case KINDS.words:
      return {
        kind: 'words',
        ask: fields.count('ask'),
        last: fields.flag('last'),
        envelopes: fields.list('envelopes', ENVELOPES_KEPT_MAX, (envelope) =>
          new Fields([envelope], 'envelope').bytes('envelope', MESSAGE_BYTES_MAX),
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
  const problem = msgpackProblem(bytes);
  if (problem !== null) return malformed(problem);
  try {
    const fields = new Fields(packr.unpack(bytes), 'message');
    if (fields.count('protocol') > PROTOCOL) return { kind: 'unknown' };
    const message = read(fields.count('kind'), fields);
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
