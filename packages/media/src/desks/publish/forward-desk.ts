import type { StreamKey, StreamKeys } from '@headwater/directory';
import { Forward, type Forwarded, type ForwardLimits, OVERLAP_MS } from '../../forward/forward.js';
import type { LinkEnd, OpenLink } from '../../forward/link.js';
import type { MediaEventListener } from '../../media-event.js';
import type { MediaHost } from '../../media-host.js';
import type { MediaLog } from '../../media-log.js';
import type { PublisherView } from '../../media-views.js';
import type { Timers } from '../../stream/timers.js';
import type { Frame } from '../../wire/frame.js';
import { isMedia } from '../../wire/make-frame.js';
import { afterClosing, type Closing, type Departure, isClosedBefore } from './departure.js';
import type { PublishEnd, PublishFeed, PublishRefused, PublishSession } from './publish-session.js';
import { aboutPublisher, eventOfPublisher } from './publisher-about.js';

export interface ForwardDeskParts {
  readonly host: Pick<MediaHost, 'member' | 'owners' | 'onOwnersChanged' | 'forwardTarget'>;
  readonly memberName: string;
  /** Whether publishers that come are forwarded; a reload may change it. */
  isEnabled(): boolean;
  readonly open: OpenLink;
  readonly timers: Timers;
  readonly log: MediaLog;
  readonly tell: MediaEventListener;
  readonly count: (what: ForwardCount) => void;
  /** Bytes of media came that are published at the origin alone. */
  readonly received: (bytes: number) => void;
  limitsOf(key: StreamKey): ForwardLimits;
}

/** `moved`: to another origin; `lost`: its origin has it no more; `failed`: an origin did not take it. */
export type ForwardCount = 'started' | 'moved' | 'lost' | 'failed';

interface Entry {
  readonly session: PublishSession;
  readonly forward: Forward;
  readonly sinceMs: number;
  /** By the monotonic clock. */
  lastMediaMs: number;
  departure: Departure;
  place: ForwardPlace;
}

/**
 * Where a publish that is forwarded is published. One that is handed over begins `here`; once an origin has it, it is at
 * `both` for a moment, and then, as others from their beginning, at the `origin` alone.
 */
type ForwardPlace = 'here' | 'both' | 'origin';

const isPublishedHere = ({ place }: Entry): boolean => place !== 'origin';

/**
 * Publishers that are here and are published at an origin, which owns the stream. An edge has no others; an origin that drains
 * may forward those that come, and in the end those that it has.
 */
export class ForwardDesk {
  readonly #parts: ForwardDeskParts;
  readonly #entries = new Map<PublishSession, Entry>();
  readonly #byKey = new Map<StreamKey, Set<Entry>>();
  readonly #unsubscribe: () => void;

  constructor(parts: ForwardDeskParts) {
    this.#parts = parts;
    const keys = this.#byKey;
    const interest: StreamKeys = {
      get size() {
        return keys.size;
      },
      has: (key) => keys.has(key),
      keys: () => keys.keys(),
    };
    this.#unsubscribe = parts.host.onOwnersChanged((key) => this.#reconsider(key), interest);
  }

  get isEnabled(): boolean {
    return this.#parts.isEnabled();
  }

