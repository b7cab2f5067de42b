import type { MemberProfile } from '@headwater/directory';
import { amount } from '@headwater/testing/long-run';
import { asNextVersion } from '@headwater/testing/next-version';
import { seededRandom } from '@headwater/testing/seeded-random';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { MESSAGE_BYTES_MAX } from '../core/limits.js';
import type { BroadcastMessage, DirectMessage } from '../core/messages.js';
import { decodeBroadcast, decodeDirect, encode } from './codec.js';
import { BROADCAST, claim, DIRECT, delta, position, profile } from './testing/example-messages.js';

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
    expect(decodeDirect(pack([2, 2, 'whatever']), 'm')).toEqual({ kind: 'unknown' });
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
    ['a key that is no text', [1, 9, 1, 0, 1, [[1, 1, 7]]]],
    ['an entry without a version', [1, 9, 1, 0, 1, [[7]]]],
    ['a later kind of entry beyond the end', [1, 9, 1, 0, 1, [[7, 2]]]],
    ['a map for a number', [1, 5, { pull: 1 }]],
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

  it.each([
    ['deep nesting', [1, 5, 1, JSON.parse('['.repeat(20) + ']'.repeat(20))]],
    ['deep maps', [1, 5, 1, JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`)]],
    ['a message over the limit', [1, 5, 1, new Uint8Array(MESSAGE_BYTES_MAX)]],
  ])('refuses %s also where a field of a later version would be', (_, value) => {
    expect(decodeDirect(pack(value), 'm')).toMatchObject({ kind: 'malformed' });
    expect(decodeBroadcast(pack(value), 'm')).toMatchObject({ kind: 'malformed' });
  });

  it('survives any change of a good message', () => {
    const random = seededRandom(5);
    const kinds = new Set<string>();
    for (let run = 0; run < amount({ short: 4_000, long: 20_000 }); run += 1) {
      const good = encode(DIRECT[run % DIRECT.length] as DirectMessage);
      const bytes = Uint8Array.from(run % 2 === 0 ? good : asNextVersion(good));
      for (let change = 0; change <= run % 4; change += 1)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const cut = bytes.subarray(0, random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length);
      kinds.add(decodeBroadcast(cut, 'm').kind);
      const decoded = decodeDirect(cut, 'm');
      kinds.add(decoded.kind);
      if (decoded.kind === 'message') encode(decoded.message);
    }
    expect([...kinds].sort()).toEqual(['malformed', 'message', 'unknown']);
  });
});

describe('what no config lets a member say', () => {
  const INJECTED = 'a\r\nSet-Cookie: x';
  const address = profile.relayAddress;
  const told = (more: object): MemberProfile | undefined => {
    const entries = [{ kind: 'profile', version: 4, profile: { ...profile, ...more } }];
    const bytes = encode({ kind: 'delta', delta: { ...delta, entries } } as BroadcastMessage);
    const decoded = decodeBroadcast(bytes, delta.member);
    if (decoded.kind !== 'message' || decoded.message.kind !== 'delta') throw new Error(decoded.kind);
    const [entry] = decoded.message.delta.entries;
    return entry?.kind === 'profile' ? entry.profile : undefined;
  };

  it.each([
    ['with a line end', INJECTED],
    ['that is not Latin', '例え.jp'],
    ['with a port', 'a:1'],
    ['with a path', 'a/b'],
    ['that no IPv4 address is', '256.1.1.1'],
    ['in brackets', '[::1]'],
    ['that is nowhere', '0.0.0.0'],
    ['that is nowhere, in IPv6', '::'],
  ])('an address with a host %s is left out', (_, host) => {
    const good = { ...address, network: 'outside', host: 'fd00::1' };
    const odd = { ...address, host };
    expect(told({ addresses: [odd, good], relayAddress: odd, relayAddresses: [odd, good] })).toMatchObject({
      addresses: [good],
      relayAddress: good,
      relayAddresses: [good],
    });
    expect(told({ addresses: [odd], relayAddress: odd })).toBeUndefined();
  });

  it.each([`${INJECTED}:1`, 'a', 'a b:1', 'ä:1', 'a:65536'])('the API address %j is left out', (text) => {
    expect(told({})).toHaveProperty('apiAddress');
    expect(told({ apiAddress: text })).not.toHaveProperty('apiAddress');
  });

  it('texts for people stay in their line, and an empty zone is none', () => {
    const texts = told({ name: INJECTED, zone: INJECTED, program: INJECTED });
    for (const text of [texts?.name, texts?.zone, texts?.program]) expect(text).toMatch(/^a[^\r\n]+x$/);
    expect(told({ zone: '' })).not.toHaveProperty('zone');
  });

  it('addresses of members that are none are left out', () => {
    const addresses = ['a b:1', `${INJECTED}:7946`, 'a', 'fd00::1:7946', '[fd00::1]:7946'];
    const sound = addresses.slice(3);
    const hello = { ...DIRECT[0], addresses, members: [{ id: 'm2', position, addresses }] } as DirectMessage;
    expect(decodeDirect(encode(hello), 'm')).toMatchObject({
      message: { addresses: sound, members: [{ id: 'm2', addresses: sound }] },
    });
  });
});
