import { signal, useSignal } from '@preact/signals';
import type { ApiLinks, ApiMember } from '../api/types.js';
import { bitRate, count, roundTrip } from '../parts/format.js';
import { linkToMember } from '../state/read-place.js';
import {
  hasTwoLines,
  isNameBeside,
  layOut,
  lettersBeside,
  linksOf,
  radiusOf,
  relaysOf,
  type Size,
  type Spot,
  shorten,
  shownMembers,
  sizeOf,
  stateOf,
} from './picture-layout.js';

const narrow = matchMedia('(max-width: 600px)');
const isNarrow = signal(narrow.matches);
narrow.addEventListener('change', () => {
  isNarrow.value = narrow.matches;
});

/** With so few members each link has its round trip written beside it; else those of the member that is looked at. */
const LABELLED_MAX = 5;

/** The mesh as it is now: members, their links, and who relays from whom. */
export function MeshPicture({
  members,
  links,
}: {
  readonly members: readonly ApiMember[];
  readonly links: ApiLinks | null;
}) {
  const lookedAt = useSignal<string | null>(null);
  const shown = shownMembers(members);
  const size = sizeOf(shown.length, isNarrow.value);
  const spots = layOut(shown, size);
  const lines = linksOf(shown, spots, links);
  const relays = relaysOf(shown, spots, links);
  const busiestKbps = Math.max(1, ...shown.map(({ outboundKbps }) => outboundKbps));
  const about = lookedAt.value;
  return (
    <svg
      class="picture"
      viewBox={`0 0 ${size.width} ${size.height}`}
      data-size={isNarrow.value ? 'narrow' : 'wide'}
      role="group"
      aria-label={`The mesh: ${shown.length} members`}
      data-crowd={shown.length > 14 ? 'many' : 'few'}
      data-beside={isNameBeside(shown.length) ? 'yes' : 'no'}
      data-looked={about === null ? 'no' : 'yes'}
    >
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 10 10"
          refX="7"
          refY="5"
          markerWidth="5"
          markerHeight="5"
          orient="auto-start-reverse"
        >
          <path d="M0 0 10 5 0 10Z" class="arrow-head" />
        </marker>
      </defs>
      <Zones members={shown} spots={spots} size={size} />
      <g aria-hidden="true">
        {lines.map(({ id, from, to, ends, rttMs, trouble }) => {
          const isOf = about !== null && ends.includes(about);
          return (
            <g
              key={id}
              class="link"
              data-state={trouble.length > 0 ? 'trouble' : 'well'}
              data-of={isOf ? 'yes' : 'no'}
            >
              <line x1={from.x} y1={from.y} x2={to.x} y2={to.y}>
                <title>
                  {[...(rttMs === undefined ? [] : [`round trip ${roundTrip(rttMs)}`]), ...trouble].join(
                    '\n',
                  )}
                </title>
              </line>
              {rttMs !== undefined && (isOf || shown.length <= LABELLED_MAX) && (
                <text class="link-label" x={from.x * 0.62 + to.x * 0.38} y={from.y * 0.62 + to.y * 0.38 + 4}>
                  {roundTrip(rttMs)}
                </text>
              )}
            </g>
          );
        })}
      </g>
      <g>
        {relays.map(({ id, by, owner, byName, ownerName, streams, keys, path, label }) => (
          <g
            key={id}
            class="relay"
            data-from={ownerName}
            data-to={byName}
            data-of={about === by || about === owner ? 'yes' : 'no'}
            role="img"
            aria-label={`${byName} relays ${count(streams)} ${streams === 1 ? 'stream' : 'streams'} from ${ownerName}`}
          >
            <title>{`${byName} relays from ${ownerName}: ${keys.join(', ')}${streams > keys.length ? ' …' : ''}`}</title>
            <path d={path} style={{ d: `path("${path}")` }} marker-end="url(#arrow)" />
            {streams > 1 && (
              <text class="relay-label" x={label.x} y={label.y}>
                {count(streams)}
              </text>
            )}
          </g>
        ))}
      </g>
      <g>
        {shown.map((member) => {
          const spot = spots.get(member.id);
          return spot === undefined ? null : (
            <Node
              key={member.id}
              member={member}
              spot={spot}
              size={size}
              amount={shown.length}
              share={member.outboundKbps / busiestKbps}
              look={(is) => {
                lookedAt.value = is ? member.id : null;
              }}
            />
          );
        })}
      </g>
    </svg>
  );
}

