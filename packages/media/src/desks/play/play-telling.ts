import type { PlayMark, Route } from '@headwater/directory';
import type { MediaEventListener } from '../../media-event.js';
import type { MediaLog } from '../../media-log.js';
import type { Play } from './play.js';
import type { PlaySession } from './play-session.js';

/** What the log and media's listener are told of plays. */
export class PlayTelling {
  readonly #log: MediaLog;
  readonly #tell: MediaEventListener | undefined;

  constructor(log: MediaLog, tell: MediaEventListener | undefined) {
    this.#log = log;
    this.#tell = tell;
  }

  /** Tells a route that this play did not have before, and says whether it is one. */
  routedAnew(play: Play, route: Route): boolean {
    const told = route.kind === 'relay' ? route.kind : `${route.kind} ${targetOf(route)}`;
    if (told === play.told) return false;
    play.told = told;
    this.routed(play.session, play.mark, route);
    return true;
  }

  routed(session: PlaySession, mark: PlayMark, route: Route): void {
    const { key, remote, protocol, agent } = session;
    const target = targetOf(route);
    this.#log.info(
      {
        route: route.kind,
        reason: route.reason,
        key,
        ...idsOf(session),
        client: remote,
        protocol,
        agent,
        mark,
        ...(target === '' ? {} : { target }),
      },
      'play routed',
    );
    if (this.#tell === undefined) return;
    if (route.kind === 'refuse') {
      this.refused(session, route.reason);
      return;
    }
    const name = route.kind === 'redirect' ? route.target.profile.name : target;
    const given = { kind: 'route-given', route: route.kind, reason: route.reason } as const;
    this.#tell({ ...given, ...eventOf(session), ...(name === '' ? {} : { target: name }) });
  }

  refused(session: PlaySession, reason: string): void {
    this.#tell?.({ kind: 'play-refused', ...eventOf(session), reason });
  }

  timedOut(session: PlaySession): void {
    const { key, remote } = session;
    this.#log.info(
      { key, ...idsOf(session), client: remote, reason: 'wait-limit' },
      'player timed out waiting for stream',
    );
    this.refused(session, 'wait-limit');
  }

  ended(session: PlaySession): void {
    const { key, remote, protocol, agent, queue } = session;
    this.#log.info(
      { key, ...idsOf(session), client: remote, protocol, agent, bytesOut: queue.sentBytes },
      'play ended',
    );
    this.#ended(session);
  }

  kicked(session: PlaySession): void {
    const { key, remote, protocol, agent } = session;
    this.#log.info({ key, ...idsOf(session), client: remote, protocol, agent }, 'player kicked');
    this.#ended(session);
  }

  #ended(session: PlaySession): void {
    this.#tell?.({ kind: 'play-ended', ...eventOf(session), bytesOut: session.queue.sentBytes });
  }
}

const eventOf = (session: PlaySession) => ({
  ...idsOf(session),
  key: session.key,
  client: session.remote,
  protocol: session.protocol,
});

/** By which one play is followed through members. */
const idsOf = ({ id, via }: PlaySession) => ({ id, ...(via !== undefined && { via }) });

function targetOf(route: Route): string {
  if (route.kind === 'redirect') return `${route.target.profile.name} ${route.address.host}`;
  if (route.kind === 'relay') return route.owners[0]?.profile.name ?? '';
  return '';
}
