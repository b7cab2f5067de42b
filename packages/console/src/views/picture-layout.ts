import type { ApiLinks, ApiMember } from '../api/types.js';

/** Of the picture, in its own units. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export const WIDE: Size = { width: 1000, height: 640 };
/** For a phone held upright. */
export const NARROW: Size = { width: 520, height: 600 };

export interface Spot {
  readonly x: number;
  readonly y: number;
  /** From the middle of the picture, radians; 0 is to the right. */
  readonly angle: number;
}

/** Members that are shown: those that left are history. */
export const shownMembers = (members: readonly ApiMember[]): readonly ApiMember[] =>
  members
    .filter(({ liveness }) => liveness !== 'left')
    .toSorted(
      (a, b) =>
        (a.zone ?? '').localeCompare(b.zone ?? '') ||
        a.name.localeCompare(b.name) ||
        a.id.localeCompare(b.id),
    );

/** Radius of a member's circle, by how many there are. */
export const radiusOf = (amount: number): number =>
  amount <= 6 ? 38 : amount <= 14 ? 28 : amount <= 40 ? 19 : 10;

/** Places members on an ellipse in their order, so that those of one zone are beside each other, with a gap between zones. */
export function layOut(
  members: readonly ApiMember[],
  { width, height }: Size = WIDE,
): ReadonlyMap<string, Spot> {
  const zones = new Set(members.map(({ zone }) => zone ?? ''));
  const gaps = zones.size > 1 ? zones.size * 0.6 : 0;
  const step = (2 * Math.PI) / Math.max(1, members.length + gaps);
  const [rx, ry] = members.length === 1 ? [0, 0] : [width / 2 - (width > 600 ? 150 : 90), height / 2 - 80];
  const spots = new Map<string, Spot>();
  let angle = -Math.PI / 2;
  let before: string | undefined;
  for (const { id, zone = '' } of members) {
    if (before !== undefined && zone !== before) angle += step * 0.6;
    before = zone;
    spots.set(id, { x: width / 2 + rx * Math.cos(angle), y: height / 2 + ry * Math.sin(angle), angle });
    angle += step;
  }
  return spots;
}

/** How two members see each other. `trouble`: names who does not hear whom; empty: nobody. */
export interface PictureLink {
  readonly id: string;
  readonly from: Spot;
  readonly to: Spot;
  readonly ends: readonly [string, string];
  readonly rttMs?: number;
  readonly trouble: readonly string[];
}

/** One line for each pair of members that are there. */
export function linksOf(
  members: readonly ApiMember[],
  spots: ReadonlyMap<string, Spot>,
  links: ApiLinks | null,
): readonly PictureLink[] {
  const there = new Set(members.filter(({ liveness }) => liveness !== 'dead').map(({ id }) => id));
  const pairs = new Map<string, PictureLink>();
  for (const { member, name, peers } of links?.members ?? []) {
    for (const peer of peers) {
      const [first, second] = member < peer.member ? [member, peer.member] : [peer.member, member];
      const [from, to] = [spots.get(first), spots.get(second)];
      if (from === undefined || to === undefined || !there.has(first) || !there.has(second)) continue;
      const id = `${first} ${second}`;
      const known = pairs.get(id);
      const isWell = peer.connected && peer.liveness === 'alive';
      const rttMs = known?.rttMs ?? peer.rttMs;
      pairs.set(id, {
        id,
        from,
        to,
        ends: [first, second],
        ...(rttMs === undefined ? {} : { rttMs }),
        trouble: [
          ...(known?.trouble ?? []),
          ...(isWell
            ? []
            : [`${name} sees ${peer.name} as ${peer.liveness}${peer.connected ? '' : ', not connected'}`]),
        ],
      });
    }
  }
  return [...pairs.values()];
}

/** Streams that one member pulls from another. */
export interface PictureRelay {
  /** Stays the same when the arrow goes to another owner: so it moves. */
  readonly id: string;
  readonly owner: string;
  readonly by: string;
  readonly ownerName: string;
  readonly byName: string;
  readonly streams: number;
  readonly keys: readonly string[];
  readonly path: string;
  readonly label: { readonly x: number; readonly y: number };
}

export function relaysOf(
  members: readonly ApiMember[],
  spots: ReadonlyMap<string, Spot>,
  links: ApiLinks | null,
): readonly PictureRelay[] {
  const radius = radiusOf(members.length);
  const there = members.filter(({ liveness }) => liveness !== 'dead');
  return (links?.members ?? []).flatMap(({ member, name, pulls }) =>
    pulls.flatMap(({ owner, streams, keys }, index) => {
      const from = there.find((one) => one.name === owner);
      const [start, end] = [from && spots.get(from.id), spots.get(member)];
      if (from === undefined || start === undefined || end === undefined || from.id === member) return [];
      const { path, label } = arrow(start, end, radius);
      return [
        {
          id: `${member} ${index}`,
          owner: from.id,
          by: member,
          ownerName: owner,
          byName: name,
          streams,
          keys,
          path,
          label,
        },
      ];
    }),
  );
}

/** Bent to the left of its way, so that two that go to and fro lie apart, and off the straight line of the link. */
function arrow(start: Spot, end: Spot, radius: number): Pick<PictureRelay, 'path' | 'label'> {
  const [dx, dy] = [end.x - start.x, end.y - start.y];
  const length = Math.hypot(dx, dy) || 1;
  const [nx, ny] = [dy / length, -dx / length];
  const bend = Math.min(70, length / 4);
  const middle = { x: (start.x + end.x) / 2 + nx * bend, y: (start.y + end.y) / 2 + ny * bend };
  const from = towards(start, middle, radius + 4);
  const to = towards(end, middle, radius + 12);
  const n = (value: number): string => value.toFixed(1);
  return {
    path: `M ${n(from.x)} ${n(from.y)} Q ${n(middle.x)} ${n(middle.y)} ${n(to.x)} ${n(to.y)}`,
    label: { x: (start.x + end.x) / 2 + (nx * bend) / 2, y: (start.y + end.y) / 2 + (ny * bend) / 2 },
  };
}

function towards(from: { x: number; y: number }, to: { x: number; y: number }, by: number) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
}

/** What of a member matters most at the moment, as one word. */
export function stateOf({ liveness, draining, full }: ApiMember): string {
  if (liveness !== 'alive') return liveness;
  if (draining) return 'draining';
  return full ? 'full' : 'alive';
}
