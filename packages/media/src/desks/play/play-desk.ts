import type { Owner, PlayMark, PlayRequest, Route, StreamKey } from '@headwater/directory';
import type { MediaHost, MediaLog, MediaOptions } from '../../media-host.js';
import type { PassedOnEnd } from '../../stream/passed-on-relay.js';
import type { StreamTable } from '../../stream/stream-table.js';
import { addressOf } from '../client-address.js';
import { modeOf } from './app-play.js';
import type { PlayAsker, PlaySession } from './play-session.js';
import { RedirectMemory } from './redirect-memory.js';
import { WaitLimit } from './wait-limit.js';

export interface PlayDeskParts {
  readonly streams: StreamTable;
  readonly host: Pick<MediaHost, 'member' | 'route' | 'owners' | 'onOwnersChanged'>;
  readonly log: MediaLog;
}

export type PlayRules = Pick<MediaOptions, 'play' | 'apps'>;

/** One client's play, for as long as it is here. */
interface Play {
  readonly session: PlaySession;
  readonly mark: PlayMark;
  /** The route last taken, so that each is logged once. */
  told: string;
  /** It is another member's pull that a relay of its own feeds: no change of owners moves it, it goes on until that ends. */
  isPassedOn: boolean;
  readonly limit: WaitLimit;
}

/** All plays of one stream. */
interface StreamPlays {
  readonly key: StreamKey;
  readonly plays: Map<string, Play>;
}

const LOCAL: Route = { kind: 'local', reason: 'published-here' };
const WAIT: Route = { kind: 'wait', reason: 'not-published' };
const REFUSE: Route = { kind: 'refuse', reason: 'relay-of-unowned' };

/**
 * Takes plays of every protocol, asks where each goes, and does it. A play that was taken stays until its client
 * leaves: whenever its stream's owners change it goes on by the route that is right then.
 */
export class PlayDesk {
  readonly #parts: PlayDeskParts;
  readonly #rules: PlayRules;
  readonly #streams = new Map<StreamKey, StreamPlays>();
  readonly #redirects = new RedirectMemory();
  readonly #unsubscribe: () => void;
  #isStopping = false;

  constructor(parts: PlayDeskParts, rules: PlayRules) {
    this.#parts = parts;
    this.#rules = rules;
    parts.streams.onSourceChanged = (key, hasSource) => this.#onSourceChanged(key, hasSource);
    this.#unsubscribe = parts.host.onOwnersChanged((key) => this.reconsider(key));
  }

  /** A client wants to play. The session hears what becomes of it, at once or later, until `leave`. */
  play(session: PlaySession): void {
    if (this.#isStopping) {
      session.refuse('stopping', 'this member is stopping; play from another one');
      return;
    }
    const cameBack =
      session.mark === 'none' &&
      session.forgetsMark &&
      this.#redirects.has(addressOf(session.remote), session.key, performance.now());
    const mark = cameBack ? 'redirected' : session.mark;
    // Who is sent away at once leaves nothing here.
    const taken = this.#route(session, mark);
    if (taken.kind === 'redirect') {
      this.#redirect(session, mark, taken);
      return;
    }
    const stream = this.#open(session.key);
    const limit = new WaitLimit(this.#rules.play.waitMs, () =>
      this.#guard(stream, play, () => this.#giveUp(stream, play)),
    );
    const play: Play = { session, mark, told: '', isPassedOn: false, limit };
    stream.plays.set(session.id, play);
    this.#settle(stream, play, taken);
    this.#tidy(stream);
  }

