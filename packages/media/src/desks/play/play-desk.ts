import {
  type Owner,
  type PlayMark,
  type PlayRequest,
  type Route,
  type RouteReason,
  Slice,
  type StreamKey,
} from '@headwater/directory';
import type { MediaEventListener } from '../../media-event.js';
import type { MediaHost, MediaLog, MediaOptions } from '../../media-host.js';
import type { PassedOnEnd } from '../../stream/passed-on-relay.js';
import { fromWorker, type RelayOwner } from '../../stream/relay-owner.js';
import type { StreamTable } from '../../stream/stream-table.js';
import { addressOf } from '../client-address.js';
import { modeOf } from './app-play.js';
import type { ComingPlay, PlayAsker, PlaySession } from './play-session.js';
import { RedirectMemory } from './redirect-memory.js';
import { WaitLimits } from './wait-limits.js';

export interface PlayDeskParts {
  readonly streams: StreamTable;
  readonly host: Pick<
    MediaHost,
    'member' | 'route' | 'owners' | 'onOwnersChanged' | 'workerOf' | 'relayHead'
  >;
  readonly log: MediaLog;
  /** This member can take no more plays at the moment; absent: it always can. */
  readonly isFull?: () => boolean;
  readonly tell?: MediaEventListener;
  /** Does what an answer does not need; absent: it is done at once. */
  readonly afterAnswer?: { do(work: () => void): void };
}

export type PlayRules = Pick<MediaOptions, 'play' | 'apps'>;

/** One client's play, for as long as it is here. */
interface Play {
  readonly session: PlaySession;
  readonly mark: PlayMark;
  /** The route last taken, so that each is logged once. */
  told: string;
  /** It waited for word of its owner long enough. */
  isOverdue: boolean;
  /** It was given a stream: then it stays, however full members are. */
  isServed: boolean;
  /**
   * Whose media a relay of its own brings to this other member's pull: another owner's, or that of another worker here. No
   * change of owners moves it, it goes on until that ends. Null: it is fed as others are.
   */
  passedOnFrom: 'owner' | 'worker' | null;
}

/** All plays of one stream. */
interface StreamPlays {
  readonly key: StreamKey;
  readonly plays: Map<string, Play>;
  readonly limits: WaitLimits<Play>;
  /** Other members' pulls of an owner that is not known yet. */
  readonly early: WaitLimits<Play>;
  /** Those still to be looked at for whether they are sent away, before the stream hears of its new owners; null: none. */
  redirecting: Iterator<Play> | null;
  /** Those whose route is still to be looked at again; null: none. */
  unsettled: Iterator<Play> | null;
}

/** Plays whose route is looked at again in one slice, whatever the clock says. */
const PLAYS_MIN = 64;

/** Plays that can't be redirected, of which so many count as one in a slice. */
const PASSED_OVER_MAX = 256;

/** How long such a pull waits for word of its owner, ms: claims take milliseconds, and not the same to all members. */
const EARLY_MS = 1000;

const LOCAL: Route = { kind: 'local', reason: 'published-here' };
const WAIT: Route = { kind: 'wait', reason: 'not-published' };
const REFUSE: Route = { kind: 'refuse', reason: 'relay-of-unowned' };

/** Why a play may go elsewhere, or nowhere, though its stream is published here. */
const SENT_AWAY: ReadonlySet<RouteReason> = new Set([
  'full-other-owner',
  'full-other-member',
  'nobody-has-room',
  'draining-other-owner',
  'draining-other-member',
]);

/**
 * Takes plays of every protocol, asks where each goes, and does it. A play that was taken stays until its client
 * leaves: whenever its stream's owners change it goes on by the route that is right then.
 */
export class PlayDesk {
  readonly #parts: PlayDeskParts;
  readonly #rules: PlayRules;
  readonly #streams = new Map<StreamKey, StreamPlays>();
  readonly #redirects = new RedirectMemory();
  /** Streams with plays whose route is still to be looked at again, the next first. */
  readonly #unsettled = new Set<StreamPlays>();
  #next: NodeJS.Immediate | null = null;
  readonly #unsubscribe: () => void;
  #isStopping = false;

  constructor(parts: PlayDeskParts, rules: PlayRules) {
    this.#parts = parts;
    this.#rules = rules;
    parts.streams.onSourceChanged = (key, hasSource) => this.#onSourceChanged(key, hasSource);
    this.#unsubscribe = parts.host.onOwnersChanged((key) => this.reconsider(key), parts.streams);
  }

