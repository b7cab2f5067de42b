import type { ApiMember } from '../api/types.js';
import { EventList } from '../parts/event-list.js';
import { bitRate, count, roundTrip } from '../parts/format.js';
import { Badge, Missing, Notice } from '../parts/notice.js';
import { Scroll } from '../parts/scroll.js';
import { events, links, members, problem } from '../state/live.js';
import { linkToMember } from '../state/read-place.js';
import { MeshPicture } from './mesh-picture.js';
import { layOut, linksOf, shownMembers, sizeOf, stateOf } from './picture-layout.js';

const EVENTS_SHOWN = 10;

export function MeshView() {
  const all = members.value;
  if (all === null)
    return problem.value === null ? (
      <Notice kind="loading">Asking the member for the mesh …</Notice>
    ) : (
      <Notice kind="error">{problem.value}</Notice>
    );
  const latest = events.value
    .filter(({ kind }) => /^(member|relay-switched|stream)/.test(kind))
    .slice(-EVENTS_SHOWN)
    .reverse();
  return (
    <div class="mesh">
      <section class="panel stage" aria-label="Picture of the mesh">
        <Figures members={all} />
        <MeshPicture members={all} links={links.value} />
        <Legend />
        <Missing missing={links.value?.missing} />
      </section>
      <section class="panel side" aria-labelledby="lately">
        <Troubles members={all} />
        <h2 id="lately">Lately</h2>
        {latest.length === 0 ? (
          <Notice kind="empty">Nothing yet.</Notice>
        ) : (
          <EventList events={latest} label="The latest events" />
        )}
      </section>
      <section class="panel wide" aria-labelledby="members-title">
        <h2 id="members-title">Members</h2>
        <MemberTable members={all} />
      </section>
    </div>
  );
}

function Figures({ members: all }: { readonly members: readonly ApiMember[] }) {
  const there = all.filter(({ liveness }) => liveness !== 'dead' && liveness !== 'left');
  const sum = (of: (member: ApiMember) => number): number => there.reduce((total, one) => total + of(one), 0);
  // A member's pull is among the players of whom it pulls from.
  const pulls = (links.value?.members ?? [])
    .flatMap((one) => one.pulls)
    .reduce((total, { streams }) => total + streams, 0);
  return (
    <dl class="figures">
      {[
        ['members', String(there.length)],
        ['publishers', count(sum(({ publishers }) => publishers))],
        ['players', count(Math.max(0, sum(({ players }) => players) - pulls))],
        ['out', bitRate(sum(({ outboundKbps }) => outboundKbps))],
      ].map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const Legend = () => (
  <ul class="legend" aria-label="What the colours mean">
    {['alive', 'full', 'draining', 'suspect', 'unreachable', 'dead'].map((state) => (
      <li key={state}>
        <span class="dot" data-state={state} /> {state}
      </li>
    ))}
    <li>
      <span class="stroke" data-kind="relay" /> relay, from its owner
    </li>
    <li>
      <span class="stroke" data-kind="trouble" /> link in trouble
    </li>
  </ul>
);

function Troubles({ members: all }: { readonly members: readonly ApiMember[] }) {
  const shown = shownMembers(all);
  const trouble = linksOf(shown, layOut(shown, sizeOf(shown.length, false)), links.value).flatMap(
    (link) => link.trouble,
  );
  if (trouble.length === 0) return null;
  return (
    <>
      <h2>Links in trouble</h2>
      <ul class="troubles">
        {trouble.slice(0, 8).map((words) => (
          <li key={words}>{words}</li>
        ))}
        {trouble.length > 8 && <li>and {trouble.length - 8} more</li>}
      </ul>
    </>
  );
}

const MemberTable = ({ members: all }: { readonly members: readonly ApiMember[] }) => (
  <Scroll label="Members">
    <table>
      <thead>
        <tr>
          {['name', 'state', 'role', 'zone'].map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
          {['streams', 'publishers', 'players', 'out', 'round trip'].map((head) => (
            <th key={head} scope="col" class="number">
              {head}
            </th>
          ))}
          <th scope="col">release</th>
        </tr>
      </thead>
      <tbody>
        {all.map((one) => (
          <tr key={one.id} data-state={stateOf(one)}>
            <th scope="row">
              <a href={linkToMember(one.id)}>{one.name}</a>
              {one.self && <span class="here"> this one</span>}
            </th>
            <td>
              <Badge state={stateOf(one)} />
              {one.through !== undefined && <span class="quiet"> heard by {one.through.join(', ')}</span>}
            </td>
            <td>{one.role}</td>
            <td>{one.zone ?? '–'}</td>
            <td class="number">{count(one.streams)}</td>
            <td class="number">{count(one.publishers)}</td>
            <td class="number">{count(one.players)}</td>
            <td class="number">{bitRate(one.outboundKbps)}</td>
            <td class="number">{one.rttMs === undefined ? '–' : roundTrip(one.rttMs)}</td>
            <td>{one.program}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Scroll>
);
