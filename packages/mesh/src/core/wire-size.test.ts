import type { Claim, Entry, MemberProfile } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { encode } from '../wire/codec.js';
import { ENTRIES_PER_MESSAGE_MAX } from './limits.js';
import { claimBytes, entryBytes, fitting, Parts } from './wire-size.js';

const VIDEO = { codec: 'h264', width: 3_840, height: 2_160, frameRate: 59.94 };
const AUDIO = { codec: 'aac', sampleRateHz: 48_000, channels: 2 };
const claimOf = (media: Claim['media'] = {}, key = 'v/live/s1'): Entry => ({
  kind: 'claim',
  version: 2 ** 40,
  claim: { key, sinceMs: 1_764_000_000_000, media, silent: true },
});
const releaseOf = (key: string): Entry => ({ kind: 'release', version: 2 ** 40, key });
const entryOf = (profile: MemberProfile): Entry => ({ kind: 'profile', version: 2 ** 40, profile });

const plain = profileOf('a-member-of-the-mesh');
const outside = { ...plain.relayAddress, network: 'outside', host: 'origin.example.org', rtmpsPort: 1_936 };
const full: MemberProfile = {
  ...plain,
  addresses: [outside, { ...outside, network: 'inside', httpsPort: 8_443 }],
  relayAddresses: [outside, { ...outside, network: 'inside', rtmpsPort: 65_535 }],
  apiAddress: 'origin.example.org:1985',
  zone: 'a-zone-of-some-length',
  loadLevel: 32,
  full: true,
  relayKeyHash: 'ab'.repeat(32),
};

/** What one entry adds to a message. */
function encodedBytes(entry: Entry): number {
  const delta = { member: 'm', generation: 1, from: 0, to: 1 };
  const bytesOf = (entries: readonly Entry[]) =>
    encode({ kind: 'delta', delta: { ...delta, entries } }).byteLength;
  return bytesOf([entry]) - bytesOf([]);
}

describe('the estimated size of an entry', () => {
  it.each([
    ['a claim of nothing yet', claimOf()],
    ['a claim of a picture', claimOf({ video: VIDEO })],
    ['a claim of sound', claimOf({ audio: AUDIO })],
    ['a claim of both', claimOf({ video: VIDEO, audio: AUDIO })],
    ['a claim in another script', claimOf({}, 'v/live/канал')],
    ['a release', releaseOf('v/live/s1')],
    ['a release of a long key', releaseOf(`v/live/${'s'.repeat(300)}`)],
    ['a small profile', entryOf(plain)],
    ['a profile with all that there may be in it', entryOf(full)],
  ])('is no less than what it takes on the wire, and not far from it: %s', (_, entry) => {
    const bytes = encodedBytes(entry);
    expect(entryBytes(entry)).toBeGreaterThanOrEqual(bytes);
    expect(entryBytes(entry)).toBeLessThan(2 * bytes + 100);
  });

  it.each([
    ['one byte for a letter', 'a', 1],
    ['one byte for the last of ASCII', '\u007f', 1],
    ['three bytes for the first beyond it', '\u0080', 3],
    ['three bytes for each half of a pair', '𝄞', 6],
  ])('counts %s', (_, text, bytes) => {
    expect(entryBytes(releaseOf(`v/live/${text}`)) - entryBytes(releaseOf('v/live/'))).toBe(bytes);
  });

  it('is that of the claim itself, as a snapshot has it', () => {
    const entry = claimOf({ video: VIDEO });
    expect(entry.kind === 'claim' && claimBytes(entry.claim)).toBe(entryBytes(entry));
  });

  it('has room for media from the first track on', () => {
    const [none, sound, picture, both] = [
      {},
      { audio: AUDIO },
      { video: VIDEO },
      { video: VIDEO, audio: AUDIO },
    ].map((media) => entryBytes(claimOf(media)));
    expect(sound).toBeGreaterThan(none ?? 0);
    expect([picture, both]).toEqual([sound, sound]);
  });

  it.each([
    ['the name', { name: `${plain.name}+10 letters` }, 11],
    ['the program', { program: `${plain.program}+10 letters` }, 11],
    ['the zone', { zone: 'ten-letters' }, 11],
    ['where its API is', { apiAddress: 'api.example.org:1985' }, 20],
    ['its network', { relayAddress: { ...plain.relayAddress, network: 'inside+10 letters' } }, 11],
    ['where relays come from', { relayAddress: { ...plain.relayAddress, host: 'ten-letters' } }, -9],
  ])('grows with each letter of %s', (_, more, letters) => {
    expect(entryBytes(entryOf({ ...plain, ...more })) - entryBytes(entryOf(plain))).toBe(letters);
  });

  it('grows by each address that a profile has, whichever list it is in', () => {
    const bytes = entryBytes(entryOf(plain));
    const more = entryBytes(entryOf({ ...plain, addresses: [...plain.addresses, outside] })) - bytes;
    expect(more).toBeGreaterThan(outside.network.length + outside.host.length);
    expect(entryBytes(entryOf({ ...plain, relayAddresses: [outside] })) - bytes).toBe(more);
  });
});

