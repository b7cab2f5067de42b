import { isLive, type Owner, Slice, type StreamKey, type StreamKeys } from '@headwater/directory';
import type { MediaEventListener } from '../../media-event.js';
import type { MediaHost, MediaLog, PublisherView } from '../../media-host.js';
import type { PublisherFeed } from '../../stream/live-stream.js';
import type { StreamTable } from '../../stream/stream-table.js';
import { addressOf, limitedAddress } from '../client-address.js';
import { afterClosing, type Closing, type Departure, isClosedBefore } from './departure.js';
import { FlowClaim } from './flow-claim.js';
import type { ForwardDesk } from './forward-desk.js';
import { lostTo, othersOf, type PublishPolicy, sinceOf } from './publish-policy.js';
import { PublishRate } from './publish-rate.js';
import type {
  PublishAnswer,
  PublishEnd,
  PublishFeed,
  PublishRefusal,
  PublishSession,
} from './publish-session.js';
import { aboutPublisher, eventOfPublisher } from './publisher-about.js';
import { REFUSALS } from './refusals.js';
import { TakeoverPace } from './takeover-pace.js';

export interface PublishDeskParts {
  readonly streams: StreamTable;
  readonly host: Pick<
    MediaHost,
    | 'member'
    | 'owners'
    | 'onOwnersChanged'
    | 'claim'
    | 'release'
    | 'isDisputed'
    | 'workerOf'
    | 'publishElsewhere'
  >;
  /** Null: an edge refuses publishers, and an origin that drains as well. */
  readonly forwards: ForwardDesk | null;
  readonly log: MediaLog;
  /** A stream's publisher came or went here. */
  readonly onPublisherChanged: (key: StreamKey) => void;
  readonly tell?: MediaEventListener;
}

export interface PublishRules {
  /** False on an edge. */
  readonly acceptsPublishers: boolean;
  /** A publisher that sends no media for this long is closed. */
  readonly idleMs: number;
  /** Who may publish a stream that is published already; the same on every member. */
  readonly policy: (key: StreamKey) => PublishPolicy;
  /** How often one address may publish; absent: as often as it likes. */
  readonly publishesPerAddressPerMinute?: number;
}

interface Publish {
  readonly session: PublishSession;
  readonly source: PublisherFeed;
  readonly sinceMs: number;
  /** By the monotonic clock. */
  lastMediaMs: number;
  /** Whether its media flows, as the mesh is told. */
  readonly flow: FlowClaim;
  /** It was told that it has sent nothing since it was accepted. */
  isMuteTold: boolean;
  departure: Departure;
  /** Others know of it: at once, or where it goes on with another origin's publish as soon as its past is here. */
  isClaimed: boolean;
  /** It is being handed over to another origin. */
  handedOver: PublishFeed | null;
}

/** How long a publisher may take to send its first picture or sound before that is told. */
const MUTE_MS = 5000;

/**
 * Decides who may publish, and claims and releases for those who do. A stream has at most one publisher on this member:
 * the first one stays, unless `publish.policy` is `takeover`. The claim ends with the connection, there is no grace.
 */
export class PublishDesk {
  readonly #parts: PublishDeskParts;
  readonly #rules: PublishRules;
  readonly #publishes = new Map<StreamKey, Publish>();
  /** Whose media became better known since the last claim. */
  readonly #claimsDue = new Set<Publish>();
  readonly #pace = new TakeoverPace();
  readonly #rate: PublishRate | null;
  readonly #unsubscribe: () => void;
  #isStopping = false;
  /** While it is stopping, those that come are forwarded, and in the end those that are here. */
  #isForwarding = false;
  /** Counts drains and their cancellations. */
  #sweep = 0;

  constructor(parts: PublishDeskParts, rules: PublishRules) {
    this.#parts = parts;
    this.#rules = rules;
    const { publishesPerAddressPerMinute: perMinute } = rules;
    this.#rate = perMinute === undefined ? null : new PublishRate(perMinute);
    this.#unsubscribe = parts.host.onOwnersChanged((key) => this.#reconsider(key), this.#interest());
  }