  /** Publishers that are forwarded, or are about to be, and not published here. */
  get count(): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (!isPublishedHere(entry)) count += 1;
    return count;
  }

  /** An origin is asked, and then the session is answered. Its frames are taken from now on. */
  publish(session: PublishSession): PublishFeed {
    return this.#begin(session, null).feed;
  }

  /**
   * Forwards a publisher of this member. `past`: what another origin needs to go on from. `onTaken` is called once one has it,
   * `onFailed` where none took it in time.
   */
  handOver(
    session: PublishSession,
    past: readonly Frame[],
    onTaken: () => void,
    onFailed: () => void,
  ): PublishFeed {
    const { entry, feed } = this.#begin(session, { onTaken, onFailed });
    for (const frame of past) entry.forward.push(frame);
    return feed;
  }

  /** Closes publishers that send nothing, and leaves origins that drain. To be called about once a second. */
  sweep(nowMs: number, idleMs: number): void {
    for (const entry of [...this.#entries.values()]) {
      if (!isPublishedHere(entry) && nowMs - entry.lastMediaMs >= idleMs) this.#close(entry, 'idle');
      else this.#lookAtOrigin(entry);
    }
  }

  /** `asked`: they were asked to go elsewhere, as all that are here. */
  depart(departure: 'staying' | 'asked', ask: (session: PublishSession) => string | null): void {
    for (const entry of this.#entries.values()) {
      if (departure === 'staying' || ask(entry.session) !== null) entry.departure = departure;
    }
  }

  close(closing: Closing): void {
    for (const entry of [...this.#entries.values()]) {
      if (isPublishedHere(entry)) continue;
      const after = afterClosing(entry.departure, closing);
      if (after === 'closed') this.#close(entry, 'stopping');
      else entry.departure = after;
    }
  }

  kick(id: string): boolean {
    for (const entry of this.#entries.values()) {
      if (entry.session.id !== id || isPublishedHere(entry)) continue;
      this.#close(entry, 'kicked');
      return true;
    }
    return false;
  }

  *publishers(): Iterable<PublisherView> {
    for (const entry of this.#entries.values()) {
      if (isPublishedHere(entry)) continue;
      const { session, forward, sinceMs } = entry;
      const { id, key, protocol, remote, agent } = session;
      const { origin, bytesIn } = forward;
      const about = { id, key, protocol, remote, agent, sinceMs, bytesIn };
      yield { ...about, isFlowing: origin !== null, ...(origin !== null && { forwardedTo: origin.name }) };
    }
  }

  stop(): void {
    this.#unsubscribe();
    for (const entry of [...this.#entries.values()]) {
      if (isPublishedHere(entry)) this.#forget(entry);
      else this.#close(entry, 'stopping');
    }
  }

  #begin(
    session: PublishSession,
    handOver: { readonly onTaken: () => void; readonly onFailed: () => void } | null,
  ): { readonly entry: Entry; readonly feed: PublishFeed } {
    const { host, memberName, open, timers, limitsOf } = this.#parts;
    const { key, remote, agent, protocol } = session;
    const fenced = (handler: () => void): void => {
      try {
        handler();
      } catch (error) {
        this.#forget(entry);
        session.fault(error);
      }
    };
    const forward = new Forward(
      {
        key,
        about: { kind: 'publisher', remote, agent, protocol },
        limits: limitsOf(key),
        timers,
        open,
        target: (avoid) => host.forwardTarget({ key, avoid }),
        replaces: handOver === null ? null : { member: host.member, name: memberName },
      },
      {
        forwarded: (move) =>
          fenced(() => {
            this.#forwarded(entry, move);
            if (handOver !== null && isPublishedHere(entry)) this.#takenOver(entry, handOver.onTaken);
            else if (move.from === null) session.answered(null);
            // It may drain already.
            this.#lookAtOrigin(entry);
          }),
        refused: (refusal) =>
          fenced(() => {
            this.#refused(entry, refusal);
            session.answered(refusal);
          }),
        ended: (reason) =>
          fenced(() => {
            if (!isPublishedHere(entry)) return this.#close(entry, reason);
            this.#forget(entry);
            handOver?.onFailed();
          }),
        failed: (origin, end, wasTaken) => this.#failed(entry, origin, end, wasTaken),
      },
    );
    const entry: Entry = {
      session,
      forward,
      sinceMs: Date.now(),
      lastMediaMs: performance.now(),
      departure: 'staying',
      place: handOver === null ? 'origin' : 'here',
    };
    this.#entries.set(session, entry);
    const ofKey = this.#byKey.get(key);
    if (ofKey === undefined) this.#byKey.set(key, new Set([entry]));
    else ofKey.add(entry);
    timers.after(0, () => fenced(() => forward.start()));
    return { entry, feed: this.#feedOf(entry) };
  }

  /** It is published here for a moment longer: by then others know of the new claim, and their relays have moved. */
  #takenOver(entry: Entry, onTaken: () => void): void {
    if (entry.place === 'both') return;
    entry.place = 'both';
    this.#parts.timers.after(OVERLAP_MS, () => {
      // It may have failed since, and have been handed over anew.
      if (this.#entries.get(entry.session) !== entry) return;
      entry.place = 'origin';
      onTaken();
    });
  }

  #feedOf(entry: Entry): PublishFeed {
    const { forward } = entry;
    return {
      push: (frame) => {
        if (isClosedBefore(entry.departure, frame, forward.hasVideo)) {
          this.#close(entry, 'reconnecting');
          return;
        }
        if (isMedia(frame)) entry.lastMediaMs = performance.now();
        if (!isPublishedHere(entry)) this.#parts.received(frame.payload.length);
        forward.push(frame);
      },
      end: () => this.#end(entry, 'connection-ended'),
    };
  }

  #forwarded(entry: Entry, { to: origin, from, reason, framesSent }: Forwarded): void {
    const { log, tell, count } = this.#parts;
    const { session } = entry;
    if (from === null) {
      log.info({ ...aboutPublisher(session), origin }, 'publish forwarded');
      count('started');
    } else {
      log.info({ ...aboutPublisher(session), origin, from, reason, framesSent }, 'forward moved');
      count('moved');
    }
    tell({
      kind: 'publish-forwarded',
      ...eventOfPublisher(session),
      origin,
      ...(from !== null && { from, reason }),
    });
  }

  #failed({ session }: Entry, origin: string, end: LinkEnd, wasTaken: boolean): void {
    const reason = end.reason ?? end.code;
    const fields = { ...aboutPublisher(session), origin, reason, text: end.text };
    if (wasTaken) this.#parts.log.warn(fields, 'forward lost its origin');
    else this.#parts.log.info(fields, 'forward not taken');
    this.#parts.count(wasTaken ? 'lost' : 'failed');
  }

  #refused(entry: Entry, { code }: PublishRefused): void {
    this.#forget(entry);
    this.#parts.log.info({ ...aboutPublisher(entry.session), reason: code }, 'publish refused');
    this.#parts.tell({ kind: 'publish-refused', ...eventOfPublisher(entry.session), reason: code });
  }

  #reconsider(key: StreamKey): void {
    for (const entry of [...(this.#byKey.get(key) ?? [])]) this.#lookAtOrigin(entry);
  }

  #lookAtOrigin({ session, forward }: Entry): void {
    const { origin } = forward;
    if (origin === null) return;
    const owner = this.#parts.host.owners(session.key).find(({ member }) => member === origin.member);
    if (owner !== undefined) forward.setDraining(owner.profile.draining);
  }

  /** Ends it from our side. */
  #close(entry: Entry, reason: PublishEnd): void {
    try {
      if (this.#end(entry, reason)) entry.session.end(reason);
    } catch (error) {
      entry.session.fault(error);
    }
  }

  /** False where it had ended. */
  #end(entry: Entry, reason: string): boolean {
    if (!this.#forget(entry)) return false;
    // One that is published here ends there.
    if (isPublishedHere(entry)) return true;
    const { session } = entry;
    this.#parts.log.info({ ...aboutPublisher(session), reason }, 'publish ended');
    this.#parts.tell({ kind: 'publish-ended', ...eventOfPublisher(session), reason });
    return true;
  }

  #forget(entry: Entry): boolean {
    entry.forward.end();
    const { session } = entry;
    if (!this.#entries.delete(session)) return false;
    const ofKey = this.#byKey.get(session.key);
    ofKey?.delete(entry);
    if (ofKey?.size === 0) this.#byKey.delete(session.key);
    return true;
  }
}
