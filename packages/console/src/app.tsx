import { useLayoutEffect, useRef } from 'preact/hooks';
import { shortKey } from './api/stream-key.js';
import { wordsOf } from './parts/event-words.js';
import { age } from './parts/format.js';
import { Notice } from './parts/notice.js';
import { events, heardMs, isConnected, members, STALE_MS } from './state/live.js';
import { now } from './state/now.js';
import { place } from './state/place.js';
import type { Place } from './state/read-place.js';
import { askForToken, asksToken, isTokenDeclined, takeToken, token } from './state/session.js';
import { nextTheme, theme } from './state/theme.js';
import { ClientsView } from './views/clients-view.js';
import { ConfigView } from './views/config-view.js';
import { EventsView } from './views/events-view.js';
import { Login } from './views/login.js';
import { MemberView } from './views/member-view.js';
import { MeshView } from './views/mesh-view.js';
import { StreamView } from './views/stream-view.js';
import { StreamsView } from './views/streams-view.js';

const TABS = [
  ['mesh', '#/', 'Mesh'],
  ['streams', '#/streams', 'Streams'],
  ['clients', '#/clients', 'Clients'],
  ['events', '#/events', 'Events'],
  ['config', '#/config', 'Configuration'],
] as const;

export function App() {
  const at = place.value;
  const heading = useRef<HTMLHeadingElement>(null);
  const title = titleOf(at);
  useLayoutEffect(() => {
    document.title = `${title} · Headwater`;
    // Who listens rather than looks hears where they are now.
    if (document.activeElement?.closest('header') === null) heading.current?.focus({ preventScroll: true });
  }, [title]);
  const self = members.value?.find((one) => one.self);
  return (
    <div class="app" data-page={at.page} data-stale={isStale() ? 'yes' : 'no'}>
      <button type="button" class="skip" onClick={() => heading.current?.focus()}>
        Skip to the content
      </button>
      <header>
        <a class="brand" href="#/" aria-label="Headwater, the mesh">
          <Mark />
          Headwater
        </a>
        <nav aria-label="Pages">
          {TABS.map(([page, href, name]) => (
            <a key={page} href={href} aria-current={tabOf(at) === page ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <div class="row tools">
          <Connection name={self?.name} />
          <button
            type="button"
            class="plain"
            onClick={nextTheme}
            aria-label={`Colours: ${theme.value}. Change them`}
          >
            {{ system: '◐', dark: '●', light: '○' }[theme.value]}
          </button>
          {isTokenDeclined.value && (
            <button
              type="button"
              class="plain"
              onClick={() => askForToken('Who has a token may do and see more', true)}
            >
              Log in
            </button>
          )}
          {token.value !== '' && (
            <button type="button" class="plain" onClick={() => takeToken('')}>
              Log out
            </button>
          )}
        </div>
      </header>
      <main id="content">
        <h1 ref={heading} tabIndex={-1} class="hidden">
          {title}
        </h1>
        <View at={at} />
      </main>
      <Announcer />
      {asksToken.value !== null && <Login why={asksToken.value} />}
    </div>
  );
}

function View({ at }: { readonly at: Place }) {
  switch (at.page) {
    case 'mesh':
      return <MeshView />;
    case 'streams':
      return <StreamsView />;
    case 'stream':
      return <StreamView key={at.key} streamKey={at.key} />;
    case 'clients':
      return <ClientsView key={`${at.stream} ${at.member}`} {...at} />;
    case 'events':
      return <EventsView />;
    case 'config':
      return <ConfigView key={at.member} {...at} />;
    case 'member':
      return <MemberView key={at.id} id={at.id} />;
    case 'unknown':
      return <Notice kind="empty">There is no such page.</Notice>;
  }
}

function titleOf(at: Place): string {
  if (at.page === 'stream') return `Stream ${shortKey(at.key)}`;
  if (at.page === 'member') return `Member ${members.value?.find(({ id }) => id === at.id)?.name ?? ''}`;
  return {
    mesh: 'Mesh',
    streams: 'Streams',
    clients: 'Clients',
    events: 'Events',
    config: 'Configuration',
    unknown: 'Nothing here',
  }[at.page];
}

function tabOf({ page }: Place): string {
  if (page === 'stream') return 'streams';
  return page === 'member' ? 'mesh' : page;
}

const isStale = (): boolean =>
  heardMs.value > 0 && (!isConnected.value || now.value - heardMs.value > STALE_MS);

/** Whether what is shown is what is. */
function Connection({ name }: { readonly name: string | undefined }) {
  const state = heardMs.value === 0 ? 'connecting' : isStale() ? 'stale' : 'live';
  const words = {
    connecting: 'connecting …',
    live: `live from ${name ?? '…'}`,
    stale: `last heard ${age(now.value - heardMs.value)} ago`,
  }[state];
  return (
    <span class="connection" data-state={state} role="status">
      <span class="dot" data-state={state} />
      {words}
    </span>
  );
}

/** Says what becomes of members to who does not see the picture. */
function Announcer() {
  const last = events.value.findLast(({ kind }) => kind.startsWith('member-'));
  return (
    <div class="hidden" aria-live="polite">
      {last === undefined ? '' : wordsOf(last)}
    </div>
  );
}

const Mark = () => (
  <svg viewBox="0 0 32 32" aria-hidden="true">
    <path d="M5 5c1 8 5 11 11 11M27 5c-1 8-5 11-11 11M16 4v24" />
    <circle cx="16" cy="28" r="2" />
  </svg>
);