  /** Of other streams, only claims that are named one by one: `takeover` counts how often each changes hands. */
  #interest(): StreamKeys {
    const publishes = this.#publishes;
    return {
      get size() {
        return publishes.size;
      },
      has: (key) => publishes.has(key) || this.#rules.policy(key) === 'takeover',
      keys: () => publishes.keys(),
    };
  }

  get count(): number {
    return this.#publishes.size + (this.#parts.forwards?.count ?? 0);
  }

  /** Publishers here that are forwarded to an origin. */
  get forwardCount(): number {
    return this.#parts.forwards?.count ?? 0;
  }

  /** Decides at once, but where another origin is asked; an accepted publisher's claim stands when this returns. */
  publish(session: PublishSession): PublishAnswer {
    const forwards = this.#forwardsFor(session);
    const code = (forwards === null ? this.#refusal(session) : null) ?? this.#rateRefusal(session);
    const about = aboutPublisher(session);
    if (code === null && forwards !== null) return { accepted: 'later', feed: forwards.publish(session) };
    if (code !== null) {
      this.#parts.log.info({ ...about, reason: code }, 'publish refused');
      this.#parts.tell?.({ kind: 'publish-refused', ...eventOfPublisher(session), reason: code });
      if (code === 'stopping') this.#askSession(session, this.#sweep);
      return { accepted: false, code, text: REFUSALS[code] };
    }
    const { key, remote, agent, protocol } = session;
    const before = this.#publishes.get(key);
    if (before !== undefined) this.#close(before, 'taken-over');
    const sinceMs = Math.max(
      sinceOf(this.#rules.policy(key), Date.now(), this.#others(session)),
      (before?.sinceMs ?? this.#ownSinceMs(key)) + 1,
    );
    const isReplayed = (session.forward?.replaces ?? null) !== null;
    const flow = new FlowClaim((isFlowing) => {
      try {
        this.#tellFlow(publish, isFlowing);
      } catch (error) {
        session.fault(error);
      }
    });
    const source = this.#parts.streams.open(key).publish(
      { remote, agent, protocol },
      {
        media: () => this.#claimSoon(publish),
        flow: (isFlowing) => flow.set(isFlowing, performance.now()),
        replayed: () => this.#claim(publish),
      },
      isReplayed,
    );
    const publish: Publish = {
      session,
      source,
      sinceMs,
      lastMediaMs: performance.now(),
      flow,
      isMuteTold: false,
      departure: 'staying',
      isClaimed: false,
      handedOver: null,
    };
    this.#publishes.set(key, publish);
    this.#pace.claimed(key, sinceMs, performance.now());
    this.#parts.log.info(about, 'publish accepted');
    this.#parts.tell?.({ kind: 'publish-started', ...eventOfPublisher(session) });
    if (!isReplayed) this.#claim(publish);
    return {
      accepted: true,
      feed: {
        push: (frame) => {
          if (isClosedBefore(publish.departure, frame, source.media.video !== undefined)) {
            this.#close(publish, 'reconnecting');
            return;
          }
          if (frame.kind !== 'data') publish.lastMediaMs = performance.now();
          source.push(frame);
          publish.handedOver?.push(frame);
        },
        end: () => {
          publish.handedOver?.end();
          this.#end(publish, 'connection-ended');
        },
      },
    };
  }

  /** Closes publishers that send nothing. To be called about once a second, with the monotonic clock. */
  endIdle(nowMs: number): void {
    this.#parts.forwards?.sweep(nowMs, this.#rules.idleMs);
    for (const publish of [...this.#publishes.values()]) {
      const silentMs = nowMs - publish.lastMediaMs;
      if (silentMs >= this.#rules.idleMs) this.#close(publish, 'idle');
      else if (silentMs >= MUTE_MS && !publish.flow.hasFlowed && !publish.isMuteTold) this.#tellMute(publish);
    }
  }

  #tellFlow(publish: Publish, isFlowing: boolean): void {
    // The first media is no news.
    if (!isFlowing) this.#parts.log.warn(aboutPublisher(publish.session), 'publisher silent');
    else if (publish.flow.hasFlowed || publish.isMuteTold) {
      this.#parts.log.warn(aboutPublisher(publish.session), 'publisher sends again');
    }
    this.#claimSoon(publish);
  }

  /** Encoders take a moment to begin; one that has sent nothing for long is told of once. */
  #tellMute(publish: Publish): void {
    publish.isMuteTold = true;
    this.#parts.log.warn({ ...aboutPublisher(publish.session), hasSent: false }, 'publisher silent');
  }

  /**
   * Refuses from now on; who is there stays. `forwards`: those that come are forwarded instead, where this member can, and
   * those that are there are not closed in the end, but handed over.
   */
  refuse(forwards = false): void {
    this.#isStopping = true;
    this.#isForwarding = forwards;
  }

  /** Takes publishers again; whoever is here still stays. */
  accept(): void {
    this.#isStopping = false;
    this.#isForwarding = false;
    this.#sweep += 1;
    this.#parts.forwards?.depart('staying', () => null);
    for (const publish of this.#publishes.values()) publish.departure = 'staying';
  }

  /** Asks those who understand it to go elsewhere: the first at once, and where they are many the others in slices. */
  askToReconnect(): void {
    this.#sweep += 1;
    // On an origin they have been forwarded since it drains.
    if (!this.#rules.acceptsPublishers)
      this.#parts.forwards?.depart('asked', (session) => this.#askSession(session, this.#sweep));
    this.#askSome(this.#publishes.values(), this.#sweep);
  }

  #askSome(publishes: Iterator<Publish>, sweep: number): void {
    const slice = new Slice(() => performance.now());
    for (let next = publishes.next(); next.done !== true; next = publishes.next()) {
      this.#askOne(next.value, sweep);
      if (!slice.isOver) continue;
      setImmediate(() => {
        // A cancelled drain asks nobody else.
        if (sweep === this.#sweep) this.#askSome(publishes, sweep);
      });
      return;
    }
  }

  #askOne(publish: Publish, sweep: number): void {
    const { session } = publish;
    // Who forwards it hears from the mesh that this member drains, and moves it.
    if (session.forward !== undefined) {
      publish.departure = 'asked';
      return;
    }
    try {
      const target = this.#askSession(session, sweep);
      if (target === null) return;
      publish.departure = 'asked';
      this.#parts.log.info({ ...aboutPublisher(session), target }, 'publisher asked to reconnect');
      this.#parts.tell?.({ kind: 'publish-asked-to-reconnect', ...eventOfPublisher(session), target });
    } catch (error) {
      session.fault(error);
    }
  }

  /** The name of the member that it was asked to go to; null where it was not asked. */
  #askSession({ key, reconnecting }: PublishSession, sweep: number): string | null {
    if (reconnecting === undefined) return null;
    const { reachedBy, isSecure } = reconnecting;
    const move = { key, isSecure, ...(reachedBy === undefined ? {} : { reachedBy }) };
    const target = this.#parts.host.publishElsewhere(move);
    if (target === null) return null;
    reconnecting.ask(target.address, sweep);
    return target.profile.name;
  }

  /** How many publishers were asked to reconnect and are here still. */
  get askedCount(): number {
    let count = 0;
    for (const { departure } of this.#publishes.values()) if (departure !== 'staying') count += 1;
    return count;
  }

  /** Whoever publishes here at the moment. */
  *publishers(): Iterable<PublisherView> {
    for (const { session, sinceMs, flow } of this.#publishes.values()) {
      const { id, key, protocol, remote, agent } = session;
      yield { id, key, protocol, remote, agent, sinceMs, isFlowing: flow.isFlowing };
    }
    yield* this.#parts.forwards?.publishers() ?? [];
  }

  /** Closes the publisher with this id. False where there is none. */
  kick(id: string): boolean {
    for (const publish of this.#publishes.values()) {
      if (publish.session.id !== id) continue;
      this.#close(publish, 'kicked');
      return true;
    }
    return this.#parts.forwards?.kick(id) ?? false;
  }

  /** Refuses from now on and closes who is there, releasing every claim. */
  stop(): void {
    this.refuse();
    this.#unsubscribe();
    this.#parts.forwards?.stop();
    for (const publish of this.#publishes.values()) this.#close(publish, 'stopping');
  }

  /**
   * Closes who is there, `others`: but those who were asked to reconnect, at their next keyframe; where this member forwards, they
   * are handed over instead. The first at once, and where they are many the others in slices.
   */
  close(closing: Closing): void {
    // What an origin forwards goes on until its end.
    if (!this.#rules.acceptsPublishers) this.#parts.forwards?.close(closing);
    this.#closeSome(this.#publishes.values(), closing, this.#sweep);
  }

  #closeSome(publishes: Iterator<Publish>, closing: Closing, sweep: number): void {
    const slice = new Slice(() => performance.now());
    for (let next = publishes.next(); next.done !== true; next = publishes.next()) {
      this.#leave(next.value, closing);
      if (!slice.isOver) continue;
      setImmediate(() => {
        if (sweep === this.#sweep) this.#closeSome(publishes, closing, sweep);
      });
      return;
    }
  }

  #leave(publish: Publish, closing: Closing): void {
    const { forwards } = this.#parts;
    if (closing === 'others' && this.#isForwarding && forwards !== null && !publish.session.forward) {
      this.#handOver(publish, forwards);
      return;
    }
    const after = afterClosing(publish.departure, closing);
    if (after === 'closed')
      this.#close(publish, publish.departure === 'staying' ? 'stopping' : 'reconnecting');
    else publish.departure = after;
  }

  /** It is published here until another origin has it: viewers go over to that one with the very next frame. */
  #handOver(publish: Publish, forwards: ForwardDesk): void {
    publish.departure = 'staying';
    publish.handedOver ??= forwards.handOver(
      publish.session,
      publish.source.past(),
      () => this.#end(publish, 'forwarded'),
      () => {
        publish.handedOver = null;
      },
    );
  }

  /**
   * Another worker of this member has the publisher that stays: both had accepted theirs at once, or its one is newer than the
   * one that claimed at `sinceMs`. Who took its place here meanwhile is not meant: that one's claim is judged by itself.
   */
  endOne(key: StreamKey, sinceMs: number, reason: 'already-published' | 'taken-over'): void {
    const publish = this.#publishes.get(key);
    if (publish !== undefined && publish.sinceMs <= sinceMs) this.#close(publish, reason);
  }

  /** Who forwards this publisher; null where it is to be published here, or refused. What is forwarded is not forwarded again. */
  #forwardsFor({ forward }: PublishSession): ForwardDesk | null {
    const isPassedOn = this.#rules.acceptsPublishers ? this.#isForwarding : !this.#isStopping;
    const { forwards } = this.#parts;
    return isPassedOn && forward === undefined && forwards?.isEnabled === true ? forwards : null;
  }

  #refusal(session: PublishSession): PublishRefusal | null {
    const { key } = session;
    if (this.#isStopping) return 'stopping';
    if (!this.#rules.acceptsPublishers) return 'not-an-origin';
    if (this.#parts.host.isDisputed()) return 'identity-disputed';
    const policy = this.#rules.policy(key);
    // A stream has one publisher on this member, whichever worker that came to.
    const isPublished = this.#publishes.has(key) || this.#parts.host.workerOf(key) !== null;
    if (isPublished && policy !== 'takeover') return 'already-published';
    if (policy === 'backup') return null;
    if (!isPublished && !this.#others(session).some((owner) => isLive(owner.liveness))) return null;
    if (policy === 'reject') return 'owned-elsewhere';
    this.#countClaims(key);
    return this.#pace.allows(key, performance.now()) ? null : 'contended';
  }

  /** Counts who is accepted otherwise: nobody else is told to the mesh. */
  #rateRefusal({ remote, forward }: PublishSession): PublishRefusal | null {
    // All that a member forwards comes from one address; it has counted its clients.
    if (this.#rate === null || forward !== undefined) return null;
    this.#rate.perMinute = this.#rules.publishesPerAddressPerMinute ?? Number.POSITIVE_INFINITY;
    const address = limitedAddress(addressOf(remote));
    return this.#rate.take(address, performance.now()) ? null : 'publish-rate';
  }

  /** Two origins may have accepted a publisher at once, or apart from each other: each compares the claims alike. */
  #reconsider(key: StreamKey): void {
    if (this.#rules.policy(key) === 'takeover') this.#countClaims(key);
    const publish = this.#publishes.get(key);
    if (publish === undefined) return;
    const { member } = this.#parts.host;
    const own = { member, claim: { key, sinceMs: publish.sinceMs, media: {} } };
    const code = lostTo(this.#rules.policy(key), own, this.#others(publish.session));
    if (code !== null) this.#close(publish, code);
  }

  /** Whoever has the stream now, another worker of this member as well. */
  #countClaims(key: StreamKey): void {
    for (const { claim } of this.#parts.host.owners(key))
      this.#pace.claimed(key, claim.sinceMs, performance.now());
  }

  /** When this member's claim began that stands now; another worker's, where one is taken over from there. */
  #ownSinceMs(key: StreamKey): number {
    const { host } = this.#parts;
    if (host.workerOf(key) === null) return 0;
    return host.owners(key).find(({ member }) => member === host.member)?.claim.sinceMs ?? 0;
  }

  /** Without the one whose place a forward takes: its claim is of this very publisher. */
  #others({ key, forward }: PublishSession): readonly Owner[] {
    const others = othersOf(this.#parts.host.owners(key), this.#parts.host.member);
    return forward === undefined ? others : others.filter(({ member }) => member !== forward.replaces);
  }

  /** Ends it from our side. */
  #close(publish: Publish, reason: PublishEnd): void {
    try {
      this.#end(publish, reason);
      publish.session.end(reason);
    } catch (error) {
      publish.session.fault(error);
    }
  }

  #end(publish: Publish, reason: string): void {
    const { session, source } = publish;
    if (this.#publishes.get(session.key) !== publish) return;
    this.#publishes.delete(session.key);
    if (reason !== 'forwarded') publish.handedOver?.end();
    publish.flow.stop();
    this.#parts.log.info({ ...aboutPublisher(session), reason }, 'publish ended');
    this.#parts.tell?.({ kind: 'publish-ended', ...eventOfPublisher(session), reason });
    source.end(() => {
      if (!publish.isClaimed) return;
      this.#parts.host.release(session.key);
      this.#parts.onPublisherChanged(session.key);
    });
    this.#parts.streams.tidy(session.key);
  }

  #claim(publish: Publish): void {
    const { session, sinceMs } = publish;
    publish.isClaimed = true;
    this.#parts.host.claim({ key: session.key, sinceMs, media: {}, silent: true });
    this.#parts.onPublisherChanged(session.key);
  }

  /** The first packets each tell something; one claim says it all. */
  #claimSoon(publish: Publish): void {
    if (this.#claimsDue.size === 0) setImmediate(() => this.#claimDue());
    this.#claimsDue.add(publish);
  }

  #claimDue(): void {
    const due = [...this.#claimsDue];
    this.#claimsDue.clear();
    for (const publish of due) {
      const { key } = publish.session;
      if (this.#publishes.get(key) !== publish || !publish.isClaimed) continue;
      const { source, flow, sinceMs } = publish;
      const silent = flow.isFlowing ? {} : { silent: true };
      try {
        this.#parts.host.claim({ key, sinceMs, media: source.media, ...silent });
      } catch (error) {
        publish.session.fault(error);
      }
    }
  }
}