function Node({
  member,
  spot,
  size,
  amount,
  share,
  look,
}: {
  readonly member: ApiMember;
  readonly spot: Spot;
  readonly size: Size;
  /** Of members in the picture. */
  readonly amount: number;
  readonly share: number;
  readonly look: (is: boolean) => void;
}) {
  const state = stateOf(member);
  const stateLine =
    state === 'alive' ? `${count(member.streams)} ${member.streams === 1 ? 'stream' : 'streams'}` : state;
  const unit = member.players === 1 ? 'player' : 'players';
  // Names go outward, where there is room.
  const { x, y, angle } = spot;
  const radius = radiusOf(amount);
  const around = 2 * Math.PI * (radius - 3);
  const isBeside = isNameBeside(amount);
  const side = Math.cos(angle) > 0 ? 1 : -1;
  const anchor = !isBeside ? 'middle' : side > 0 ? 'start' : 'end';
  const lx = isBeside ? side * (radius + 8) : 0;
  const ly = !isBeside ? radius + 18 : hasTwoLines(amount) ? -2 : 4;
  const name = shorten(member.name, lettersBeside(spot, size, amount));
  return (
    <a
      class="node"
      href={linkToMember(member.id)}
      data-name={member.name}
      data-state={state}
      data-self={member.self ? 'yes' : 'no'}
      aria-label={[
        ...(name === member.name ? [] : [member.name]),
        name,
        stateLine,
        ...(member.liveness === 'dead'
          ? []
          : [`${count(member.players)} ${unit}, ${state}, ${bitRate(member.outboundKbps)} out`]),
        ...(member.zone === undefined ? [] : [`in zone ${member.zone}`]),
      ].join(' ')}
      onMouseEnter={() => look(true)}
      onMouseLeave={() => look(false)}
      onFocus={() => look(true)}
      onBlur={() => look(false)}
    >
      {name !== member.name && <title>{`${member.name} `}</title>}
      <g transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
        <circle class="node-halo" r={radius + 7} />
        <circle class="node-body" r={radius} />
        <circle
          class="node-load"
          r={radius - 3}
          transform="rotate(-90)"
          stroke-dasharray={`${(around * share).toFixed(1)} ${around.toFixed(1)}`}
        />
        <text class="node-name" x={lx} y={ly} text-anchor={anchor}>
          {name}
        </text>{' '}
        {hasTwoLines(amount) && (
          <text class="node-state" x={lx} y={ly + 15} text-anchor={anchor}>
            {stateLine}
          </text>
        )}{' '}
        {member.liveness === 'dead' ? (
          <path class="node-cross" d="M-6 -6 6 6M6 -6 -6 6" />
        ) : (
          hasTwoLines(amount) && (
            <text class="node-count" y="1">
              {count(member.players)}
            </text>
          )
        )}{' '}
        {radius > 30 && member.liveness !== 'dead' && (
          <text class="node-unit" y="15">
            {unit}
          </text>
        )}
      </g>
    </a>
  );
}

/** The names of zones, each between its members and the middle of the picture. */
function Zones({
  members,
  spots,
  size,
}: {
  readonly size: Size;
  readonly members: readonly ApiMember[];
  readonly spots: ReadonlyMap<string, Spot>;
}) {
  const byZone = new Map<string, Spot[]>();
  for (const { id, zone } of members) {
    const spot = spots.get(id);
    if (zone === undefined || spot === undefined) continue;
    byZone.set(zone, [...(byZone.get(zone) ?? []), spot]);
  }
  return (
    <g>
      {[...byZone].map(([zone, all]) => {
        const mean = (of: (spot: Spot) => number): number =>
          all.reduce((sum, spot) => sum + of(spot), 0) / all.length;
        const x = (size.width / 2 + mean((spot) => spot.x)) / 2;
        const y = (size.height / 2 + mean((spot) => spot.y)) / 2;
        return (
          <text key={zone} class="zone" x={x} y={y}>
            {shorten(zone, 22)}
          </text>
        );
      })}
    </g>
  );
}
