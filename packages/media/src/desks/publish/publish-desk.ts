import type { StreamKey, StreamKeys } from '@headwater/directory';
import type { MediaEventListener } from '../../media-event.js';
import type { MediaHost } from '../../media-host.js';
import type { MediaLog } from '../../media-log.js';
import type { PublisherView } from '../../media-views.js';
import type { StreamTable } from '../../stream/stream-table.js';
import { isMedia } from '../../wire/make-frame.js';
import { type Closing, isClosedBefore } from './departure.js';
import { FlowClaim } from './flow-claim.js';
import type { ForwardDesk } from './forward-desk.js';
import type { Publish } from './publish.js';
import { PublishClaims } from './publish-claims.js';
import { type PermissionRules, PublishPermission } from './publish-permission.js';
import type { PublishAnswer, PublishEnd, PublishRefusal, PublishSession } from './publish-session.js';
import { aboutPublisher, eventOfPublisher } from './publisher-about.js';
import { PublisherDepartures } from './publisher-departures.js';
import { REFUSALS } from './refusals.js';

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

export interface PublishRules extends PermissionRules {
  /** A publisher that sends no media for this long is closed. */
  readonly idleMs: number;
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
  readonly #permission: PublishPermission;
  readonly #claims: PublishClaims;
  readonly #departures: PublisherDepartures;
  readonly #unsubscribe: () => void;
  #isStopping = false;
  /** While it is stopping, those that come are forwarded, and in the end those that are here. */
  #isForwarding = false;

  constructor(parts: PublishDeskParts, rules: PublishRules) {
    this.#parts = parts;
    this.#rules = rules;
    const { host, forwards, log, tell, onPublisherChanged } = parts;
    const publishes = this.#publishes;
    this.#permission = new PublishPermission(host, rules, publishes);
    this.#claims = new PublishClaims(host, onPublisherChanged, (publish) => this.#isHere(publish));
    this.#departures = new PublisherDepartures({
      publishes: { [Symbol.iterator]: () => publishes.values() },
      host,
      forwards,
      acceptsPublishers: rules.acceptsPublishers,
      log,
      ...(tell === undefined ? {} : { tell }),
      close: (publish, reason) => this.#close(publish, reason),
      onForwarded: (publish) => this.#end(publish, 'forwarded'),
    });
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
    const code = (forwards === null ? this.#refusal(session) : null) ?? this.#permission.rateRefusal(session);
    if (code === null && forwards !== null) return { accepted: 'later', feed: forwards.publish(session) };
    if (code !== null) return this.#refuse(session, code);
    const { key, remote, agent, protocol } = session;
    const sinceMs = this.#permission.accept(session);
    const before = this.#publishes.get(key);
    if (before !== undefined) this.#close(before, 'taken-over');
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
        media: () => this.#claims.claimSoon(publish),
        flow: (isFlowing) => flow.set(isFlowing, performance.now()),
        replayed: () => this.#claims.claim(publish),
      },
      isReplayed,
    );
    const publish: Publish = {
      session,
      source,
      sinceMs,
      lastMediaMs: performance.now(),
      bytesIn: 0,
      flow,
      isMuteTold: false,
      departure: 'staying',
      isClaimed: false,
      handedOver: null,
    };
    this.#publishes.set(key, publish);
    this.#parts.log.info(aboutPublisher(session), 'publish accepted');
    this.#parts.tell?.({ kind: 'publish-started', ...eventOfPublisher(session) });
    if (!isReplayed) this.#claims.claim(publish);
    return {
      accepted: true,
      feed: {
        push: (frame) => {
          if (isClosedBefore(publish.departure, frame, source.media.video !== undefined)) {
            this.#close(publish, 'reconnecting');
            return;
          }
          if (isMedia(frame)) publish.lastMediaMs = performance.now();
          publish.bytesIn += frame.payload.length;
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
    this.#claims.claimSoon(publish);
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
    this.#departures.cancel();
  }

  /** Asks those who understand it to go elsewhere. */
  askToReconnect(): void {
    this.#departures.ask();
  }

  /** How many publishers were asked to reconnect and are here still. */
  get askedCount(): number {
    return this.#departures.askedCount;
  }

  /** Whoever publishes here at the moment. */
  *publishers(): Iterable<PublisherView> {
    for (const { session, sinceMs, flow, bytesIn } of this.#publishes.values()) {
      const { id, key, protocol, remote, agent } = session;
      yield { id, key, protocol, remote, agent, sinceMs, isFlowing: flow.isFlowing, bytesIn };
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
   * are handed over instead.
   */
  close(closing: Closing): void {
    this.#departures.close(closing, this.#isForwarding);
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

  #reconsider(key: StreamKey): void {
    this.#permission.ownersChanged(key);
    const publish = this.#publishes.get(key);
    const code = publish === undefined ? null : this.#permission.lost(publish);
    if (publish !== undefined && code !== null) this.#close(publish, code);
  }

  /** False once it has ended, or another has taken its place. */
  #isHere(publish: Publish): boolean {
    return this.#publishes.get(publish.session.key) === publish;
  }

  #refuse(session: PublishSession, code: PublishRefusal): PublishAnswer {
    this.#parts.log.info({ ...aboutPublisher(session), reason: code }, 'publish refused');
    this.#parts.tell?.({ kind: 'publish-refused', ...eventOfPublisher(session), reason: code });
    if (code === 'stopping') this.#departures.askSession(session);
    return { accepted: false, code, text: REFUSALS[code] };
  }

  /** Why it may not publish here; null where it may. */
  #refusal(session: PublishSession): PublishRefusal | null {
    return this.#isStopping ? 'stopping' : this.#permission.refusal(session);
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
    if (!this.#isHere(publish)) return;
    this.#publishes.delete(session.key);
    if (reason !== 'forwarded') publish.handedOver?.end();
    publish.flow.stop();
    this.#parts.log.info({ ...aboutPublisher(session), reason }, 'publish ended');
    this.#parts.tell?.({ kind: 'publish-ended', ...eventOfPublisher(session), reason });
    source.end(() => this.#claims.release(publish));
    this.#parts.streams.tidy(session.key);
  }
}
