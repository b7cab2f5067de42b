import type { Owner, PlayMark, PlayRequest, Route, RouteReason, StreamKey } from '@headwater/directory';
import { addressOf } from '../../arrival/limited-address.js';
import type { MediaHost } from '../../media-host.js';
import type { MediaOptions } from '../../media-options.js';
import { fromWorker, type RelayOwner } from '../../stream/relay-owner.js';
import type { StreamTable } from '../../stream/stream-table.js';
import { modeOf } from './app-play.js';
import type { ComingPlay, PlayAsker, PlaySession } from './play-session.js';
import { RedirectMemory } from './redirect-memory.js';

export type PlayRules = Pick<MediaOptions, 'play' | 'apps'>;

export interface PlayRoutesParts {
  readonly streams: StreamTable;
  readonly host: Pick<MediaHost, 'member' | 'route' | 'owners' | 'workerOf' | 'relayHead'>;
  /** This member can take no more plays at the moment; absent: it always can. */
  readonly isFull?: () => boolean;
}

const LOCAL: Route = { kind: 'local', reason: 'published-here' };
const WAIT: Route = { kind: 'wait', reason: 'not-published' };

/** Why a play may go elsewhere, or nowhere, though its stream is published here. */
const SENT_AWAY: ReadonlySet<RouteReason> = new Set([
  'full-other-owner',
  'full-other-member',
  'nobody-has-room',
  'draining-other-owner',
  'draining-other-member',
]);

/** Says where a play goes: what the host answers, with what this process knows better. */
export class PlayRoutes {
  readonly #streams: StreamTable;
  readonly #host: PlayRoutesParts['host'];
  readonly #isFull: (() => boolean) | undefined;
  readonly #rules: PlayRules;
  readonly #redirects = new RedirectMemory();

  constructor({ streams, host, isFull }: PlayRoutesParts, rules: PlayRules) {
    this.#streams = streams;
    this.#host = host;
    this.#isFull = isFull;
    this.#rules = rules;
  }

  /** Where this play goes now. Our own publisher counts before anything that is said of us. */
  route(asker: PlayAsker, mark: PlayMark, isServed = false): Route {
    const { key } = asker;
    if (!this.hasPublisher(key)) return this.#routeElsewhere(asker, mark, isServed);
    if (isServed) return LOCAL;
    const answer = this.#ask(asker, mark, isServed);
    return SENT_AWAY.has(answer.reason) ? answer : LOCAL;
  }

  /** Of a client that keeps no mark, what this member remembers. */
  markOf({ mark, forgetsMark, remote, key }: ComingPlay): PlayMark {
    const cameBack =
      mark === 'none' && forgetsMark && this.#redirects.has(addressOf(remote), key, performance.now());
    return cameBack ? 'redirected' : mark;
  }

  /** A client was redirected: it is known again when it comes back. */
  redirected({ forgetsMark, remote, key }: PlaySession): void {
    if (forgetsMark) this.#redirects.remember(addressOf(remote), key, performance.now());
  }

  /** Whether it could be redirected at the moment, whatever its route; that costs next to nothing. */
  canRedirect({ key, canRedirectNow, followsRedirect }: PlaySession): boolean {
    return canRedirectNow && (followsRedirect || modeOf(key, this.#rules) === 'redirect');
  }

  /** Another member pulls an owner's media through this one, which has heard less of that owner so far. */
  isOfUnknownOwner({ key, relayOf }: PlaySession): boolean {
    if (relayOf === undefined || this.#host.relayHead === undefined) return false;
    return !this.#others(key).some(({ member }) => member === relayOf);
  }

  hasPublisher(key: StreamKey): boolean {
    return this.#streams.get(key)?.hasPublisher ?? false;
  }

  /** Another member, or another worker of this one, has the stream. */
  isOwnedElsewhere(key: StreamKey): boolean {
    return this.#others(key).length > 0 || this.sibling(key) !== undefined;
  }

  /** The other worker of this member that has the publisher, as whom to pull from. */
  sibling(key: StreamKey): RelayOwner | undefined {
    const worker = this.#host.workerOf(key);
    if (worker === null) return undefined;
    const own = this.#host.owners(key).find(({ member }) => member === this.#host.member);
    return own === undefined ? undefined : fromWorker(own, worker);
  }

  #routeElsewhere(asker: PlayAsker, mark: PlayMark, isServed: boolean): Route {
    const { key } = asker;
    const answer = this.#ask(asker, mark, isServed);
    if (answer.kind === 'local') return this.sibling(key) === undefined ? WAIT : answer;
    // The owners are gone from the directory, yet media flows: a mesh that lost sight of them must not cut it.
    if (answer.kind === 'wait' && this.#streams.get(key)?.source?.kind === 'relay')
      return { kind: 'relay', reason: 'client-follows-no-redirects', owners: [] };
    return answer;
  }

  #ask(asker: PlayAsker, mark: PlayMark, isServed: boolean): Route {
    const { key, canRedirectNow } = asker;
    const mode = modeOf(key, this.#rules);
    const request: PlayRequest = {
      key,
      protocol: asker.protocol,
      // One who can't be redirected any more is relayed.
      followsRedirect: asker.followsRedirect && canRedirectNow,
      mark,
      relayOf: asker.relayOf,
      reachedBy: asker.reachedBy,
      mode: mode === 'redirect' && !canRedirectNow ? 'auto' : mode,
      isSecure: asker.isSecure,
      isServed,
      isFull: this.#isFull?.(),
    };
    return this.#host.route(request);
  }

  #others(key: StreamKey): readonly Owner[] {
    return this.#host.owners(key).filter((owner) => owner.member !== this.#host.member);
  }
}
