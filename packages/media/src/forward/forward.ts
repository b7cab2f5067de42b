import type { Candidate, MemberId, StreamKey } from '@headwater/directory';
import type { PublishEnd, PublishRefused } from '../desks/publish/publish-session.js';
import { REFUSALS } from '../desks/publish/refusals.js';
import { replayEnd } from '../stream/frame-history.js';
import type { MediaPacket } from '../stream/packet.js';
import type { StreamLimits } from '../stream/stream-limits.js';
import { type SourceAbout, StreamSource, type TakenPacket } from '../stream/stream-source.js';
import type { Timers } from '../stream/timers.js';
import type { Frame } from '../wire/frame.js';
import { endAfter, type Refused, refusalAfter } from './after-link.js';
import { type KeepLimits, KeptFrames } from './kept-frames.js';
import type { Link, LinkEnd, OpenLink } from './link.js';

export interface ForwardLimits extends KeepLimits {
  /** How long a publisher is kept while no origin has it, ms. */
  readonly lostMs: number;
  /** Between two looks for an origin where there was none, ms. */
  readonly retryMs: number;
  readonly stream: StreamLimits;
}

export interface ForwardParts {
  readonly key: StreamKey;
  readonly about: Extract<SourceAbout, { kind: 'publisher' }>;
  readonly limits: ForwardLimits;
  readonly timers: Timers;
  readonly open: OpenLink;
  /** The origin to try next; null where there is none. */
  target(avoid: ReadonlySet<MemberId>): Candidate | null;
  /** This member published it itself until now: the first origin takes its place. Null: nobody did. */
  readonly replaces: { readonly member: MemberId; readonly name: string } | null;
}

/** An origin took the publish. */
export interface Forwarded {
  readonly to: string;
  /** The one that had it before; null: none. */
  readonly from: string | null;
  /** Why it is another one now. */
  readonly reason: string;
  /** Frames that it was given at once, since they may not have reached anybody. */
  readonly framesSent: number;
}

/** What the desk hears. May throw: that is the caller's to fence. */
export interface ForwardEvents {
  forwarded(move: Forwarded): void;
  /** No origin takes it. Last of all. */
  refused(refusal: PublishRefused): void;
  /** It was taken, and is over now. Last of all. */
  ended(reason: PublishEnd): void;
  /** An origin did not take it, or has it no more, or hangs; another one is sought. */
  failed(origin: string, end: LinkEnd, wasTaken: boolean): void;
}

/** An origin that has the publish, or is asked to take it. */
interface Place {
  readonly member: MemberId;
  readonly name: string;
  readonly link: Link;
  /** It got a frame that players can start at, and all since. */
  hasStarted: boolean;
}

/**
 * Where a forward is. While an origin has it, another one may be asked to take over, so `next` is beside that.
 *
 * |         | accepted | link ended, may go on    | link ended for good | no origin left   | publisher gone |
 * | ------- | -------- | ------------------------ | ------------------- | ---------------- | -------------- |
 * | asking  | taken    | asks another, TRIES_MAX  | over, refused       | over, refused    | over           |
 * | taken   | taken    | lost; asks another       | over, ended         | tries again      | over           |
 * | lost    | taken    | asks another             | over, ended         | over at `lostMs` | over           |
 */
type State = 'asking' | 'taken' | 'lost' | 'over';

/**
 * How long an origin that is left gets frames beside the one that took its place: by then others know of the new claim, and
 * their relays have moved.
 */
export const OVERLAP_MS = 1000;
const STALLED: LinkEnd = { code: 'stuck', text: 'it gives no sign of life' };
/** Origins that are asked before a publisher is refused. */
const TRIES_MAX = 3;

/**
 * One publish that this member forwards. The origin that takes it is its owner; here are only its last seconds, which the
 * next origin is given where that one is lost. It has the same frames at the same times, so relays elsewhere go on exactly.
 */
