import { describe, expect, it } from 'vitest';
import type { ApiLinks, ApiMember } from '../api/types.js';
import {
  hasTwoLines,
  isNameBeside,
  layOut,
  lettersBeside,
  linksOf,
  radiusOf,
  relaysOf,
  shorten,
  shownMembers,
  sizeOf,
  stateOf,
} from './picture-layout.js';

const member = (name: string, more: Partial<ApiMember> = {}): ApiMember => ({
  id: `id-${name}`,
  name,
  self: false,
  role: 'origin',
  liveness: 'alive',
  generation: 1,
  version: 1,
  streams: 0,
  players: 0,
  publishers: 0,
  outboundKbps: 0,
  connected: true,
  draining: false,
  full: false,
  program: '0.1.0',
  meshAddresses: [],
  addresses: [],
  relayAddresses: [],
  ...more,
});

const peer = (name: string, liveness = 'alive', rttMs?: number) => ({
  member: `id-${name}`,
  name,
  liveness,
  connected: liveness === 'alive',
  ...(rttMs === undefined ? {} : { rttMs }),
});

describe('the picture', () => {
  describe.each([false, true])('narrow: %s', (isNarrow) => {
    it.each([1, 2, 5, 6, 7, 14, 30, 60, 100])('has %i members apart from each other', (amount) => {
      const size = sizeOf(amount, isNarrow);
      const members = shownMembers(
        Array.from({ length: amount }, (_, index) => member(`m${index}`, { zone: `z${index % 3}` })),
      );
      const spots = [...layOut(members, size).values()];
      for (const [index, a] of spots.entries()) {
        for (const b of spots.slice(index + 1)) {
          expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(2 * radiusOf(amount));
          // Names beside members of one side do not cover each other.
          if (!isNameBeside(amount) || Math.sign(Math.cos(a.angle)) !== Math.sign(Math.cos(b.angle)))
            continue;
          expect(Math.abs(a.y - b.y)).toBeGreaterThan(hasTwoLines(amount) ? 32 : 14);
        }
        // And end within the picture.
        expect(a.y).toBeGreaterThan(20);
        expect(a.y).toBeLessThan(size.height - 20);
        if (isNameBeside(amount))
          expect(lettersBeside(a, size, amount)).toBeGreaterThanOrEqual(isNarrow ? 10 : 20);
      }
    });
  });

  it('leaves out the middle of a long name: its end tells it from others', () => {
    expect(shorten('origin-a', 12)).toBe('origin-a');
    expect(shorten('origin-us-east-1-0017', 12)).toBe('origin…-0017');
    expect(shorten('origin-us-east-1-0017', 12)).toHaveLength(12);
  });

  it('has one line for two members that see each other, and says who does not see whom', () => {
    const members = [member('a'), member('b'), member('c', { liveness: 'dead' })];
    const links: ApiLinks = {
      members: [
        { member: 'id-a', name: 'a', peers: [peer('b', 'unreachable'), peer('c', 'dead')], pulls: [] },
        { member: 'id-b', name: 'b', peers: [peer('a', 'alive', 3)], pulls: [] },
      ],
      missing: [],
    };
    const [line, ...others] = linksOf(members, layOut(members), links);
    expect(others).toEqual([]);
    expect(line).toMatchObject({ rttMs: 3, trouble: ['a sees b as unreachable, not connected'] });
  });

  it('moves an arrow to another owner rather than to make a new one', () => {
    const members = [member('a'), member('b'), member('c')];
    const relays = (owner: string) =>
      relaysOf(members, layOut(members), {
        members: [{ member: 'id-c', name: 'c', peers: [], pulls: [{ owner, streams: 2, keys: ['v/a/s'] }] }],
        missing: [],
      });
    const [[before], [after]] = [relays('a'), relays('b')];
    expect(after?.id).toBe(before?.id);
    expect(after?.path).not.toBe(before?.path);
    expect(relays('gone')).toEqual([]);
  });

  it('names what matters most', () => {
    expect(stateOf(member('a', { draining: true, full: true }))).toBe('draining');
    expect(stateOf(member('a', { draining: true, liveness: 'suspect' }))).toBe('suspect');
    expect(stateOf(member('a', { full: true }))).toBe('full');
  });
});
