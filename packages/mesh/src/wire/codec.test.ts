import { seededRandom } from '@headwater/testing/seeded-random';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { MESSAGE_BYTES_MAX } from '../core/limits.js';
import type { BroadcastMessage, DirectMessage } from '../core/messages.js';
import { decodeBroadcast, decodeDirect, encode } from './codec.js';

const claim = {
  key: '__defaultVhost__/live/room/s1',
  sinceMs: 1_795_382_427_232,
  media: {
    video: { codec: 'h264', width: 1280, height: 720, frameRate: 29.97 },
    audio: { codec: 'aac', sampleRateHz: 48_000, channels: 2 },
  },
};
const address = { network: 'inside', host: '10.0.0.1', rtmpPort: 1935, httpPort: 8080 };
const profile = {
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
const position = { generation: 1_795_382_427_232, version: 42 };
const delta = {
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

const DIRECT: DirectMessage[] = [
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
  { kind: 'roster', members: members.flatMap((one) => [true, false].map((heard) => ({ ...one, heard }))) },
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
const BROADCAST: BroadcastMessage[] = [
  { kind: 'delta', delta },
  { kind: 'leave', generation: 5 },
];
const pack = (value: unknown): Uint8Array => new Packr({ useRecords: false }).pack(value);

describe('codec', () => {
  it.each(DIRECT)('brings a $kind back as it was', (message) => {
    expect(decodeDirect(encode(message), 'm')).toEqual({ kind: 'message', message });
  });

  it.each(BROADCAST)('brings a broadcast $kind back as it was', (message) => {
    expect(decodeBroadcast(encode(message), 'm')).toEqual({ kind: 'message', message });
  });

  it('puts whoever sent or signed it in place of the member', () => {
    const decoded = decodeBroadcast(
      encode({ kind: 'delta', delta: { ...delta, member: 'forged' } }),
      'signer',
    );
    expect(decoded).toMatchObject({ message: { delta: { member: 'signer' } } });
  });

  it('ignores what a later version may send, without blame', () => {
    expect(decodeDirect(pack([2, 1, 'whatever']), 'm')).toEqual({ kind: 'unknown' });
    expect(decodeDirect(pack([1, 200]), 'm')).toEqual({ kind: 'unknown' });
    const hello = [1, 1, 'a', '0.2.0', [1, 1], [], [], 7];
    expect(decodeDirect(pack(hello), 'm')).toMatchObject({ message: { kind: 'hello' } });
    expect(decodeDirect(pack(hello.slice(0, -1)), 'm')).toMatchObject({ message: { kind: 'hello' } });
    expect(decodeDirect(pack([1, 5, 7, 'a new field']), 'm')).toMatchObject({
      message: { kind: 'more', pull: 7 },
    });
  });

  it('adds a field to a silent claim alone: older members read one that flows', () => {
    const sent = (more: object): unknown[] => {
      const part = { pull: 1, index: 0, last: true, position, profile: null };
      const bytes = encode({ kind: 'snapshot-part', ...part, claims: [{ ...claim, ...more }] });
      return new Packr({ useRecords: false }).unpack(bytes).at(-1)[0];
    };
    const { video, audio } = claim.media;
    const flowing = [claim.key, claim.sinceMs, Object.values(video), Object.values(audio)];
    expect(sent({})).toEqual(flowing);
    expect(sent({ silent: false })).toEqual(flowing);
    expect(sent({ silent: true })).toEqual([...flowing, true]);
  });

  it.each([
    [null, undefined],
    [false, undefined],
    [true, true],
  ])('reads %j as the flag of a claim', (flag, silent) => {
    const entry = [0, 1, claim.key, 1, null, null, flag, 'a later field'];
    const decoded = decodeBroadcast(pack([1, 9, 1, 0, 1, [entry]]), 'm');
    const expected = { key: claim.key, sinceMs: 1, media: {}, ...(silent && { silent }) };
    expect(decoded).toMatchObject({ kind: 'message' });
    const [read] =
      decoded.kind === 'message' && decoded.message.kind === 'delta' ? decoded.message.delta.entries : [];
    expect(read).toEqual({ kind: 'claim', version: 1, claim: expected });
  });

  it.each([
    ['no array', { protocol: 1 }],
    ['a date', [1, 5, new Date(0)]],
    ['an object', [1, 5, {}]],
    ['text for a number', [1, 5, '1']],
    ['a negative count', [1, 5, -1]],
    ['a fraction', [1, 5, 1.5]],
    ['NaN', [1, 5, Number.NaN]],
    ['too few fields', [1, 4, 1]],
    ['silence that is neither true nor false', [1, 9, 1, 0, 1, [[0, 1, 'v/a/s', 1, null, null, 1]]]],
    ['a key that is none', [1, 9, 1, 0, 1, [[1, 1, 'no-key']]]],
    [
      'entries out of order',
      [
        1,
        9,
        1,
        0,
        2,
        [
          [1, 2, 'v/a/s'],
          [1, 1, 'v/a/s'],
        ],
      ],
    ],
    ['an entry beyond the end', [1, 9, 1, 0, 1, [[1, 2, 'v/a/s']]]],
    ['an end before the beginning', [1, 9, 1, 3, 1, []]],
    ['words that are no bytes', [1, 11, 1, true, ['text']]],
    ['too many words', [1, 11, 1, true, Array.from({ length: 65 }, () => new Uint8Array(1))]],
    ['too many addresses', [1, 3, [['m', 1, 1, ['a:1', 'a:2', 'a:3', 'a:4', 'a:5']]]]],
  ])('refuses %s', (_, value) => {
    const bytes = pack(value);
    const decoded = [decodeDirect(bytes, 'm'), decodeBroadcast(bytes, 'm')];
    expect(decoded.map(({ kind }) => kind)).toContain('malformed');
    expect(decoded.map(({ kind }) => kind)).not.toContain('message');
  });

  it('refuses what is too long, before it looks inside', () => {
    expect(decodeDirect(new Uint8Array(MESSAGE_BYTES_MAX + 1), 'm')).toMatchObject({ kind: 'malformed' });
    const claims = Array.from({ length: 2_000 }, () => claim);
    expect(() =>
      encode({ kind: 'snapshot-part', pull: 1, index: 0, last: true, position, profile, claims }),
    ).toThrow(RangeError);
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(['malformed', 'unknown', 'message']).toContain(decodeDirect(bytes, 'm').kind);
      }),
      { numRuns: 2_000 },
    );
  });

  it('survives any change of a good message', () => {
    const random = seededRandom(5);
    for (let run = 0; run < 20_000; run += 1) {
      const bytes = Uint8Array.from(encode(DIRECT[run % DIRECT.length] as DirectMessage));
      for (let change = 0; change <= run % 4; change += 1)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const cut = bytes.subarray(0, random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length);
      const decoded = decodeDirect(cut, 'm');
      if (decoded.kind === 'message') expect(() => encode(decoded.message)).not.toThrow();
    }
  });
});