export class Forward {
  readonly #parts: ForwardParts;
  readonly #events: ForwardEvents;
  readonly #source: StreamSource;
  readonly #kept: KeptFrames<MediaPacket>;
  /** Did not take it, or lost it, since one took it last. */
  readonly #failed = new Set<MemberId>();
  #state: State;
  #current: Place | null = null;
  #next: Place | null = null;
  /** Are fed still, for a moment. */
  readonly #left = new Map<Place, () => void>();
  /** Who had it last. */
  #before: ForwardParts['replaces'];
  #reason = 'started';
  #tries = 0;
  #lastRefusal: Refused | null = null;
  /** Why another origin than the one that has it is wanted; null: none is. */
  #leavingFor: 'draining' | 'stalled' | null = null;
  /** Since when no origin is known to take what comes. */
  #lostMs = 0;
  #bytesIn = 0;
  #stopTimer: () => void = () => {};

  constructor(parts: ForwardParts, events: ForwardEvents) {
    const { about, limits, timers, replaces } = parts;
    this.#parts = parts;
    this.#events = events;
    this.#before = replaces;
    this.#state = replaces === null ? 'asking' : 'lost';
    if (replaces !== null) this.#reason = 'draining';
    this.#lostMs = timers.nowMs();
    this.#source = new StreamSource(0, about, limits.stream, timers.nowMs());
    this.#source.endHistory();
    this.#kept = new KeptFrames(limits);
  }

  /** The origin that has it at the moment. */
  get origin(): { readonly member: MemberId; readonly name: string } | null {
    return this.#current;
  }

  get hasVideo(): boolean {
    return this.#source.media.video !== undefined;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  start(): void {
    this.#seek();
  }

