import {
  asNextVersion,
  nextBroadcastMessages,
  nextDirectMessages,
  nextEnvelope,
} from '@headwater/testing/next-version';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { MEMBERS_MAX, MESSAGE_BYTES_MAX } from '../core/limits.js';
import { decodeBroadcast, decodeDirect, encode } from './codec.js';
import { ENVELOPE_BYTES_MAX, isOfLaterFormat } from './envelope.js';
import { BROADCAST, DIRECT, delta, profile } from './testing/example-messages.js';

const pack = (value: unknown): Uint8Array => new Packr({ useRecords: false }).pack(value);

const unpacked = (bytes: Uint8Array): unknown[] => new Packr({ useRecords: false }).unpack(bytes);

describe('what later versions say', () => {
  /** What the entries of a delta are read as, where it goes up to version 9. */
  const entriesOf = (entries: readonly unknown[]): unknown => {
    const decoded = decodeBroadcast(pack([1, 9, 1, 0, 9, entries]), 'm');
    expect(decoded).toMatchObject({ kind: 'message', message: { delta: { from: 0, to: 9 } } });
    return decoded.kind === 'message' && decoded.message.kind === 'delta' && decoded.message.delta.entries;
  };
  const release = (version: number): object => ({ kind: 'release', version, key: 'v/a/s' });

  it.each([
    ['a kind that is unknown', [7, 2, { any: 'thing' }]],
    ['a kind that is unknown, and nothing else', [7, 2]],
    ['a key without a form', [1, 2, 'no-key']],
    ['a key longer than any here', [1, 2, `v/${'a/'.repeat(400)}s`]],
    ['an empty key', [0, 2, '', 1, null, null]],
    ['a claim of such a key', [0, 2, 'v/a/..', 1, null, null]],
    [
      'a profile without any address that is of use',
      [2, 2, ['a', 0, [], ['n', 'a b', 1, 1], null, null, true, '']],
    ],
  ])('leaves out an entry of %s, and goes on', (_, entry) => {
    expect(entriesOf([[1, 1, 'v/a/s'], entry, [1, 3, 'v/a/s']])).toEqual([release(1), release(3)]);
  });

  it('reads more entries and claims than it would write', () => {
    const entries = Array.from({ length: 9_000 }, (_, index) => [7, index + 1]);
    const decoded = decodeBroadcast(pack([1, 9, 1, 0, 9_001, [...entries, [1, 9_001, 'v/a/s']]]), 'm');
    expect(decoded).toMatchObject({ message: { delta: { to: 9_001, entries: [release(9_001)] } } });
  });

  const profileRead = (change: (fields: unknown[]) => unknown): object => {
    const entry = new Packr({ useRecords: false }).unpack(
      encode({ kind: 'delta', delta: { ...delta, entries: [delta.entries[0]] } }),
    )[5][0];
    const [read] = entriesOf([[2, 1, change(entry[2])]]) as { profile: object }[];
    return read?.profile ?? {};
  };
  const replaced =
    (at: number, value: unknown) =>
    (fields: unknown[]): unknown =>
      fields.with(at, value);
  const wire = (host: unknown, rtmpPort = 1935): unknown[] => ['inside', host, rtmpPort, 8080];

  it.each([
    ['an unknown role for an origin', replaced(1, 7), { role: 'origin' }],
    ['a role of another type for an origin', replaced(1, 'gateway'), { role: 'origin' }],
    ['a long name as its beginning', replaced(0, 'n'.repeat(300)), { name: 'n'.repeat(255) }],
    ['a name without its line ends', replaced(0, 'a\r\nb'), { name: 'a\ufffd\ufffdb' }],
    ['an empty name for the id', replaced(0, ''), { name: 'm' }],
    [
      'a long zone as its beginning',
      replaced(5, '\u{1f600}'.repeat(200)),
      { zone: `${'\u{1f600}'.repeat(127)}\ufffd` },
    ],
    ['an API address that is none as none', replaced(4, 'a b:1'), { apiAddress: undefined }],
    [
      'an API address that is too long as none',
      replaced(4, `${'a'.repeat(300)}:1`),
      { apiAddress: undefined },
    ],
    ['a load level beyond all as the highest', replaced(8, 1e9), { loadLevel: 32 }],
    ['a load level of another type as none', replaced(8, 'high'), { loadLevel: undefined }],
    ['fullness of another type as none', replaced(9, 0.9), { full: undefined }],
    [
      'the addresses that are of use',
      replaced(2, [wire('a b'), wire('ok'), wire(''), wire('ok', 70_000)]),
      { addresses: [{ host: 'ok' }] },
    ],
    [
      'the first of more addresses than there is room for',
      replaced(
        2,
        Array.from({ length: 20 }, (_, i) => wire(`h${i}`)),
      ),
      { addresses: Array.from({ length: 16 }, (_, i) => ({ host: `h${i}` })) },
    ],
    [
      'the relay address where none for players is of use',
      replaced(2, [wire('\r\n')]),
      { addresses: [{ host: '10.0.0.1' }] },
    ],
    [
      'the first address where none for relays is of use',
      replaced(3, wire('\r\n')),
      { relayAddress: { host: '10.0.0.1', network: 'inside' } },
    ],
    ['more fields than it knows', (fields: unknown[]) => [...fields, { a: 1 }, new Date(0), [[[]]]], profile],
  ])('takes %s', (_, change, expected) => {
    const told = { apiAddress: undefined, loadLevel: undefined, full: undefined, ...profileRead(change) };
    expect(told).toMatchObject(expected);
  });

  it('takes of each list what there is room for, and what it knows', () => {
    const at = ['a:1', 'a:2', 'no address', 'x'.repeat(300), 'a:3', 'a:4', 'a:5'];
    const strangers = Array.from({ length: MEMBERS_MAX + 44 }, (_, index) => [`m${index}`, 1, 1, []]);
    const known = [['x'.repeat(65), 1, 1, []], ['m', 1, 1, at], ...strangers];
    const decoded = decodeDirect(pack([1, 3, known]), 'm');
    const members =
      decoded.kind === 'message' && decoded.message.kind === 'roster' ? decoded.message.members : [];
    expect(members).toHaveLength(MEMBERS_MAX);
    expect(members[0]).toEqual({
      id: 'm',
      position: { generation: 1, version: 1 },
      addresses: ['a:1', 'a:2', 'a:3', 'a:4'],
    });
    const envelopes = ['text', ...Array.from({ length: 70 }, (_, index) => Buffer.of(index))];
    expect(decodeDirect(pack([1, 11, 1, true, envelopes]), 'm')).toEqual({
      kind: 'message',
      message: { kind: 'words', ask: 1, last: true, envelopes: envelopes.slice(1, 65) },
    });
  });

  it('takes of a heartbeat what it knows', () => {
    const heartbeat = (...more: unknown[]): unknown => {
      const decoded = decodeDirect(pack([1, 2, [1, 1], [1.5, 2, 3], 1, ...more]), 'm');
      return decoded.kind === 'message' && decoded.message;
    };
    const bare = { kind: 'heartbeat', position: { generation: 1, version: 1 }, sentAt: 1, echo: null };
    const load = { players: 1, publishers: 2, outboundKbps: 3 };
    expect(heartbeat()).toEqual({ ...bare, load });
    expect(heartbeat(null, 'everybody', 'soon')).toEqual({ ...bare, load });
    expect(heartbeat({ at: 1 }, null, 1.5, {})).toEqual({ ...bare, load, lateMs: 1 });
    const hears = Buffer.alloc(1_800, 7);
    expect(heartbeat(null, hears)).toEqual({ ...bare, load, hears: hears.subarray(0, 6 * MEMBERS_MAX) });
  });

  it('takes of media what it knows, and a claim all the same', () => {
    const media = (video: unknown, audio: unknown): unknown =>
      (entriesOf([[0, 1, 'v/a/s', 1, video, audio, 'maybe']]) as { claim: object }[])[0]?.claim;
    const bare = { key: 'v/a/s', sinceMs: 1 };
    expect(media('h265', { codec: 'opus' })).toEqual({ ...bare, media: {} });
    expect(media([7, 1280], [''])).toEqual({ ...bare, media: {} });
    expect(media(['h'.repeat(40), '4k', -1, 25], ['aac', null, 2, 'spatial'])).toEqual({
      ...bare,
      media: { video: { codec: 'h'.repeat(32), frameRate: 25 }, audio: { codec: 'aac', channels: 2 } },
    });
  });

  it('reads hello whatever version it is written in, and only its head where no version is common', () => {
    const hello = [7, 1, 'a', '9.0', 'position', { any: 1 }, null, null, [7, 9, 'more'], 'more'];
    expect(decodeDirect(pack(hello), 'm')).toEqual({
      kind: 'message',
      message: {
        kind: 'hello',
        name: 'a',
        program: '9.0',
        speaks: { min: 7, max: 9 },
        position: { generation: 0, version: 0 },
        addresses: [],
        members: [],
      },
    });
    expect(decodeDirect(pack(hello.with(8, [1, 9])), 'm')).toMatchObject({ kind: 'malformed' });
    expect(decodeDirect(pack([7, 1]), 'm')).toMatchObject({ kind: 'malformed' });
  });

  it('writes the version that is settled, but hello for all', () => {
    const versionOf = (bytes: Uint8Array): unknown => new Packr({ useRecords: false }).unpack(bytes)[0];
    expect(DIRECT.map((message) => versionOf(encode(message, 3)))).toEqual(
      DIRECT.map(({ kind }) => (kind === 'hello' ? 1 : 3)),
    );
    expect(BROADCAST.map((message) => versionOf(encode(message)))).toEqual(BROADCAST.map(() => 1));
  });

  it('reads the messages of the next release as this one knows them', () => {
    for (const message of DIRECT)
      expect(decodeDirect(asNextVersion(encode(message)), 'm').kind).toBe('message');
    for (const message of BROADCAST)
      expect(decodeBroadcast(asNextVersion(encode(message)), 'm').kind).toBe('message');
    for (const bytes of nextDirectMessages()) expect(decodeDirect(bytes, 'm')).toEqual({ kind: 'unknown' });
    for (const bytes of nextBroadcastMessages())
      expect(decodeBroadcast(bytes, 'm')).toEqual({ kind: 'unknown' });
  });

  it('may be anything in fields behind those that are known', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const more = fc.array(fc.oneof(fc.jsonValue({ maxDepth: 8 }), bytes, fc.date({ noInvalidDate: true })));
    const optionalAtTheEnd = ['hello', 'heartbeat'];
    const fixed = DIRECT.filter(({ kind }) => !optionalAtTheEnd.includes(kind));
    fc.assert(
      fc.property(fc.constantFrom(...fixed), more, (message, values) => {
        const said = pack([...unpacked(encode(message)), ...values]);
        fc.pre(said.byteLength <= MESSAGE_BYTES_MAX);
        expect(decodeDirect(said, 'm')).toEqual({ kind: 'message', message });
      }),
      { numRuns: 500 },
    );
  });

  it('may be in envelopes of a format of its own', () => {
    expect(isOfLaterFormat(nextEnvelope())).toBe(true);
    expect([0, 1, 2, 15, 16].map((format) => isOfLaterFormat(Buffer.of(format)))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
    expect(isOfLaterFormat(new Uint8Array(0))).toBe(false);
    expect(isOfLaterFormat(new Uint8Array(ENVELOPE_BYTES_MAX + 1).fill(2))).toBe(false);
  });
});
