import type { PlayMark, Route, StreamKey } from '@headwater/directory';
import type { MediaEventListener } from '../../media-event.js';
import type { MediaHost } from '../../media-host.js';
import type { MediaLog } from '../../media-log.js';
import type { PassedOnEnd } from '../../stream/passed-on-relay.js';
import type { RelayOwner } from '../../stream/relay-owner.js';
import { isPassedOn, isServed, type Play, type StreamPlays } from './play.js';
import { PlayRoutes, type PlayRoutesParts, type PlayRules } from './play-routes.js';
import type { ComingPlay, PlayAsker, PlaySession } from './play-session.js';
import { PlayTelling } from './play-telling.js';
import { RouteReview } from './route-review.js';
import { WaitLimits } from './wait-limits.js';

export interface PlayDeskParts extends PlayRoutesParts {
  readonly host: PlayRoutesParts['host'] & Pick<MediaHost, 'onOwnersChanged'>;
  readonly log: MediaLog;
  readonly tell?: MediaEventListener;
  /** Does what an answer does not need; absent: it is done at once. */
  readonly afterAnswer?: { do(work: () => void): void };
}

/**
 * How long a pull of an owner that is not known yet waits for word of it, ms: claims take milliseconds, and not the same to
 * all members.
 */
const EARLY_MS = 1000;

const REFUSE = { kind: 'refuse', reason: 'relay-of-unowned' } as const satisfies Route;

/**
 * Takes plays of every protocol, asks where each goes, and does it. A play that was taken stays until its client
 * leaves: whenever its stream's owners change it goes on by the route that is right then.
 */
export class PlayDesk {
  readonly #parts: PlayDeskParts;
  readonly #rules: PlayRules;
  readonly #routes: PlayRoutes;
  readonly #telling: PlayTelling;
  readonly #review: RouteReview;
  readonly #streams = new Map<StreamKey, StreamPlays>();
  readonly #unsubscribe: () => void;
  #isStopping = false;