/** Each item is as many bytes as it says. */
const itself = (item: number): number => item;

describe('how many items fit', () => {
  it.each([
    ['all that there are', [1, 2, 3], 0, 100, 3],
    ['as many as fill it to the last byte', [1, 2, 3], 0, 6, 3],
    ['no more than that', [1, 2, 3], 0, 5, 2],
    ['those from the start on', [90, 2, 3, 4], 1, 5, 2],
    ['one, however large it is', [500, 1], 0, 100, 1],
    ['none of none', [], 0, 100, 0],
    ['none after the last', [1, 2], 2, 100, 0],
    [
      'no more than one message may have',
      Array(ENTRIES_PER_MESSAGE_MAX + 1).fill(0),
      0,
      100,
      ENTRIES_PER_MESSAGE_MAX,
    ],
    [
      'no more than that, wherever it starts',
      Array(ENTRIES_PER_MESSAGE_MAX + 3).fill(0),
      2,
      100,
      ENTRIES_PER_MESSAGE_MAX,
    ],
  ])('is %s', (_, items, start, bytesMax, count) => {
    expect(fitting(items, start, itself, bytesMax)).toBe(count);
  });
});

function partsOf(items: readonly number[], bytesMax: number): (readonly number[])[] {
  const parts = new Parts(items.values(), itself, bytesMax);
  const all: (readonly number[])[] = [];
  for (let count = 0; count <= items.length; count += 1) {
    const part = parts.next();
    all.push(part.items);
    if (part.last) return all;
  }
  throw new Error('there is no last part');
}

describe('Parts', () => {
  it.each([
    ['one part where all fits', [1, 2, 3], 6, [[1, 2, 3]]],
    [
      'as full as they may be',
      [1, 2, 3, 3, 1],
      6,
      [
        [1, 2, 3],
        [3, 1],
      ],
    ],
    ['with what is too large alone', [1, 50, 2], 6, [[1], [50], [2]]],
    ['and one empty part of nothing', [], 6, [[]]],
  ])('cuts a sequence: %s', (_, items, bytesMax, parts) => {
    expect(partsOf(items, bytesMax)).toEqual(parts);
  });

  it('puts no more into one part than one message may have', () => {
    const lengths = partsOf(Array(ENTRIES_PER_MESSAGE_MAX + 1).fill(0), 6).map(({ length }) => length);
    expect(lengths).toEqual([ENTRIES_PER_MESSAGE_MAX, 1]);
  });

  it('reads no further than one item ahead: a long log is not read at once', () => {
    let read = 0;
    function* items(): Generator<number> {
      for (read = 1; ; read += 1) yield 1;
    }
    expect(new Parts(items(), itself, 3).next()).toEqual({ items: [1, 1, 1], last: false });
    expect(read).toBe(4);
  });
});
