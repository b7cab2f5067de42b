import { isLive, type Owner, Slice, type StreamKey, type StreamKeys } from '@headwater/directory';
import type { MediaEventListener } from '../../media-event.js';
import type { MediaHost, MediaLog, PublisherView } from '../../media-host.js';
import type { PublisherFeed } from '../../stream/live-stream.js';
import type { StreamTable } from '../../stream/stream-table.js';
import { addressOf, limitedAddress } from '../client-address.js';
import { afterClosing, type Closing, type Departure, isClosedBefore } from './departure.js';
import { FlowClaim } from './flow-claim.js';
import { lostTo, othersOf, type PublishPolicy, sinceOf } from './publish-policy.js';
import { PublishRate } from './publish-rate.js';
import type { PublishAnswer, PublishEnd, PublishRefusal, PublishSession } from './publish-session.js';
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
}

/** How long a publisher may take to send its first picture or sound before that is told. */
const MUTE_MS = 5000;

const REFUSALS: Readonly<Record<PublishRefusal, string>> = {
  'already-published':
    'somebody publishes this stream on this origin already; stop that one or use another name',
  'owned-elsewhere':
    'somebody publishes this stream on another origin, and publish.policy lets only one; stop that one or use another name',
  contended:
    'somebody publishes this stream, and it changed hands too often lately: encoders that reconnect by themselves take it from each other; stop one of them, or try again when nobody has for a minute',
  'not-an-origin': 'this member is an edge and takes no publishers; publish to an origin',
  'identity-disputed':
    'another process runs with the identity of this origin, so nobody could see the stream; publish to another one',
  'publish-rate':
    'this address has published too often within a minute (limits.publishesPerAddressPerMinute; behind a balancer or NAT all publishers share one); wait some seconds, or publish to another origin',
  stopping: 'this origin is stopping; publish to another one',
};

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
    return this.#publishes.size;
  }

  /** Decides at once; an accepted publisher's claim stands when this returns. */
  publish(session: PublishSession): PublishAnswer {
    const code = this.#refusal(session.key) ?? this.#rateRefusal(session.remote);
    const about = describe(session);
    if (code !== null) {
      this.#parts.log.info({ ...about, reason: code }, 'publish refused');
      this.#parts.tell?.({ kind: 'publish-refused', ...eventOf(session), reason: code });
      if (code === 'stopping') this.#askSession(session, this.#sweep);
      return { accepted: false, code, text: REFUSALS[code] };
    }
    const { key, remote, agent, protocol } = session;
    const before = this.#publishes.get(key);
    if (before !== undefined) this.#close(before, 'taken-over');
    const sinceMs = Math.max(
      sinceOf(this.#rules.policy(key), Date.now(), this.#others(key)),
      (before?.sinceMs ?? this.#ownSinceMs(key)) + 1,
    );
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
      },
    );
    const publish: Publish = {
      session,
      source,
      sinceMs,
      lastMediaMs: performance.now(),
      flow,
      isMuteTold: false,
      departure: 'staying',
    };
    this.#publishes.set(key, publish);
    this.#pace.claimed(key, sinceMs, performance.now());
    this.#parts.log.info(about, 'publish accepted');
    this.#parts.tell?.({ kind: 'publish-started', ...eventOf(session) });
    this.#parts.host.claim({ key, sinceMs, media: {}, silent: true });
    this.#parts.onPublisherChanged(key);
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
        },
        end: () => this.#end(publish, 'connection-ended'),
      },
    };
  }

  /** Closes publishers that send nothing. To be called about once a second, with the monotonic clock. */
  endIdle(nowMs: number): void {
    for (const publish of [...this.#publishes.values()]) {
      const silentMs = nowMs - publish.lastMediaMs;
      if (silentMs >= this.#rules.idleMs) this.#close(publish, 'idle');
      else if (silentMs >= MUTE_MS && !publish.flow.hasFlowed && !publish.isMuteTold) this.#tellMute(publish);
    }
  }

  #tellFlow(publish: Publish, isFlowing: boolean): void {
    // The first media is no news.
    if (!isFlowing) this.#parts.log.warn(describe(publish.session), 'publisher silent');
    else if (publish.flow.hasFlowed || publish.isMuteTold) {
      this.#parts.log.warn(describe(publish.session), 'publisher sends again');
    }
    this.#claimSoon(publish);
  }

  /** Encoders take a moment to begin; one that has sent nothing for long is told of once. */
  #tellMute(publish: Publish): void {
    publish.isMuteTold = true;
    this.#parts.log.warn({ ...describe(publish.session), hasSent: false }, 'publisher silent');
  }

  /** Refuses from now on; who is there stays. */
  refuse(): void {
    this.#isStopping = true;
  }

  /** Takes publishers again; whoever is here still stays. */
  accept(): void {
    this.#isStopping = false;
    this.#sweep += 1;
    for (const publish of this.#publishes.values()) publish.departure = 'staying';
  }

  /** Asks those who understand it to go elsewhere: the first at once, and where they are many the others in slices. */
  askToReconnect(): void {
    this.#sweep += 1;
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
    try {
      const target = this.#askSession(session, sweep);
      if (target === null) return;
      publish.departure = 'asked';
      this.#parts.log.info({ ...describe(session), target }, 'publisher asked to reconnect');
      this.#parts.tell?.({ kind: 'publish-asked-to-reconnect', ...eventOf(session), target });
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
  }

  /** Closes the publisher with this id. False where there is none. */
  kick(id: string): boolean {
    for (const publish of this.#publishes.values()) {
      if (publish.session.id !== id) continue;
      this.#close(publish, 'kicked');
      return true;
    }
    return false;
  }

  /** Refuses from now on and closes who is there, releasing every claim. */
  stop(): void {
    this.refuse();
    this.#unsubscribe();
    for (const publish of this.#publishes.values()) this.#close(publish, 'stopping');
  }

  /**
   * Closes who is there, `others`: but those who were asked to reconnect, at their next keyframe. The first at once, and where
   * they are many the others in slices.
   */
  close(closing: Closing): void {
    this.#closeSome(this.#publishes.values(), closing, this.#sweep);
  }

  #closeSome(publishes: Iterator<Publish>, closing: Closing, sweep: number): void {
    const slice = new Slice(() => performance.now());
    for (let next = publishes.next(); next.done !== true; next = publishes.next()) {
      const publish = next.value;
      const after = afterClosing(publish.departure, closing);
      if (after === 'closed')
        this.#close(publish, publish.departure === 'staying' ? 'stopping' : 'reconnecting');
      else publish.departure = after;
      if (!slice.isOver) continue;
      setImmediate(() => {
        if (sweep === this.#sweep) this.#closeSome(publishes, closing, sweep);
      });
      return;
    }
  }

  /** Another worker of this member has the publisher that stays: both had accepted theirs at once, or its one is newer. */
  endOne(key: StreamKey, reason: 'already-published' | 'taken-over'): void {
    const publish = this.#publishes.get(key);
    if (publish !== undefined) this.#close(publish, reason);
  }

  #refusal(key: StreamKey): PublishRefusal | null {
    if (this.#isStopping) return 'stopping';
    if (!this.#rules.acceptsPublishers) return 'not-an-origin';
    if (this.#parts.host.isDisputed()) return 'identity-disputed';
    const policy = this.#rules.policy(key);
    // A stream has one publisher on this member, whichever worker that came to.
    const isPublished = this.#publishes.has(key) || this.#parts.host.workerOf(key) !== null;
    if (isPublished && policy !== 'takeover') return 'already-published';
    if (policy === 'backup') return null;
    if (!isPublished && !this.#others(key).some((owner) => isLive(owner.liveness))) return null;
    if (policy === 'reject') return 'owned-elsewhere';
    this.#countClaims(key);
    return this.#pace.allows(key, performance.now()) ? null : 'contended';
  }

  /** Counts who is accepted otherwise: nobody else is told to the mesh. */
  #rateRefusal(remote: string): PublishRefusal | null {
    if (this.#rate === null) return null;
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
    const code = lostTo(this.#rules.policy(key), own, this.#others(key));
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

  #others(key: StreamKey): readonly Owner[] {
    return othersOf(this.#parts.host.owners(key), this.#parts.host.member);
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
    publish.flow.stop();
    this.#parts.log.info({ ...describe(session), reason }, 'publish ended');
    this.#parts.tell?.({ kind: 'publish-ended', ...eventOf(session), reason });
    source.end(() => {
      this.#parts.host.release(session.key);
      this.#parts.onPublisherChanged(session.key);
    });
    this.#parts.streams.tidy(session.key);
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
      if (this.#publishes.get(key) !== publish) continue;
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

const eventOf = ({ id, key, remote, protocol }: PublishSession) => ({ id, key, client: remote, protocol });

function describe(session: PublishSession): object {
  const { key, id, remote: client, protocol, agent } = session;
  return { key, id, client, protocol, agent };
}