  constructor(parts: PlayDeskParts, rules: PlayRules) {
    this.#parts = parts;
    this.#rules = rules;
    this.#routes = new PlayRoutes(parts, rules);
    this.#telling = new PlayTelling(parts.log, parts.tell);
    this.#review = new RouteReview({
      canRedirect: ({ session }) => this.#routes.canRedirect(session),
      redirect: (stream, play) => this.#guard(stream, play, () => this.#redirectAgain(stream, play)),
      settle: (stream, play) => this.#guard(stream, play, () => this.#settle(stream, play)),
      onRedirected: ({ key }) => parts.streams.ownersChanged(key),
      onSettled: (stream) => this.#tidy(stream),
    });
    parts.streams.onSourceChanged = (key, hasSource) => this.#onSourceChanged(key, hasSource);
    this.#unsubscribe = parts.host.onOwnersChanged((key) => this.reconsider(key), parts.streams);
  }

  /** A client wants to play. The session hears what becomes of it, at once or later, until `leave`. */
  play(session: PlaySession): void {
    if (this.#isStopping) {
      session.refuse('stopping', 'this member is stopping; play from another one');
      this.#telling.refused(session, 'stopping');
      return;
    }
    const mark = this.#routes.markOf(session);
    // Who is sent away at once leaves nothing here.
    const route = this.#routes.route(session, mark);
    if (route.kind === 'redirect') {
      this.#redirect(session, mark, route);
      return;
    }
    const stream = this.#open(session.key);
    const play: Play = { session, mark, state: 'unserved', told: '' };
    stream.plays.set(session.id, play);
    this.#settle(stream, play, route);
    this.#tidy(stream);
  }

  /** Where such a play would go at the moment; nothing is kept or begun. Null where this member is stopping. */
  peek(asker: PlayAsker): Route | null {
    return this.#isStopping ? null : this.#routes.route(asker, asker.mark);
  }

  /** Whether such a play would be redirected at the moment, and so not be served here. */
  isSentAway(asker: ComingPlay): boolean {
    if (this.#isStopping) return false;
    return this.#routes.route(asker, this.#routes.markOf(asker)).kind === 'redirect';
  }

  /** The session's connection ended, or it stopped playing. May be called more than once. */
  leave(session: PlaySession): void {
    const stream = this.#streams.get(session.key);
    const play = stream?.plays.get(session.id);
    if (stream === undefined || play?.session !== session) return;
    this.#forget(stream, play);
    this.#tidy(stream);
    this.#telling.ended(session);
  }

  /** Ends the play with this id, as an operator wants. False where there is none. */
  kick(id: string): boolean {
    for (const stream of this.#streams.values()) {
      const play = stream.plays.get(id);
      if (play === undefined) continue;
      const { session } = play;
      this.#guard(stream, play, () => {
        this.#forget(stream, play);
        session.refuse('kicked', 'an operator ended this play');
      });
      this.#tidy(stream);
      this.#telling.kicked(session);
      return true;
    }
    return false;
  }

  /** The stream's publisher or owners changed: every play of it goes on by the route that is right now. */
  reconsider(key: StreamKey): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) this.#parts.streams.ownersChanged(key);
    else this.#review.ownersChanged(stream);
  }

  /** The streams of plays that are other members' pulls of what this member publishes, once for each. */
  pulls(): StreamKey[] {
    return [...this.#streams.values()].flatMap(({ key, plays }) =>
      [...plays.values()]
        .filter(({ mark, state }) => mark === 'relay' && state !== 'passed-on-from-owner')
        .map(() => key),
    );
  }

  /** Ends what is passed on of other members: who pulls it goes on through another one. */
  endPassedOn(): void {
    for (const stream of [...this.#streams.values()]) {
      for (const play of [...stream.plays.values()]) {
        if (play.state !== 'passed-on-from-owner') continue;
        this.#guard(stream, play, () => this.#endPassedOn(stream, play, 'owner-unreachable'));
      }
    }
  }

  /** Refuses from now on, and ends everybody who is there. */
  stop(): void {
    this.#isStopping = true;
    this.#unsubscribe();
    this.#review.stop();
    for (const stream of [...this.#streams.values()]) {
      for (const play of [...stream.plays.values()]) {
        this.#guard(stream, play, () => {
          this.#forget(stream, play);
          play.session.end('stopping');
        });
      }
      this.#tidy(stream);
    }
  }

  /** One play's fault is not the others' of its stream. */
  #guard(stream: StreamPlays, play: Play, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#forget(stream, play);
      play.session.fault(error);
    }
  }

  #routeOf(play: Play): Route {
    return this.#routes.route(play.session, play.mark, isServed(play));
  }

  #redirectAgain(stream: StreamPlays, play: Play): void {
    const route = this.#routeOf(play);
    if (route.kind === 'redirect') this.#settle(stream, play, route);
  }

  #settle(stream: StreamPlays, play: Play, route = this.#routeOf(play)): void {
    const { session } = play;
    if (isPassedOn(play)) return;
    if (route.kind === 'redirect') {
      this.#forget(stream, play);
      this.#redirect(session, play.mark, route);
      return;
    }
    // What it got so far was this member's publisher, whose end it is to hear of as the end of its pull.
    const hasEnded = route.reason === 'passed-on' && play.told !== '';
    const settled = hasEnded ? REFUSE : route;
    if (this.#isEarly(play, settled)) {
      // Whose stream is open here hears of owners.
      this.#parts.streams.open(stream.key);
      stream.early.add(play);
      return;
    }
    stream.early.delete(play);
    // Nothing is to be done again for who goes on as before.
    if (this.#telling.routedAnew(play, settled)) this.#follow(stream, play, settled);
  }

  #follow(stream: StreamPlays, play: Play, route: Exclude<Route, { kind: 'redirect' }>): void {
    const { session } = play;
    switch (route.kind) {
      case 'local':
      case 'relay':
        if (route.reason === 'passed-on') {
          this.#passOn(stream, play, route.owners[0], 'passed-on-from-owner');
          return;
        }
        play.state = 'served';
        if (play.mark === 'relay' && !this.#routes.hasPublisher(stream.key))
          this.#passOn(stream, play, this.#routes.sibling(stream.key), 'passed-on-from-worker');
        else this.#serve(stream, play);
        return;
      case 'wait':
        this.#serve(stream, play);
        session.wait();
        return;
      case 'refuse':
        this.#forget(stream, play);
        if (route.reason === 'nobody-has-room')
          session.refuse('full', 'this member is full, and no other one has room; try again later');
        else session.refuse('relay-of-unowned', 'the stream is not published on this member');
    }
  }

  /** It may wait for word of its owner. */
  #isEarly({ session, told, state }: Play, { reason }: Route): boolean {
    const isRefusedFirst = reason === 'relay-of-unowned' && told === '' && state !== 'overdue';
    return isRefusedFirst && this.#routes.isOfUnknownOwner(session);
  }

  #redirect(session: PlaySession, mark: PlayMark, route: Extract<Route, { kind: 'redirect' }>): void {
    session.redirect(route.address);
    // Before the client can come back, which may be in the next read.
    this.#routes.redirected(session);
    const tell = (): void => this.#telling.routed(session, mark, route);
    if (this.#parts.afterAnswer === undefined) tell();
    else this.#parts.afterAnswer.do(tell);
  }

  /** Feeds the play with whatever its stream has, now or later. */
  #serve({ limits }: StreamPlays, play: Play): void {
    const stream = this.#parts.streams.open(play.session.key);
    if (play.mark === 'relay') stream.addPull(play.session, play.session.replayMs ?? 0);
    else stream.add(play.session);
    limits.add(play);
    limits.set(stream.source !== null);
  }

  /** Feeds another member's pull with the media of an owner that it cannot reach, or of another worker. */
  #passOn(
    stream: StreamPlays,
    play: Play,
    owner: RelayOwner | undefined,
    state: 'passed-on-from-owner' | 'passed-on-from-worker',
  ): void {
    if (owner === undefined) return;
    const { session } = play;
    play.state = state;
    // It may have waited until the other worker was known.
    stream.limits.delete(play);
    this.#parts.streams.get(session.key)?.remove(session);
    this.#parts.streams
      .open(session.key)
      .passOn(session, owner, session.replayMs ?? 0, (end) =>
        this.#guard(stream, play, () => this.#endPassedOn(stream, play, end)),
      );
  }

  #endPassedOn(stream: StreamPlays, play: Play, end: PassedOnEnd): void {
    this.#forget(stream, play);
    this.#tidy(stream);
    if (end === 'publisher-ended')
      play.session.refuse('relay-of-unowned', 'the stream is not published on its owner any more');
    else if (play.state === 'passed-on-from-worker')
      play.session.refuse(end, 'the worker that has the stream ended; pull again');
    else play.session.refuse(end, 'this member does not reach the owner; pull through another one');
  }

  #onSourceChanged(key: StreamKey, hasSource: boolean): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) return;
    stream.limits.set(hasSource);
    // Who played hears that it waits, and edges may be sent elsewhere.
    if (!hasSource) this.#review.sourceChanged(stream);
  }

  #giveUp(stream: StreamPlays, play: Play): void {
    const { session } = play;
    this.#forget(stream, play);
    this.#tidy(stream);
    this.#telling.timedOut(session);
    const what = this.#routes.isOwnedElsewhere(stream.key)
      ? 'no owner of the stream could be reached'
      : 'nobody published the stream';
    session.refuse('stream-not-found', `${what} within ${this.#rules.play.waitMs} ms`);
  }

  #forget(stream: StreamPlays, play: Play): void {
    stream.limits.delete(play);
    stream.early.delete(play);
    stream.plays.delete(play.session.id);
    this.#parts.streams.get(stream.key)?.remove(play.session);
  }

  #open(key: StreamKey): StreamPlays {
    const present = this.#streams.get(key);
    if (present !== undefined) return present;
    const limits = new WaitLimits<Play>(this.#rules.play.waitMs, (play) =>
      this.#guard(stream, play, () => this.#giveUp(stream, play)),
    );
    const early = new WaitLimits<Play>(EARLY_MS, (play) =>
      this.#guard(stream, play, () => {
        play.state = 'overdue';
        this.#settle(stream, play);
        this.#tidy(stream);
      }),
    );
    early.set(false);
    const unreviewed = { redirecting: null, settling: null };
    const stream: StreamPlays = { key, plays: new Map(), limits, early, unreviewed };
    this.#streams.set(key, stream);
    return stream;
  }

  /** Lets go of what no play needs any more. */
  #tidy(stream: StreamPlays): void {
    if (stream.plays.size > 0) return;
    if (this.#streams.get(stream.key) === stream) this.#streams.delete(stream.key);
    // A relay may linger, and is to hear of owners.
    this.#review.end(stream);
    this.#parts.streams.tidy(stream.key);
  }
}
