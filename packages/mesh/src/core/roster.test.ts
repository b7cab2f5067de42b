import { describe, expect, it } from 'vitest';
import { encode } from '../wire/codec.js';
import { ADDRESSES_PER_MEMBER_MAX, MEMBERS_MAX } from './limits.js';
import { roster } from './roster.js';

const memberOf = (index: number, address: string) => ({
  id: `12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iD${String(index).padStart(2, '0')}`,
  position: { generation: Date.UTC(2030, 0), version: index },
  addresses: Array.from({ length: ADDRESSES_PER_MEMBER_MAX }, (_, port) => `${address}:${port}`),
});

describe('roster', () => {
  it('names everybody of an ordinary mesh', () => {
    const members = Array.from({ length: 60 }, (_, index) => memberOf(index, '10.0.0.1'));
    expect(new Set(roster(members, 0.7))).toHaveLength(60);
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
});
