import { useSignal } from '@preact/signals';
import { act } from '../api/request.js';
import type { ApiMember } from '../api/types.js';
import { Confirm } from '../parts/confirm.js';
import { EventList } from '../parts/event-list.js';
import { type Fact, FactList } from '../parts/fact-list.js';
import { age, bitRate, bytes, count, roundTrip } from '../parts/format.js';
import { Badge, Notice } from '../parts/notice.js';
import { Scroll } from '../parts/scroll.js';
import { events, links, members } from '../state/live.js';
import { now } from '../state/now.js';
import { linkToClients, linkToConfig } from '../state/read-place.js';
import { stateOf } from './picture-layout.js';

const EVENTS_SHOWN = 60;

export function MemberView({ id }: { readonly id: string }) {
  const all = members.value;
  if (all === null) return <Notice kind="loading">Asking for the member …</Notice>;
  const member = all.find((one) => one.id === id);
  if (member === undefined)
    return <Notice kind="empty">No member has the id {id}. It may have been forgotten since.</Notice>;
  const mine = links.value?.members.find((one) => one.member === id);
  const own = events.value
    .filter((event) => event.seenBy === member.name || ('member' in event && event.member === id))
    .slice(-EVENTS_SHOWN)
    .reverse();
  return (
    <>
      <section class="panel">
        <div class="row">
          <h2 class="grow">
            {member.name} <Badge state={stateOf(member)} />
          </h2>
          <DrainButton
            member={member}
            others={all.filter((one) => one.id !== id && one.liveness === 'alive' && !one.draining)}
          />
        </div>
        <Facts member={member} />
      </section>
      {member.workers !== undefined && <Workers workers={member.workers} />}
      <section class="panel" aria-labelledby="hears">
        <h2 id="hears">Whom it hears</h2>
        {mine === undefined ? (
          <Notice kind="empty">It did not answer.</Notice>
        ) : (
          <ul class="chips">
            {mine.peers.map(({ member: peer, name, liveness, connected, rttMs }) => (
              <li key={peer}>
                {name} <Badge state={liveness === 'alive' && !connected ? 'not connected' : liveness} />{' '}
                <span class="quiet">{rttMs === undefined ? '' : roundTrip(rttMs)}</span>
              </li>
            ))}
          </ul>
        )}
        {mine !== undefined && mine.pulls.length > 0 && (
          <>
            <h3>What it relays</h3>
            <ul>
              {mine.pulls.map(({ owner, streams }) => (
                <li key={owner}>
                  {count(streams)} {streams === 1 ? 'stream' : 'streams'} from {owner}
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
      <section class="panel" aria-labelledby="of-member">
        <h2 id="of-member">What happened</h2>
        {own.length === 0 ? (
          <Notice kind="empty">Nothing yet.</Notice>
        ) : (
          <EventList events={own} label={`Events of ${member.name}`} />
        )}
      </section>
    </>
  );
}

function Facts({ member }: { readonly member: ApiMember }) {
  const facts: readonly Fact[] = [
    ['role', member.role],
    ['zone', member.zone ?? '–'],
    ['streams', count(member.streams)],
    ['publishers', count(member.publishers)],
    ['players', count(member.players)],
    ['out', bitRate(member.outboundKbps)],
    ['round trip', member.rttMs === undefined ? '–' : roundTrip(member.rttMs)],
    ['release', member.program],
    ['pulled at', member.pulledAt ?? '–'],
    ['mesh', member.meshAddresses.join(', ') || '–'],
    [
      'players reach it at',
      member.addresses.map(({ network, host }) => `${host} (${network})`).join(', ') || '–',
    ],
    ['id', member.id],
  ];
  return (
    <>
      <FactList facts={facts} />
      <p>
        <a href={linkToClients({ member: member.id })}>Clients of {member.name}</a> ·{' '}
        <a href={linkToConfig(member.id)}>Its configuration</a>
      </p>
    </>
  );
}

const Workers = ({ workers }: { readonly workers: NonNullable<ApiMember['workers']> }) => (
  <section class="panel" aria-labelledby="workers">
    <h2 id="workers">Media workers</h2>
    <Scroll label="Media workers">
      <table>
        <thead>
          <tr>
            <th scope="col">worker</th>
            <th scope="col">state</th>
            <th scope="col" class="number">
              connections
            </th>
            <th scope="col" class="number">
              players
            </th>
            <th scope="col" class="number">
              publishers
            </th>
            <th scope="col" class="number">
              out
            </th>
            <th scope="col" class="number">
              memory
            </th>
            <th scope="col" class="number">
              restarts
            </th>
            <th scope="col" class="number">
              since
            </th>
          </tr>
        </thead>
        <tbody>
          {workers.map((one) => (
            <tr key={one.worker}>
              <th scope="row">{one.worker}</th>
              <td>
                <Badge state={one.state} />
              </td>
              <td class="number">{count(one.connections)}</td>
              <td class="number">{count(one.players)}</td>
              <td class="number">{count(one.publishers)}</td>
              <td class="number">{bitRate(one.outboundKbps)}</td>
              <td class="number">{bytes(one.rssBytes)}</td>
              <td class="number">{one.restarts}</td>
              <td class="number">{age(now.value - one.sinceMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  </section>
);

function DrainButton({
  member,
  others,
}: {
  readonly member: ApiMember;
  readonly others: readonly ApiMember[];
}) {
  // What was asked for stays on show, also where the member has begun it meanwhile.
  const isAsked = useSignal<'drain' | 'cancel' | null>(null);
  if (member.liveness === 'dead' || member.liveness === 'left') return null;
  const path = `/api/v1/members/${encodeURIComponent(member.id)}/drain`;
  const close = (): void => {
    isAsked.value = null;
  };
  const plural = (amount: number, one: string): string =>
    `${count(amount)} ${amount === 1 ? one : `${one}s`}`;
  return (
    <>
      <button type="button" onClick={() => (isAsked.value = member.draining ? 'cancel' : 'drain')}>
        {member.draining ? 'Cancel drain …' : 'Drain …'}
      </button>
      {isAsked.value === 'cancel' && (
        <Confirm
          title={`Cancel the drain of ${member.name}?`}
          act="Cancel drain"
          onAct={() => act('DELETE', path)}
          onClose={close}
        >
          <p>It takes publishers and players as before. Those who went elsewhere meanwhile stay there.</p>
        </Confirm>
      )}
      {isAsked.value === 'drain' && (
        <Confirm title={`Drain ${member.name}?`} act="Drain" onAct={() => act('POST', path)} onClose={close}>
          <ul>
            <li>It refuses new publishers, and other members send it no more players.</li>
            <li>Relays of the others get time to move to other owners.</li>
            <li>
              Then its {plural(member.publishers, 'publisher')} of {plural(member.streams, 'stream')} are
              closed; their encoders connect elsewhere.
            </li>
            <li>Its {plural(member.players, 'player')} are served on meanwhile.</li>
            <li>Its process goes on. The drain can be cancelled.</li>
          </ul>
          {others.length === 0 ? (
            <p class="notice" data-kind="error">
              No other member is alive: its streams will be nowhere.
            </p>
          ) : (
            <p>
              {plural(others.length, 'other member')} can take over:{' '}
              {others
                .slice(0, 5)
                .map(({ name }) => name)
                .join(', ')}
              {others.length > 5 && ' …'}
            </p>
          )}
        </Confirm>
      )}
    </>
  );
}
