import type { MemberId, StreamKey } from '@headwater/directory';
import type { MediaLog } from '../media-host.js';
import type { LiveStream } from '../stream/live-stream.js';
import { isReplayEnd, type ReplayLimits, ReplayWindow } from '../stream/replay-window.js';
import type { SourceFeed } from '../stream/source-seat.js';
import type { GoneOn, Predecessor, Succession } from '../stream/succession.js';
import type { Frame } from '../wire/frame.js';
import { GiveWay } from './give-way.js';
import { findSplice, type Splice } from './splice.js';
import type { Timers } from './timers.js';

export interface HandoverOptions {
  readonly key: StreamKey;
  readonly stream: LiveStream;
  /** The first owner to be asked: where the stream's publisher left, its frames may go on from there. */
  readonly heir: MemberId | undefined;
  readonly limits: ReplayLimits;
  readonly timers: Timers;
  readonly log: MediaLog;
}

/** How long the end of a replay is waited for: an owner of an older version, or one without media yet, says none. */
const REPLAY_MS_MAX = 500;
/** A copy that lags by more than this is not waited for: players would rather see some seconds twice. */
const LAG_MS_MAX = 3000;
/** Most that is held back while the place to go on is sought. */
const HELD_BYTES_MAX = 33_554_432;
const HELD_FRAMES_MAX = 20_000;
/** While a copy lags, it is looked at so often, and never for more than this share of the time. */
const SEEK_MS_MIN = 10;
const SEEK_SHARE = 0.1;

/** An owner's first frames, held back until it is known which of them the players have. */
interface Search {
  readonly from: MemberId;
  readonly held: Frame[];
  heldBytes: number;
  isReplayed: boolean;
  isBehind: boolean;
  /** When the copy may be looked at again. */
  nextMs: number;
  stopNext: (() => void) | null;
  stopDeadline: () => void;
}

/**
 * What passes from owners to the stream, one owner at a time. Where the next owner has the same encode, it goes on with
 * the very next frame, and neither the stream nor its players notice. Else it is a new source: headers, a keyframe,
 * timestamps going on. The first owner follows this member's own publisher likewise, if that left just now.
 */
export class Handover implements Predecessor {
  readonly #options: HandoverOptions;
  #delivered: ReplayWindow;
  /** This member's own publisher is there and sends nothing: nothing of it changes before an owner has its next frame. */
  #isBesidePublisher = false;
  #giveWay: GiveWay | null = null;
  #feed: SourceFeed | null = null;
  #search: Search | null = null;
  #stopExpiry: (() => void) | null = null;
  /** What is added to the present owner's timestamps. */
  #offsetMs = 0;
  #deliveredAtMs = 0;

  constructor(options: HandoverOptions) {
    this.#options = options;
    const { heir, stream } = options;
    const inherited = heir === undefined ? null : stream.takeOver(heir, this);
    this.#delivered = inherited?.delivered ?? new ReplayWindow(options.limits);
    this.#deliveredAtMs = options.timers.nowMs();
    if (inherited === null) {
      this.#isBesidePublisher = stream.published.length > 0;
      return;
    }
    this.#feed = inherited.feed;
    this.#offsetMs = inherited.offsetMs;
    this.lost();
  }

  /** How much the next owner should replay, ms; 0: nothing was delivered that it could go on from. */
  get replayMs(): number {
    return this.#canGoOn ? this.#options.limits.replayMs : 0;
  }

  get #canGoOn(): boolean {
    const { replayMs } = this.#options.limits;
    if (this.#isBesidePublisher) return replayMs > 0;
    return replayMs > 0 && this.#feed?.isAttached === true && !this.#delivered.isEmpty;
  }

