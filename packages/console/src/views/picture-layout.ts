import type { ApiLinks, ApiMember } from '../api/types.js';

/** Of the picture, in its own units. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

const WIDE: Size = { width: 1000, height: 640 };
/** For a phone held upright. */
const NARROW: Size = { width: 520, height: 600 };
/** Members up to so many stand on a ring with their names below them; more of them, one above the other with names beside. */
const BELOW_MAX = 6;
/** From one member to the next one below it, of so many that all have two lines beside them. */
const TWO_LINES = 38;
const ONE_LINE = 17;
/** More than so many have one line. */
const TWO_LINES_MAX = 60;
/** Above the first and below the last one. */
const MARGIN = 40;
/** Of the room beside a member, for its name. */
const LABEL_WIDTH = { wide: 225, narrow: 150 };

/** The picture grows with its members, so that each has room for what stands beside it. */
export function sizeOf(amount: number, isNarrow: boolean): Size {
  const least = isNarrow ? NARROW : WIDE;
  if (amount <= BELOW_MAX) return least;
  const step = hasTwoLines(amount) ? TWO_LINES : ONE_LINE;
  return { ...least, height: Math.max(least.height, (Math.ceil(amount / 2) + 1) * step + 2 * MARGIN) };
}

/** Whether what a member says of itself has room below its name. */
export const hasTwoLines = (amount: number): boolean => amount <= TWO_LINES_MAX;

/** Whether a member's name is beside it rather than below. */
export const isNameBeside = (amount: number): boolean => amount > BELOW_MAX;

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
  amount <= BELOW_MAX ? 38 : amount <= 14 ? 28 : amount <= TWO_LINES_MAX ? 17 : 8;

/**
 * Places members on an ellipse in their order, so that those of one zone are beside each other, with a gap between zones.
 * Where names are beside them, those of a side are equally far below each other, so that no name covers another.
 */
export function layOut(
  members: readonly ApiMember[],
  { width, height }: Size = WIDE,
): ReadonlyMap<string, Spot> {
  const zones = new Set(members.map(({ zone }) => zone ?? ''));
  const gaps = zones.size > 1 ? zones.size * 0.6 : 0;
  const steps = Math.max(1, members.length + gaps);
  const isBeside = isNameBeside(members.length);
  const isWide = width > 600;
  const room = isBeside ? LABEL_WIDTH[isWide ? 'wide' : 'narrow'] : isWide ? 150 : 90;
  const [rx, ry] = members.length === 1 ? [0, 0] : [width / 2 - room, height / 2 - (isBeside ? MARGIN : 80)];
  const spots = new Map<string, Spot>();
  let at = 0;
  let before: string | undefined;
  for (const { id, zone = '' } of members) {
    if (before !== undefined && zone !== before) at += 0.6;
    before = zone;
    const angle = isBeside ? angleBySide((at + 0.5) / steps) : -Math.PI / 2 + (2 * Math.PI * at) / steps;
    spots.set(id, { x: width / 2 + rx * Math.cos(angle), y: height / 2 + ry * Math.sin(angle), angle });
    at += 1;
  }
  return spots;
}

/** Down the right side and up the left one, by equal steps downwards. `share`: of the way round, from the top; 0 to 1. */
function angleBySide(share: number): number {
  const isRight = share < 0.5;
  const down = isRight ? 4 * share - 1 : 3 - 4 * share;
  const angle = Math.asin(Math.min(1, Math.max(-1, down)));
  return isRight ? angle : Math.PI - angle;
}

/** So many letters of a name have room beside its member; of a longer one the middle is left out, since names end in what tells them apart. */
export function shorten(name: string, letters: number): string {
  if (name.length <= letters) return name;
  const end = Math.floor((letters - 1) / 2);
  return `${name.slice(0, letters - 1 - end)}…${name.slice(name.length - end)}`;
}

/** Letters of a name that have room beside a member, or below it. */
export function lettersBeside(spot: Spot, { width }: Size, amount: number): number {
  const toEdge = Math.min(spot.x, width - spot.x);
  const room = isNameBeside(amount) ? toEdge - radiusOf(amount) - 10 : 2 * toEdge;
  return Math.max(8, Math.min(28, Math.floor(room / (width > 600 ? 9 : 11))));
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