  push(frame: Frame): void {
    if (this.#state === 'over') return;
    this.#bytesIn += frame.payload.length;
    const nowMs = this.#parts.timers.nowMs();
    for (const taken of this.#source.take(frame, nowMs)) {
      if (taken.startsAnew) this.#kept.clear();
      // Headers of now are given to each who begins.
      if (!taken.frame.isHeader) this.#kept.push(taken.frame, taken.isStart, nowMs);
      for (const place of this.#left.keys()) this.#feed(place, taken);
      if (this.#current !== null) this.#feed(this.#current, taken);
    }
  }

  /** The origin that has it drains, or not any more. */
  setDraining(isDraining: boolean): void {
    if (isDraining && this.#leavingFor === null) this.#leave('draining');
    else if (!isDraining && this.#leavingFor === 'draining') this.#leavingFor = null;
  }

  /** The publisher is gone, or is to be: nobody hears of it any more. May be called twice. */
  end(): void {
    this.#state = 'over';
    this.#stopTimer();
    for (const place of [...this.#left.keys()]) this.#drop(place);
    this.#current?.link.close();
    this.#next?.link.close();
    this.#current = null;
    this.#next = null;
    this.#kept.clear();
  }

  #leave(reason: 'draining' | 'stalled'): void {
    if (this.#current === null) return;
    this.#leavingFor = reason;
    this.#reason = reason;
    this.#seek();
  }

  #stalled(place: Place, isStalled: boolean): void {
    if (place !== this.#current) return;
    if (isStalled) {
      this.#lostMs = this.#parts.timers.nowMs();
      this.#events.failed(place.name, STALLED, true);
      this.#leave('stalled');
    } else if (this.#leavingFor === 'stalled') {
      this.#leavingFor = null;
    }
  }

  #seek(): void {
    if (this.#state === 'over' || this.#next !== null) return;
    this.#stopTimer();
    const avoid = new Set(this.#failed);
    if (this.#current !== null) avoid.add(this.#current.member);
    const target = this.#state === 'asking' && this.#tries >= TRIES_MAX ? null : this.#parts.target(avoid);
    if (target === null) {
      this.#findNobody();
      return;
    }
    this.#tries += 1;
    const { key, open } = this.#parts;
    const link = open(target.member, key, this.#before?.member ?? null, {
      accepted: () => this.#accepted(next),
      stalled: (isStalled) => this.#stalled(next, isStalled),
      ended: (end) => this.#ended(next, end),
    });
    const next: Place = { member: target.member, name: target.profile.name, link, hasStarted: false };
    this.#next = next;
  }

  #findNobody(): void {
    const { limits, timers } = this.#parts;
    if (this.#state === 'asking') {
      const { code, text } = this.#lastRefusal ?? { code: 'no-origin', text: REFUSALS['no-origin'] };
      this.end();
      this.#events.refused({ code, text });
      return;
    }
    this.#failed.clear();
    const isLost = this.#current === null || this.#leavingFor === 'stalled';
    if (isLost && timers.nowMs() - this.#lostMs >= limits.lostMs) {
      this.end();
      this.#events.ended('no-origin');
      return;
    }
    this.#stopTimer = timers.after(limits.retryMs, () => {
      if (this.#isWanting) this.#seek();
    });
  }

  #accepted(place: Place): void {
    if (this.#next !== place) return;
    const from = this.#before;
    const old = this.#current;
    this.#next = null;
    this.#current = place;
    this.#before = place;
    this.#state = 'taken';
    this.#leavingFor = null;
    this.#failed.clear();
    const framesSent = this.#begin(place);
    // Who goes on with what another one had waits for all of it.
    if (from !== null) place.link.push(replayEnd());
    this.#events.forwarded({
      to: place.name,
      from: from?.name ?? null,
      reason: this.#reason,
      framesSent,
    });
    if (old !== null) {
      const stop = this.#parts.timers.after(OVERLAP_MS, () => this.#drop(old));
      this.#left.set(old, stop);
    }
  }

  #drop(place: Place): void {
    this.#left.get(place)?.();
    this.#left.delete(place);
    place.link.close();
  }

  #ended(place: Place, end: LinkEnd): void {
    if (place === this.#next) this.#refusedBy(place, end);
    else if (place === this.#current) this.#lostBy(place, end);
    else if (this.#left.has(place)) this.#drop(place);
  }

  #refusedBy(place: Place, end: LinkEnd): void {
    this.#next = null;
    this.#failed.add(place.member);
    this.#lastRefusal = refusalAfter(end);
    this.#events.failed(place.name, end, false);
    if (this.#state === 'asking' && this.#lastRefusal.isFinal) this.#tries = TRIES_MAX;
    if (this.#isWanting) this.#seek();
  }

  /** Another origin is sought. */
  get #isWanting(): boolean {
    return this.#current === null || this.#leavingFor !== null;
  }

  #lostBy(place: Place, end: LinkEnd): void {
    this.#current = null;
    this.#state = 'lost';
    if (this.#leavingFor !== 'stalled') this.#lostMs = this.#parts.timers.nowMs();
    this.#leavingFor = null;
    // Who is about to take its place may have been why it ended.
    const final = this.#next === null ? endAfter(end) : null;
    if (final !== null) {
      this.end();
      this.#events.ended(final);
      return;
    }
    this.#failed.add(place.member);
    this.#reason = end.reason ?? end.code;
    this.#events.failed(place.name, end, true);
    this.#seek();
  }

  /** Gives an origin what is kept. Returns how many frames that are. */
  #begin(place: Place): number {
    const { frames } = this.#kept;
    const [first] = frames;
    if (first === undefined) return 0;
    place.hasStarted = true;
    for (const header of this.#source.headersAt(first.timestampMs)) place.link.push(header);
    for (const frame of frames) place.link.push(frame);
    return frames.length;
  }

  /** Another configuration is no pause: its header comes before the first frame of it. */
  #feed(place: Place, { frame, isStart }: TakenPacket): void {
    if (!place.hasStarted) {
      if (!isStart) return;
      place.hasStarted = true;
      for (const header of this.#source.headersAt(frame.timestampMs)) place.link.push(header);
    }
    place.link.push(frame);
  }
}
