import { Packr } from 'msgpackr';

/**
 * What a member of a later release would say in place of this one's messages: the same, with everything besides that a
 * later release may add by the rules of docs/wire.md. It works on bytes and knows the wire by numbers, not by the code
 * under test.
 */

type Values = unknown[];

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });

/** Fields that nobody has thought of yet, of every type that msgpack has. */
const news = (): Values => [
  { deep: [{ map: new Map([[1, [2]]]) }], at: new Date(1) },
  'new',
  [1, [2]],
  0.5,
  null,
];

const MESSAGE_BYTES_MAX = 64 * 1024;
const LONG = 'long-'.repeat(80);

/** Lists of members are this long: more than this release has room for. */
const MEMBERS_TOLD = 300;

/** As a member of the next release writes it. Stays as it is where it would be too long for any release. */
export function asNextVersion(bytes: Uint8Array): Uint8Array {
  const [protocol, kind, ...fields] = packr.unpack(bytes) as Values;
  const said = packr.pack([protocol, kind, ...(REWRITTEN[kind as number]?.(fields) ?? fields)]);
  return said.byteLength > MESSAGE_BYTES_MAX ? bytes : said;
}

/** What else it says to each member now and then: kinds and versions that this release has not. */
export const nextDirectMessages = (): Uint8Array[] => [
  packr.pack([1, 99, ...news()]),
  packr.pack([9, 3, 'a roster of version 9']),
  packr.pack([9, 2, ...news()]),
];

export const nextBroadcastMessages = (): Uint8Array[] => [
  packr.pack([1, 99, ...news()]),
  packr.pack([9, 9, 'a delta of version 9']),
];

/** A signed message in a format that comes later. */
export const nextEnvelope = (): Uint8Array => Buffer.concat([Buffer.of(2), Buffer.alloc(200, 7)]);

const extend = (values: unknown, length = 0): Values => {
  const list = values as Values;
  return [...list, ...Array(Math.max(0, length - list.length)).fill(null), ...news()];
};

/** Six addresses, the first of a form that this release does not know. */
const addresses = (list: unknown): Values => [
  'quic over something else',
  ...(list as Values),
  'a:1',
  'b:2',
  'c:3',
  'd:4',
  'e:5',
];

function members(list: unknown): Values {
  const told = (list as Values[]).map(([id, generation, version, at, heard]) => [
    id,
    generation,
    version,
    addresses(at),
    heard ?? null,
    ...news(),
  ]);
  const nobody = ['an id of another form '.repeat(5), 1, 1, []];
  if (told.length === 0) return [nobody];
  return [nobody, ...Array.from({ length: MEMBERS_TOLD }, (_, index) => told[index % told.length])];
}

function mediaAddresses(list: unknown): Values {
  const known = (list as Values[]).map((address) => extend(address, 6));
  const another = (index: number): Values => [
    `network-${index}`,
    'later.example',
    1,
    2,
    null,
    null,
    ...news(),
  ];
  const unusable = [
    ['unix', '/run/media sock', 0, 0],
    ['wide', 'wide.example', 70_000, 70_000],
  ];
  return [...unusable, ...known, ...Array.from({ length: 20 }, (_, index) => another(index))];
}

/** An unknown role for whoever is no edge, and places for all fields of this release before the new ones. */
const profile = ([name, role, told, relay, ...rest]: Values): Values =>
  extend([name, role === 1 ? 1 : 7, mediaAddresses(told), extend(relay, 6), ...rest], 12);

const track = (values: unknown): unknown => values && extend(values);

const claim = ([key, sinceMs, video, audio, ...rest]: Values): Values =>
  extend([key, sinceMs, track(video), track(audio), ...rest], 5);

function entry([kind, version, ...rest]: Values): Values {
  if (kind === 0) return [kind, version, ...claim(rest)];
  return [kind, version, ...(kind === 2 ? [profile(rest[0] as Values)] : rest), ...news()];
}

const unknownEntry = (version: number): Values => [7, version, ...news()];

/** An entry of a kind that comes later, wherever this release has a version without an entry. */
function withUnknown(from: number, entries: readonly Values[]): Values {
  let reached = from;
  return entries.flatMap((one) => {
    const version = one[1] as number;
    const gap = version > reached + 1 ? [unknownEntry(reached + 1)] : [];
    reached = version;
    return [...gap, entry(one)];
  });
}

/** Whom it hears, and then more starts than this release has room for. */
const heard = (told: Uint8Array): Uint8Array => Buffer.concat([told, Buffer.alloc(6 * MEMBERS_TOLD, 9)]);

const delta = ([generation, from, to, entries]: Values): Values => [
  generation,
  from,
  to,
  withUnknown(from as number, entries as Values[]),
  ...news(),
];

/** News: whoever takes them has a profile already, so that one that says nothing new can stand for a later kind. */
function freshDelta([generation, from, to, entries]: Values): Values {
  const isRepeated = ([kind]: Values): boolean => kind === 2 && (from as number) > 0;
  const changed = (entries as Values[]).map((one) =>
    isRepeated(one) ? unknownEntry(one[1] as number) : entry(one),
  );
  return [generation, from, to, changed, ...news()];
}

const REWRITTEN: Readonly<Record<number, (fields: Values) => Values>> = {
  1: ([name, program, position, told, known]) => [
    name,
    `${program} ${LONG}`,
    extend(position),
    addresses(told),
    members(known),
    9,
    [1, 9, ...news()],
    ...news(),
  ],
  2: ([position, load, sentAt, echo, hears = null, lateMs = null]) => [
    extend(position),
    extend(load),
    sentAt,
    track(echo),
    hears && heard(hears as Uint8Array),
    lateMs,
    ...news(),
  ],
  3: ([known]) => [members(known), ...news()],
  4: ([pull, held]) => [pull, extend(held), ...news()],
  5: (fields) => extend(fields),
  6: ([pull, index, last, log]) => [pull, index, last, delta(log as Values), ...news()],
  7: ([pull, index, last, position, told, claims]) => [
    pull,
    index,
    last,
    extend(position),
    told && profile(told as Values),
    (claims as Values[]).map(claim),
    [[7, ...news()]],
    ...news(),
  ],
  8: (fields) => extend(fields),
  9: (fields) => freshDelta(fields),
  10: ([ask, owner, held]) => [ask, owner, extend(held), ...news()],
  11: ([ask, last, envelopes]) => [ask, last, [nextEnvelope(), ...(envelopes as Values)], ...news()],
};