  /** A client wants to play. The session hears what becomes of it, at once or later, until `leave`. */
  play(session: PlaySession): void {
    if (this.#isStopping) {
      session.refuse('stopping', 'this member is stopping; play from another one');
      this.#tellRefused(session, 'stopping');
      return;
    }
    const mark = this.#markOf(session);
    // Who is sent away at once leaves nothing here.
    const taken = this.#route(session, mark);
    if (taken.kind === 'redirect') {
      this.#redirect(session, mark, taken);
      return;
    }
    const stream = this.#open(session.key);
    const play: Play = { session, mark, told: '', isOverdue: false, isServed: false, passedOnFrom: null };
    stream.plays.set(session.id, play);
    this.#settle(stream, play, taken);
    this.#tidy(stream);
  }

  /** Where such a play would go at the moment; nothing is kept or begun. Null where this member is stopping. */
  peek(asker: PlayAsker): Route | null {
    if (this.#isStopping) return null;
    return this.#route(asker, asker.mark);
  }

  /** Whether such a play would be redirected at the moment, and so not be served here. */
  isSentAway(asker: ComingPlay): boolean {
    return !this.#isStopping && this.#route(asker, this.#markOf(asker)).kind === 'redirect';
  }

  /** The session's connection ended, or it stopped playing. May be called more than once. */
  leave(session: PlaySession): void {
    const stream = this.#streams.get(session.key);
    const play = stream?.plays.get(session.id);
    if (stream === undefined || play?.session !== session) return;
    this.#forget(stream, play);
    this.#tidy(stream);
    const { key, remote, protocol, agent, queue } = session;
    const ids = idsOf(session);
    this.#parts.log.info(
      { key, ...ids, client: remote, protocol, agent, bytesOut: queue.sentBytes },
      'play ended',
    );
    this.#parts.tell?.({ kind: 'play-ended', ...eventOf(session), bytesOut: queue.sentBytes });
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
      const { key, remote, protocol, agent } = session;
      this.#parts.log.info({ key, ...idsOf(session), client: remote, protocol, agent }, 'player kicked');
      this.#parts.tell?.({ kind: 'play-ended', ...eventOf(session), bytesOut: session.queue.sentBytes });
      return true;
    }
    return false;
  }

  /**
   * The stream's publisher or owners changed: every play of it goes on by the route that is right now. Where they are
   * thousands, the first of them at once and the others in slices. Who is sent away needs no relay, and none is to be opened
   * for it: so the stream itself hears of it after those are gone.
   */
  reconsider(key: StreamKey): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) {
      this.#parts.streams.ownersChanged(key);
      return;
    }
    // Where that goes on already, all plays are looked at after it anyway: begun anew with each change it might never end.
    stream.redirecting ??= stream.plays.values();
    this.#settleSlice(stream);
  }

  /** The streams of plays that are other members' pulls of what this member publishes, once for each. */
  pulls(): StreamKey[] {
    return [...this.#streams.values()].flatMap(({ key, plays }) =>
      [...plays.values()]
        .filter(({ mark, passedOnFrom }) => mark === 'relay' && passedOnFrom !== 'owner')
        .map(() => key),
    );
  }

  /** Ends what is passed on of other members: who pulls it goes on through another one. */
  endPassedOn(): void {
    for (const stream of [...this.#streams.values()]) {
      for (const play of [...stream.plays.values()]) {
        if (play.passedOnFrom !== 'owner') continue;
        this.#guard(stream, play, () => this.#endPassedOn(stream, play, 'owner-unreachable'));
      }
    }
  }

  /** Refuses from now on, and ends everybody who is there. */
  stop(): void {
    this.#isStopping = true;
    this.#unsubscribe();
    if (this.#next !== null) clearImmediate(this.#next);
    this.#unsettled.clear();
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

  /** Of a client that keeps no mark, what this member remembers. */
  #markOf({ mark, forgetsMark, remote, key }: ComingPlay): PlayMark {
    const cameBack =
      mark === 'none' && forgetsMark && this.#redirects.has(addressOf(remote), key, performance.now());
    return cameBack ? 'redirected' : mark;
  }

  #resettle(stream: StreamPlays): void {
    stream.unsettled = stream.plays.values();
    this.#settleSlice(stream);
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

  /** Looks at some plays of a stream; the others' turn comes after that of other streams. */
  #settleSlice(stream: StreamPlays): void {
    this.#unsettled.delete(stream);
    if (this.#redirectSome(stream) && this.#settleSome(stream)) return;
    this.#unsettled.add(stream);
    this.#next ??= setImmediate(() => {
      this.#next = null;
      const [first] = this.#unsettled;
      if (first !== undefined) this.#settleSlice(first);
    });
  }

  /** Sends some away of those who follow. True where none of them is left: then the stream has heard of its owners. */
  #redirectSome(stream: StreamPlays): boolean {
    const slice = new Slice(() => performance.now(), PLAYS_MIN);
    while (stream.redirecting !== null) {
      if (slice.isOver) return false;
      const play = this.#nextToRedirect(stream.redirecting);
      if (play === 'none') this.#tellStream(stream);
      else if (play !== null) {
        this.#guard(stream, play, () => {
          const taken = this.#route(play.session, play.mark, play.isServed);
          if (taken.kind === 'redirect') this.#settle(stream, play, taken);
        });
      }
    }
    return true;
  }

  /** Passes over those who can't be sent away, which costs next to nothing. Null: some of these, and there are more. */
  #nextToRedirect(plays: Iterator<Play>): Play | null | 'none' {
    for (let left = PASSED_OVER_MAX; left > 0; left -= 1) {
      const next = plays.next();
      if (next.done === true) return 'none';
      const { key, canRedirectNow, followsRedirect } = next.value.session;
      if (canRedirectNow && (followsRedirect || modeOf(key, this.#rules) === 'redirect')) return next.value;
    }
    return null;
  }

  /** Whoever is to be sent away is gone: the stream hears of its owners, and then all plays are looked at. */
  #tellStream(stream: StreamPlays): void {
    stream.redirecting = null;
    stream.unsettled = stream.plays.values();
    this.#parts.streams.ownersChanged(stream.key);
  }

  /** Lets some go on by the route that is right now. True where all have been looked at. */
  #settleSome(stream: StreamPlays): boolean {
    const slice = new Slice(() => performance.now(), PLAYS_MIN);
    while (!slice.isOver) {
      // What is done for one play may lead to all of them being looked at anew.
      const next = stream.unsettled?.next();
      if (next === undefined || next.done === true) {
        stream.unsettled = null;
        this.#tidy(stream);
        return true;
      }
      const play = next.value;
      this.#guard(stream, play, () => this.#settle(stream, play));
    }
    return false;
  }

  #settle(
    stream: StreamPlays,
    play: Play,
    taken = this.#route(play.session, play.mark, play.isServed),
  ): void {
    const { session } = play;
    if (play.passedOnFrom !== null) return;
    if (taken.kind === 'redirect') {
      this.#forget(stream, play);
      this.#redirect(session, play.mark, taken);
      return;
    }
    // What it got so far was this member's publisher, whose end it is to hear of as the end of its pull.
    const hasEnded = taken.reason === 'passed-on' && play.told !== '';
    const settled = hasEnded ? REFUSE : taken;
    if (this.#isEarly(play, settled)) {
      // Whose stream is open here hears of owners.
      this.#parts.streams.open(stream.key);
      stream.early.add(play);
      return;
    }
    stream.early.delete(play);
    // Nothing is to be done again for who goes on as before.
    if (!this.#tell(play, settled)) return;
    switch (settled.kind) {
      case 'local':
      case 'relay':
        if (settled.reason === 'passed-on') {
          this.#passOn(stream, play, settled.owners[0], 'owner');
          return;
        }
        play.isServed = true;
        if (play.mark === 'relay' && !this.#hasPublisher(stream.key))
          this.#passOn(stream, play, this.#sibling(stream.key), 'worker');
        else this.#serve(stream, play);
        return;
      case 'wait':
        this.#serve(stream, play);
        session.wait();
        return;
      case 'refuse':
        this.#forget(stream, play);
        if (settled.reason === 'nobody-has-room')
          session.refuse('full', 'this member is full, and no other one has room; try again later');
        else session.refuse('relay-of-unowned', 'the stream is not published on this member');
    }
  }

  /** Another member pulls through this one, which may have heard less of the owner so far. */
  #isEarly({ session, told, isOverdue }: Play, { reason }: Route): boolean {
    if (reason !== 'relay-of-unowned' || this.#parts.host.relayHead === undefined) return false;
    if (session.relayOf === undefined || told !== '' || isOverdue) return false;
    return !this.#others(session.key).some(({ member }) => member === session.relayOf);
  }

  #redirect(session: PlaySession, mark: PlayMark, taken: Extract<Route, { kind: 'redirect' }>): void {
    session.redirect(taken.address);
    // Before the client can come back, which may be in the next read.
    if (session.forgetsMark)
      this.#redirects.remember(addressOf(session.remote), session.key, performance.now());
    const log = (): void => this.#log(session, mark, taken);
    if (this.#parts.afterAnswer === undefined) log();
    else this.#parts.afterAnswer.do(log);
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
    from: NonNullable<Play['passedOnFrom']>,
  ): void {
    if (owner === undefined) return;
    const { session } = play;
    play.passedOnFrom = from;
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
    else if (play.passedOnFrom === 'worker')
      play.session.refuse(end, 'the worker that has the stream ended; pull again');
    else play.session.refuse(end, 'this member does not reach the owner; pull through another one');
  }

  #onSourceChanged(key: StreamKey, hasSource: boolean): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) return;
    stream.limits.set(hasSource);
    // Who played hears that it waits, and edges may be sent elsewhere.
    if (!hasSource) this.#resettle(stream);
  }

  /** Where this play goes now. Our own publisher counts before anything that is said of us. */
  #route(asker: PlayAsker, mark: PlayMark, isServed = false): Route {
    const { key } = asker;
    if (!this.#hasPublisher(key)) return this.#routeElsewhere(asker, mark, isServed);
    if (isServed) return LOCAL;
    const answer = this.#ask(asker, mark, isServed);
    return SENT_AWAY.has(answer.reason) ? answer : LOCAL;
  }

  #routeElsewhere(asker: PlayAsker, mark: PlayMark, isServed: boolean): Route {
    const { key } = asker;
    const answer = this.#ask(asker, mark, isServed);
    if (answer.kind === 'local') return this.#sibling(key) === undefined ? WAIT : answer;
    // The owners are gone from the directory, yet media flows: a mesh that lost sight of them must not cut it.
    if (answer.kind === 'wait' && this.#parts.streams.get(key)?.source?.kind === 'relay')
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
      isFull: this.#parts.isFull?.(),
    };
    return this.#parts.host.route(request);
  }

  /** Logs a route that this play did not have before, and says whether it is one. */
  #tell(play: Play, taken: Route): boolean {
    const target = targetOf(taken);
    const told = taken.kind === 'relay' ? taken.kind : `${taken.kind} ${target}`;
    if (told === play.told) return false;
    play.told = told;
    this.#log(play.session, play.mark, taken);
    return true;
  }

  #log(session: PlaySession, mark: PlayMark, taken: Route): void {
    const target = targetOf(taken);
    this.#parts.log.info(
      {
        route: taken.kind,
        reason: taken.reason,
        key: session.key,
        ...idsOf(session),
        client: session.remote,
        protocol: session.protocol,
        agent: session.agent,
        mark,
        ...(target === '' ? {} : { target }),
      },
      'play routed',
    );
    const { tell } = this.#parts;
    if (tell === undefined) return;
    if (taken.kind === 'refuse') this.#tellRefused(session, taken.reason);
    else {
      const name = taken.kind === 'redirect' ? taken.target.profile.name : target;
      const route = { kind: 'route-given', route: taken.kind, reason: taken.reason } as const;
      tell({ ...route, ...eventOf(session), ...(name === '' ? {} : { target: name }) });
    }
  }

  #tellRefused(session: PlaySession, reason: string): void {
    this.#parts.tell?.({ kind: 'play-refused', ...eventOf(session), reason });
  }

  #giveUp(stream: StreamPlays, play: Play): void {
    const { session } = play;
    this.#forget(stream, play);
    this.#tidy(stream);
    this.#parts.log.info(
      { key: stream.key, ...idsOf(session), client: session.remote, reason: 'wait-limit' },
      'player timed out waiting for stream',
    );
    this.#tellRefused(session, 'wait-limit');
    const isOwned = this.#others(stream.key).length > 0 || this.#sibling(stream.key) !== undefined;
    const what = isOwned ? 'no owner of the stream could be reached' : 'nobody published the stream';
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
        play.isOverdue = true;
        this.#settle(stream, play);
        this.#tidy(stream);
      }),
    );
    early.set(false);
    const stream: StreamPlays = { key, plays: new Map(), limits, early, redirecting: null, unsettled: null };
    this.#streams.set(key, stream);
    return stream;
  }

  /** Lets go of what no play needs any more. */
  #tidy(stream: StreamPlays): void {
    if (stream.plays.size > 0) return;
    this.#unsettled.delete(stream);
    if (this.#streams.get(stream.key) === stream) this.#streams.delete(stream.key);
    // A relay may linger.
    if (stream.redirecting !== null) this.#tellStream(stream);
    this.#parts.streams.tidy(stream.key);
  }

  #hasPublisher(key: StreamKey): boolean {
    return this.#parts.streams.get(key)?.hasPublisher ?? false;
  }

  /** The other worker of this member that has the publisher, as whom to pull from. */
  #sibling(key: StreamKey): RelayOwner | undefined {
    const { host } = this.#parts;
    const worker = host.workerOf(key);
    if (worker === null) return undefined;
    const own = host.owners(key).find(({ member }) => member === host.member);
    return own === undefined ? undefined : fromWorker(own, worker);
  }

  #others(key: StreamKey): readonly Owner[] {
    return this.#parts.host.owners(key).filter((owner) => owner.member !== this.#parts.host.member);
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

function targetOf(taken: Route): string {
  if (taken.kind === 'redirect') return `${taken.target.profile.name} ${taken.address.host}`;
  if (taken.kind === 'relay') return taken.owners[0]?.profile.name ?? '';
  return '';
}