  /** Where such a play would go at the moment; nothing is kept or begun. Null where this member is stopping. */
  peek(asker: PlayAsker): Route | null {
    if (this.#isStopping) return null;
    return this.#route(asker, asker.mark);
  }

  /** The session's connection ended, or it stopped playing. May be called more than once. */
  leave(session: PlaySession): void {
    const stream = this.#streams.get(session.key);
    const play = stream?.plays.get(session.id);
    if (stream === undefined || play?.session !== session) return;
    this.#forget(stream, play);
    this.#tidy(stream);
    const { key, remote, protocol, agent, queue } = session;
    this.#parts.log.info({ key, client: remote, protocol, agent, bytesOut: queue.sentBytes }, 'play ended');
  }

  /** The stream's publisher or owners changed: every play of it goes on by the route that is right now. */
  reconsider(key: StreamKey): void {
    const stream = this.#streams.get(key);
    // Who is sent away needs no relay, and none is to be opened for it.
    if (stream !== undefined) this.#redirectWhoFollows(stream);
    this.#parts.streams.ownersChanged(key);
    if (stream !== undefined) this.#resettle(stream);
  }

  /** The streams of plays that are other members' pulls of what is published here, once for each. */
  pulls(): StreamKey[] {
    return [...this.#streams.values()].flatMap(({ key, plays }) =>
      [...plays.values()].filter(({ mark, isPassedOn }) => mark === 'relay' && !isPassedOn).map(() => key),
    );
  }

  /** Ends what is passed on to other members: they go on through another one. */
  endPassedOn(): void {
    for (const stream of [...this.#streams.values()]) {
      for (const play of [...stream.plays.values()]) {
        if (!play.isPassedOn) continue;
        this.#guard(stream, play, () => this.#endPassedOn(stream, play, 'owner-unreachable'));
      }
    }
  }

  /** Refuses from now on, and ends everybody who is there. */
  stop(): void {
    this.#isStopping = true;
    this.#unsubscribe();
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

  #resettle(stream: StreamPlays): void {
    for (const play of [...stream.plays.values()]) {
      if (stream.plays.has(play.session.id)) this.#guard(stream, play, () => this.#settle(stream, play));
    }
    this.#tidy(stream);
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

  #redirectWhoFollows(stream: StreamPlays): void {
    const mayAll = modeOf(stream.key, this.#rules) === 'redirect';
    for (const play of [...stream.plays.values()]) {
      const { canRedirectNow, followsRedirect } = play.session;
      if (!canRedirectNow || !(mayAll || followsRedirect)) continue;
      this.#guard(stream, play, () => {
        if (this.#route(play.session, play.mark).kind === 'redirect') this.#settle(stream, play);
      });
    }
  }

  #settle(stream: StreamPlays, play: Play, taken = this.#route(play.session, play.mark)): void {
    const { session } = play;
    if (play.isPassedOn) return;
    if (taken.kind === 'redirect') {
      this.#forget(stream, play);
      this.#redirect(session, play.mark, taken);
      return;
    }
    // What it got so far was this member's publisher, whose end it is to hear of as the end of its pull.
    const hasEnded = taken.reason === 'passed-on' && play.told !== '';
    if (hasEnded || taken.kind === 'refuse') {
      this.#tell(play, hasEnded ? REFUSE : taken);
      this.#forget(stream, play);
      session.refuse('relay-of-unowned', 'the stream is not published on this member');
      return;
    }
    const isNew = this.#tell(play, taken);
    switch (taken.kind) {
      case 'local':
        this.#serve(play);
        return;
      case 'relay':
        if (taken.reason === 'passed-on') this.#passOn(stream, play, taken.owners[0]);
        else this.#serve(play);
        return;
      case 'wait':
        this.#serve(play);
        if (isNew) session.wait();
    }
  }

  #redirect(session: PlaySession, mark: PlayMark, taken: Extract<Route, { kind: 'redirect' }>): void {
    if (session.forgetsMark)
      this.#redirects.remember(addressOf(session.remote), session.key, performance.now());
    session.redirect(taken.address);
    // After the answer: a line in the log takes longer than everything else here.
    this.#log(session, mark, taken);
  }

