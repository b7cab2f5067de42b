import { describe, expect, it } from 'vitest';
import { encode } from '../wire/codec.js';
import { ADDRESSES_PER_MEMBER_MAX, MEMBERS_MAX, ROSTER_BYTES_MAX } from './limits.js';
import { roster } from './roster.js';

const memberOf = (index: number, address: string) => ({
  id: `12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iD${String(index).padStart(2, '0')}`,
  position: { generation: Date.UTC(2030, 0), version: index },
  addresses: Array.from({ length: ADDRESSES_PER_MEMBER_MAX }, (_, port) => `${address}:${port}`),
});

describe('roster', () => {
  it('names everybody of an ordinary mesh', () => {
    const members = Array.from({ length: 60 }, (_, index) => memberOf(index, '10.0.0.1'));
    const named = roster(members, 0.7);
    expect(named).toHaveLength(60);
    expect(new Set(named)).toHaveLength(60);
    expect(named[0]).toEqual(members[42]);
  });

  it('never grows over a message, and in the end names all', () => {
    const members = Array.from({ length: MEMBERS_MAX }, (_, index) => memberOf(index, 'h'.repeat(250)));
    const named = new Set<string>();
    for (let turn = 0; turn < 40; turn += 1) {
      const part = roster(members, turn / 40);
      expect(() => encode({ kind: 'roster', members: part })).not.toThrow();
      for (const { id } of part) named.add(id);
    }
    expect(named.size).toBe(new Set(members.map(({ id }) => id)).size);
  });

  it('names no more members, and no more addresses of each, than there may be', () => {
    const members = Array.from({ length: MEMBERS_MAX + 1 }, (_, index) => ({
      id: `m${index}`,
      position: { generation: 1, version: 0 },
      addresses: [],
    }));
    expect(roster(members, 0)).toEqual(members.slice(0, MEMBERS_MAX));
    const addresses = Array.from({ length: ADDRESSES_PER_MEMBER_MAX + 2 }, (_, port) => `a:${port}`);
    const position = { generation: 1, version: 0 };
    expect(roster([{ id: 'm', position, addresses }], 0)).toEqual([
      { id: 'm', position, addresses: addresses.slice(0, ADDRESSES_PER_MEMBER_MAX) },
    ]);
  });

  it.each([
    ['long ids', 200, 0],
    ['addresses in other letters than ASCII', 52, 10],
  ])('takes no more bytes than it may, with %s', (_, idLength, addressLength) => {
    const members = Array.from({ length: MEMBERS_MAX }, (_, index) => ({
      ...memberOf(index, '10.0.0.1'),
      id: String(index).padEnd(idLength, 'x'),
      addresses: addressLength > 0 ? Array(ADDRESSES_PER_MEMBER_MAX).fill('界'.repeat(addressLength)) : [],
      heard: true,
    }));
    const bytes = encode({ kind: 'roster', members: roster(members, 0) }).byteLength;
    expect(bytes).toBeLessThanOrEqual(ROSTER_BYTES_MAX);
    expect(bytes).toBeGreaterThan(0.8 * ROSTER_BYTES_MAX);
  });
});