  /** An owner answered; its frames come now. */
  started(from: MemberId): void {
    this.#stopExpiry?.();
    this.#stopExpiry = null;
    if (!this.#canGoOn) {
      this.#attach(from);
      return;
    }
    const stopDeadline = this.#after(REPLAY_MS_MAX, () => this.#seek(true));
    this.#search = {
      from,
      held: [],
      heldBytes: 0,
      isReplayed: false,
      isBehind: false,
      nextMs: 0,
      stopNext: null,
      stopDeadline,
    };
  }

  /** A frame of the owner that answered last. */
  take(frame: Frame): void {
    const search = this.#search;
    if (isReplayEnd(frame)) {
      if (search === null) return;
      search.isReplayed = true;
      this.#seek(false);
      return;
    }
    if (search === null) {
      this.#deliver(frame);
      return;
    }
    search.held.push(frame);
    search.heldBytes += frame.payload.length;
    if (search.heldBytes > HELD_BYTES_MAX || search.held.length > HELD_FRAMES_MAX) this.#restart(search);
    else if (search.isReplayed && !frame.isHeader && frame.kind !== 'data') this.#seekSoon(search);
  }

  #seekSoon(search: Search): void {
    const waitMs = search.nextMs - this.#options.timers.nowMs();
    if (waitMs <= 0) this.#seek(false);
    else search.stopNext ??= this.#after(waitMs, () => this.#seek(false));
  }

  /** The owner is gone. The stream keeps its place for as long as another owner could go on from it. */
  lost(): void {
    this.#dropSearch();
    if (this.#feed === null) return;
    if (!this.#canGoOn || this.#giveWay?.hasBegun) this.end();
    else this.#stopExpiry ??= this.#after(this.#options.limits.replayMs, () => this.end());
  }

  /** Leaves the stream: it has no source any more. */
  end(): void {
    this.#dropSearch();
    this.#stopExpiry?.();
    this.#stopExpiry = null;
    const feed = this.#feed;
    this.#feed = null;
    feed?.detach();
    this.#delivered.clear();
    this.#offsetMs = 0;
  }

  #attach(from: MemberId): void {
    this.#delivered.clear();
    this.#offsetMs = 0;
    this.#feed = this.#options.stream.attach({ kind: 'relay', from }, null, this);
  }

  giveWay(decide: (how: GoneOn) => void): Succession {
    const { key, timers, log } = this.#options;
    this.#giveWay = new GiveWay({
      key,
      timers,
      log,
      decide,
      delivered: () => this.#delivered.frames,
      offsetMs: this.#offsetMs,
      isFlowing: this.#search === null && this.#stopExpiry === null,
    });
    return this.#giveWay;
  }

  #deliver(frame: Frame): void {
    const feed = this.#feed;
    if (feed === null) return;
    const offsetMs = this.#offsetMs;
    const placed = offsetMs === 0 ? frame : { ...frame, timestampMs: (frame.timestampMs + offsetMs) >>> 0 };
    this.#deliveredAtMs = this.#options.timers.nowMs();
    if (!frame.isHeader) this.#delivered.push(placed, this.#deliveredAtMs);
    feed.push(placed);
  }

  #seek(isOver: boolean): void {
    const search = this.#search;
    if (search === null) return;
    search.stopNext?.();
    search.stopNext = null;
    if (!search.held.some((frame) => !frame.isHeader && frame.kind !== 'data')) {
      // It has nothing yet. What comes is looked at as it comes; if nothing does, the pull goes to the next owner.
      search.isReplayed = true;
      return;
    }
    const { timers } = this.#options;
    const startMs = timers.nowMs();
    const hints = { offsetMs: this.#offsetMs, elapsedMs: startMs - this.#deliveredAtMs };
    const delivered = this.#isBesidePublisher ? this.#options.stream.published : this.#delivered.frames;
    const splice = findSplice(delivered, search.held, hints);
    const endMs = timers.nowMs();
    search.nextMs = endMs + Math.max(SEEK_MS_MIN, (endMs - startMs) / SEEK_SHARE);
    if (this.#isBesidePublisher) this.#stepIn(search, splice);
    else if (splice.kind === 'exact') this.#goOn(search, splice);
    else if (splice.kind === 'none' || splice.lagMs > LAG_MS_MAX) this.#restart(search);
    else if (!search.isBehind) this.#await(search, splice.lagMs);
    else if (isOver) this.#restart(search);
  }

  /** In the place of a silent publisher, once the owner has its next frame; where it has others, the publisher stays. */
  #stepIn(search: Search, splice: Splice): void {
    if (splice.kind === 'none') this.#dropSearch();
    if (splice.kind !== 'exact' || !splice.frames.some((frame) => frame.kind !== 'data' && !frame.isHeader))
      return;
    this.#dropSearch();
    const inherited = this.#options.stream.stepIn(search.from, this);
    if (inherited === null) return;
    this.#isBesidePublisher = false;
    this.#feed = inherited.feed;
    this.#delivered = inherited.delivered;
    this.#goOn(search, splice);
  }

  /** The copy comes to the next frame by and by. */
  #await(search: Search, lagMs: number): void {
    search.isBehind = true;
    search.isReplayed = true;
    search.stopDeadline();
    search.stopDeadline = this.#after(LAG_MS_MAX, () => this.#seek(true));
    this.#options.log.info(
      { key: this.#options.key, owner: search.from, lagMs: Math.round(lagMs) },
      'relay awaits the next frame',
    );
  }

  #goOn(search: Search, splice: Extract<Splice, { kind: 'exact' }>): void {
    this.#dropSearch();
    if (this.#feed?.isAttached !== true) return;
    this.#feed.comesFrom({ kind: 'relay', from: search.from });
    this.#options.log.info(
      this.#told(search, { splice: 'exact', offsetMs: splice.offsetMs }),
      'relay went on',
    );
    this.#offsetMs = splice.offsetMs;
    for (const frame of splice.frames) this.#deliver(frame);
  }

  /** Another encode: a new source, from its last keyframe. */
  #restart(search: Search): void {
    this.#dropSearch();
    this.#options.log.info(this.#told(search, { splice: 'none' }), 'relay went on');
    this.#attach(search.from);
    const keyframe = search.held.findLastIndex((frame) => frame.isKeyframe);
    const start = keyframe < 0 ? search.held.length : keyframe;
    for (const [index, frame] of search.held.entries()) {
      if (frame.isHeader || index >= start) this.#deliver(frame);
    }
  }

  #told(search: Search, more: object): object {
    const silentMs = Math.round(this.#options.timers.nowMs() - this.#deliveredAtMs);
    return { key: this.#options.key, owner: search.from, ...more, silentMs, held: search.held.length };
  }

  #dropSearch(): void {
    this.#search?.stopDeadline();
    this.#search?.stopNext?.();
    this.#search = null;
  }

  #after(delayMs: number, run: () => void): () => void {
    return this.#options.timers.after(delayMs, run);
  }
}