  /** Feeds the play with whatever its stream has, now or later. */
  #serve(play: Play): void {
    const stream = this.#parts.streams.open(play.session.key);
    if (play.mark === 'relay') stream.addPull(play.session, play.session.replayMs ?? 0);
    else stream.add(play.session);
    play.limit.set(stream.source !== null);
  }

  /** Feeds another member's pull with the media of an owner that it cannot reach. */
  #passOn(stream: StreamPlays, play: Play, owner: Owner | undefined): void {
    if (owner === undefined) return;
    const { session } = play;
    play.isPassedOn = true;
    play.limit.set(true);
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
    else play.session.refuse(end, 'this member does not reach the owner; pull through another one');
  }

  #onSourceChanged(key: StreamKey, hasSource: boolean): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) return;
    for (const play of stream.plays.values()) if (!play.isPassedOn) play.limit.set(hasSource);
    // Who played hears that it waits, and edges may be sent elsewhere.
    if (!hasSource) this.#resettle(stream);
  }

  /** Where this play goes now. Our own publisher counts before anything that is said of us. */
  #route(asker: PlayAsker, mark: PlayMark): Route {
    const { key } = asker;
    if (this.#hasPublisher(key)) return LOCAL;
    const mode = modeOf(key, this.#rules);
    const request: PlayRequest = {
      key,
      protocol: asker.protocol,
      // One who can't be redirected any more is relayed.
      followsRedirect: asker.followsRedirect && asker.canRedirectNow,
      mark,
      ...(asker.relayOf === undefined ? {} : { relayOf: asker.relayOf }),
      ...(asker.reachedBy === undefined ? {} : { reachedBy: asker.reachedBy }),
      mode: mode === 'redirect' && !asker.canRedirectNow ? 'auto' : mode,
    };
    const answer = this.#parts.host.route(request);
    if (answer.kind === 'local') return WAIT;
    // The owners are gone from the directory, yet media flows: a mesh that lost sight of them must not cut it.
    if (answer.kind === 'wait' && this.#parts.streams.get(asker.key)?.source?.kind === 'relay')
      return { kind: 'relay', reason: 'client-follows-no-redirects', owners: [] };
    return answer;
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
        client: session.remote,
        protocol: session.protocol,
        agent: session.agent,
        mark,
        ...(target === '' ? {} : { target }),
      },
      'play routed',
    );
  }

  #giveUp(stream: StreamPlays, play: Play): void {
    const { session } = play;
    this.#forget(stream, play);
    this.#tidy(stream);
    this.#parts.log.info(
      { key: stream.key, client: session.remote, reason: 'wait-limit' },
      'player timed out waiting for stream',
    );
    const isOwned = this.#others(stream.key).length > 0;
    const what = isOwned ? 'no owner of the stream could be reached' : 'nobody published the stream';
    session.refuse('stream-not-found', `${what} within ${this.#rules.play.waitMs} ms`);
  }

  #forget(stream: StreamPlays, play: Play): void {
    play.limit.clear();
    stream.plays.delete(play.session.id);
    this.#parts.streams.get(stream.key)?.remove(play.session);
  }

  #open(key: StreamKey): StreamPlays {
    const present = this.#streams.get(key);
    if (present !== undefined) return present;
    const stream: StreamPlays = { key, plays: new Map() };
    this.#streams.set(key, stream);
    return stream;
  }

  /** Lets go of what no play needs any more. */
  #tidy(stream: StreamPlays): void {
    if (stream.plays.size > 0) return;
    if (this.#streams.get(stream.key) === stream) this.#streams.delete(stream.key);
    this.#parts.streams.tidy(stream.key);
  }

  #hasPublisher(key: StreamKey): boolean {
    return this.#parts.streams.get(key)?.hasPublisher ?? false;
  }

  #others(key: StreamKey): readonly Owner[] {
    return this.#parts.host.owners(key).filter((owner) => owner.member !== this.#parts.host.member);
  }
}

function targetOf(taken: Route): string {
  if (taken.kind === 'redirect') return `${taken.owner.profile.name} ${taken.address.host}`;
  if (taken.kind === 'relay') return taken.owners[0]?.profile.name ?? '';
  return '';
}
