import type { MediaInfo, MemberId, StreamKey } from '@headwater/directory';
import type { MediaEventListener } from '../media-event.js';
import type { MediaLog, PlayerView, StreamView } from '../media-host.js';
import type { Frame } from '../wire/frame.js';
import { isReplayEnd } from './frame-history.js';
import { OutboundRate } from './outbound-rate.js';
import type { HeadOf } from './owner-ranking.js';
import { type PassedOnEnd, PassedOnRelays } from './passed-on-relay.js';
import { PictureFigures } from './picture-figures.js';
import type { Player } from './player.js';
import type { PlayerFeed, Traffic } from './player-feed.js';
import { PublisherPast } from './publisher-past.js';
import { PullsOfSource } from './pulls-of-source.js';
import { forRelay, type RelayOwner } from './relay-owner.js';
import { type SiblingPull, SiblingPulls } from './sibling-pulls.js';
import { type SourceId, SourceSwitch, type SwitchAction, type SwitchEvent } from './source-switch.js';
import type { Splice } from './splice.js';
import { StreamHub } from './stream-hub.js';
import type { StreamLimits } from './stream-limits.js';
import { type SourceAbout, StreamSource } from './stream-source.js';
import type { BytesIn } from './stream-traffic.js';
import type { Timers } from './timers.js';
import { type OpenUpstream, UNREACHED, type Upstream, type UpstreamEnd } from './upstream.js';

/** What a stream needs from outside. */
export interface StreamParts {
  readonly limits: StreamLimits;
  readonly traffic: Traffic & { readonly bytesIn?: BytesIn };
  readonly timers: Timers;
  readonly open: OpenUpstream;
  readonly log: MediaLog;
  readonly tell?: MediaEventListener;
  /** An id that no relay has had, on any member; absent: relays have none. */
  readonly newRelayId?: () => string;
  /** See `SwitchRules.headOf`. */
  readonly headOf?: HeadOf;
  /** Members through which an owner may be pulled that cannot be reached, best first. */
  detours(owner: MemberId): readonly MemberId[];
  /** The stream got a source, another one, or lost it. */
  onSourceChanged(hasSource: boolean): void;
  /** Nobody may need the stream any more. */
  onIdle(): void;
}

/** What a publisher hears of its stream. */
export interface PublisherEvents {
  /** More is known of what is in it. */
  media?(media: MediaInfo): void;
  /** Whether its media flows; told once it is known, and at each change. */
  flow?(isFlowing: boolean): void;
  /** Its past is here, and it is a source from now on. Only of one that began with a replay. */
  replayed?(): void;
}

/** A publisher's way into its stream. */
export interface PublisherFeed {
  /** What is in it, as far as it told; the stream may be fed by another source meanwhile. */
  readonly media: MediaInfo;
  /** What it sent lately, from a frame that players can start at, with the headers of now before it; empty where none came. */
  past(): readonly Frame[];
  push(frame: Frame): void;
  /**
   * It has ended; what is pushed after that is left out. May be called twice. `onGone` is called when the publisher is no
   * longer there, and before another source is sought: players that are sent elsewhere then need none.
   */
  end(onGone?: () => void): void;
}

/**
 * One stream on this member: its sources, who of them feeds it, and who is fed. What is decided is decided by
 * `SourceSwitch`; here it is carried out.
 */
export class LiveStream {
  readonly key: StreamKey;
  readonly #parts: StreamParts;
  readonly #switch: SourceSwitch;
  readonly #hub: StreamHub;
  readonly #sources = new Map<SourceId, StreamSource>();
  readonly #upstreams = new Map<SourceId, Upstream>();
  #publisher: { readonly source: StreamSource; readonly events: PublisherEvents } | null = null;
  /** Other members' pulls: fed by the publisher alone, so that members never feed each other what is nobody's. */
  readonly #pulls: PullsOfSource;
  /** Pulls of this member's other workers, likewise. */
  readonly #siblings = new SiblingPulls();
  /** Other members' pulls that are fed by a relay of their own, since what they ask for is not published here. */
  readonly #passedOn: PassedOnRelays;
  #feeding: StreamSource | null = null;
  #splice: Splice = { kind: 'none' };
  #lastOwner: string | null = null;
  #bytesIn = 0;
  readonly #rateIn = new OutboundRate();
  readonly #pictures = new PictureFigures();
  #timer: { readonly atMs: number; readonly stop: () => void } | null = null;
  /** Decided, and not yet carried out: what is done for one may lead to more. */
  readonly #actions: SwitchAction[] = [];
  #isActing = false;

  constructor(key: StreamKey, parts: StreamParts) {
    this.key = key;
    this.#parts = parts;
    this.#switch = new SourceSwitch(
      parts.headOf === undefined ? parts.limits : { ...parts.limits, headOf: parts.headOf },
    );
    this.#hub = new StreamHub(parts.limits, parts.traffic);
    this.#pulls = new PullsOfSource(parts.limits, parts.traffic);
    this.#passedOn = new PassedOnRelays({ ...parts, key });
  }

  /** Who feeds the stream; the one that closed last while another may go on from it. */
  get source(): SourceAbout | null {
    return this.#feeding?.about ?? null;
  }

  get hasPublisher(): boolean {
    return this.#publisher !== null;
  }

  /** Players and other members' pulls. */
  get playerCount(): number {
    return this.#hub.size + this.#pulls.size + this.#passedOn.size;
  }

  /** What is in the stream, as far as its source told. */
  get media(): MediaInfo {
    return this.#feeding?.media ?? {};
  }

  /** All that came from the sources that fed the stream. */
  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** What the kernel took towards its players and other members' pulls. */
  get bytesOut(): number {
    return this.#parts.traffic.bytesOut;
  }

  /** Nobody needs it any more. */
  get isIdle(): boolean {
    return (
      this.#publisher === null && !this.#switch.hasRelay && this.#feeding === null && this.playerCount === 0
    );
  }

  /**
   * Takes a publisher as a source. There is none, or the one before has ended. `isReplayed`: it goes on with what another
   * origin had, and its last seconds come first, up to a mark. It is no source until they are here, since nobody could tell
   * from a part of them where the stream goes on.
   */
  publish(
    about: Omit<Extract<SourceAbout, { kind: 'publisher' }>, 'kind'>,
    events: PublisherEvents = {},
    isReplayed = false,
  ): PublisherFeed {
    const id = this.#switch.newId();
    const source = this.#newSource(id, { kind: 'publisher', ...about });
    this.#publisher = { source, events };
    const past = isReplayed ? this.#awaitPast(source, events) : null;
    if (past === null) this.#beginPublisher(source);
    return {
      get media() {
        return source.media;
      },
      past: () => source.past(),
      push: (frame) => {
        if (past?.isOver !== false) this.#take(source, frame);
        else {
          this.#count(source, frame);
          past.take(frame);
        }
      },
      end: (onGone = () => {}) => {
        past?.cancel();
        if (!this.#sources.delete(id)) return;
        if (this.#publisher?.source === source) this.#publisher = null;
        this.#pulls.end(source);
        this.#siblings.end(source);
        onGone();
        this.#step({ kind: 'closed', source: id, reason: 'publisher-ended', isOver: true });
      },
    };
  }

  #beginPublisher(source: StreamSource): void {
    this.#pulls.begin(source);
    this.#siblings.begin(source);
    this.#step({ kind: 'published', source: source.id });
  }

  #awaitPast(source: StreamSource, events: PublisherEvents): PublisherPast {
    return new PublisherPast(source, this.#parts.timers, () => {
      if (!this.#sources.has(source.id)) return;
      this.#beginPublisher(source);
      const nowMs = this.#parts.timers.nowMs();
      for (const { frame } of source.history.all)
        this.#carryOut(this.#switch.media(source.id, frame, source.isReady, nowMs));
      this.#arm();
      events.replayed?.();
    });
  }

  /** Whom the stream can be pulled from, best first: what is published here is left out. */
  setOwners(owners: readonly RelayOwner[]): void {
    this.#step({ kind: 'owners', owners });
  }

  /** Feeds a player from now on; the cached GOP comes at once. Does nothing where it is fed already. */
  add(player: Player): void {
    const before = this.#hub.size;
    this.#hub.add(player);
    if (this.#hub.size !== before) this.#step({ kind: 'players', count: this.#hub.size });
  }

  /**
   * Feeds another member's pull with what is published here. `replayMs`: it gets so much of the past first, as far as it
   * is kept, and a mark where the present begins.
   */
  addPull(player: Player, replayMs: number): void {
    this.#pulls.add(player, replayMs, this.#parts.timers.nowMs());
  }

  /**
   * Feeds another worker's pull with what is published here, until it is removed or the publisher ends. Does nothing
   * where nobody publishes.
   */
  addSibling(pull: SiblingPull, replayMs: number): void {
    this.#siblings.add(pull, replayMs, this.#parts.timers.nowMs());
  }

  removeSibling(pull: SiblingPull): void {
    this.#siblings.remove(pull);
  }

  /**
   * Feeds another member's pull with what this owner publishes, in the same way. `onEnded` is called once where that ends,
   * unless the pull is removed first.
   */
  passOn(player: Player, owner: RelayOwner, replayMs: number, onEnded: (end: PassedOnEnd) => void): void {
    this.#passedOn.add(player, owner, replayMs, onEnded);
  }

  remove(player: Player): void {
    this.#pulls.remove(player);
    this.#passedOn.remove(player);
    this.#hub.remove(player);
    this.#step({ kind: 'players', count: this.#hub.size });
  }

  /** Disconnects players that are stuck. To be called about once a second, with the monotonic clock. */
  endStuckPlayers(nowMs: number): readonly Player[] {
    this.#hub.lookAtTracks(this.#parts.timers.nowMs());
    this.#rateIn.sample(this.#bytesIn, nowMs);
    const stuck = this.#feeds().filter((feed) => feed.isStuck(nowMs));
    for (const { player } of stuck) player.end('stuck');
    return stuck.map(({ player }) => player);
  }

  /** Ends every relay. The stream is not used after that. */
  close(): void {
    for (const upstream of this.#upstreams.values()) upstream.close();
    this.#upstreams.clear();
    this.#sources.clear();
    this.#passedOn.close();
    this.#timer?.stop();
    this.#timer = null;
  }

  /** `playersMax`: of players, only the first ones. */
  view(playersMax = Number.POSITIVE_INFINITY): StreamView {
    // Who has closed feeds nobody, though another source may go on from there.
    const source = this.#feeding !== null && this.#sources.has(this.#feeding.id) ? this.source : null;
    return {
      key: this.key,
      source: source?.kind ?? 'none',
      ...(source?.kind === 'publisher'
        ? { publisher: { remote: source.remote, agent: source.agent, protocol: source.protocol } }
        : {}),
      ...(source?.kind === 'relay' ? { relayFrom: source.from } : {}),
      ...(source?.kind === 'relay' && source.through !== null ? { relayThrough: source.through } : {}),
      ...(source?.kind === 'relay' && source.worker !== undefined ? { relayWorker: source.worker } : {}),
      ...this.#passedOnView(),
      media: this.media,
      bytesIn: this.#bytesIn,
      kbpsIn: this.#rateIn.kbps,
      ...(source === null ? {} : this.#pictures.now),
      players: this.#playerViews(playersMax),
    };
  }

  #passedOnView(): Pick<StreamView, 'passesOn' | 'pulledByWorkers'> {
    const { owners } = this.#passedOn;
    const { workers } = this.#siblings;
    return {
      ...(owners.length > 0 ? { passesOn: owners } : {}),
      ...(workers.length > 0 ? { pulledByWorkers: workers } : {}),
    };
  }

  #playerViews(playersMax: number): PlayerView[] {
    const isFed = this.source !== null;
    const views: PlayerView[] = [];
    for (const view of this.#views(isFed)) {
      if (views.length >= playersMax) break;
      views.push(view());
    }
    return views;
  }

  /** Players and other members' pulls, without a look at any of them. */
  *clients(): Iterable<{
    readonly player: Player;
    readonly isPull: boolean;
    readonly view: () => PlayerView;
  }> {
    const isFed = this.source !== null;
    for (const feed of this.#hub.feeds())
      yield { player: feed.player, isPull: false, view: () => this.#playerView(feed, isFed) };
    for (const feed of [...this.#pulls.feeds(), ...this.#passedOn.feeds()])
      yield { player: feed.player, isPull: true, view: () => this.#playerView(feed, true) };
  }

  *#views(isFed: boolean): Iterable<() => PlayerView> {
    for (const feed of this.#hub.feeds()) yield () => this.#playerView(feed, isFed);
    for (const feed of this.#pulls.feeds()) yield () => this.#playerView(feed, isFed);
    for (const feed of this.#passedOn.feeds()) yield () => this.#playerView(feed, true);
  }

  #feeds(): PlayerFeed[] {
    return [...this.#hub.feeds(), ...this.#pulls.feeds(), ...this.#passedOn.feeds()];
  }

  #playerView(feed: PlayerFeed, isFed: boolean): PlayerView {
    const { id, protocol, remote, agent, sinceMs, queue } = feed.player;
    const state = isFed ? 'playing' : 'waiting';
    const { framesDropped } = feed;
    return {
      id,
      protocol,
      remote,
      agent,
      sinceMs,
      state,
      bytesOut: queue.sentBytes,
      queueBytes: queue.queuedBytes,
      framesDropped,
    };
  }

  #newSource(id: SourceId, about: SourceAbout): StreamSource {
    const source = new StreamSource(id, about, this.#parts.limits, this.#parts.timers.nowMs());
    this.#sources.set(id, source);
    return source;
  }

  #take(source: StreamSource, frame: Frame): void {
    if (!this.#sources.has(source.id)) return;
    const nowMs = this.#parts.timers.nowMs();
    const { media } = source;
    const taken = source.take(frame, nowMs);
    this.#count(source, frame);
    if (source === this.#feeding) this.#bytesIn += frame.payload.length;
    const publisher = this.#publisher?.source === source ? this.#publisher : null;
    if (publisher !== null && source.media !== media) publisher.events.media?.(source.media);
    for (const one of taken) {
      if (publisher !== null) {
        this.#pulls.take(one);
        this.#siblings.take(one);
      }
      if (source !== this.#feeding) continue;
      this.#pictures.take(one.frame);
      this.#hub.take(one, nowMs);
    }
    const { isReady } = source;
    for (const one of taken) this.#carryOut(this.#switch.media(source.id, one.frame, isReady, nowMs));
    // A frame that leads to nothing yet may be one to search in a moment.
    this.#arm();
  }

  #count({ about }: StreamSource, frame: Frame): void {
    const { bytesIn } = this.#parts.traffic;
    if (bytesIn !== undefined) bytesIn[kindOf(about)] += frame.payload.length;
  }

  #step(event: SwitchEvent): void {
    this.#carryOut(this.#switch.step(event, this.#parts.timers.nowMs()));
    this.#arm();
    if (this.isIdle) this.#parts.onIdle();
  }

  #carryOut(actions: readonly SwitchAction[]): void {
    if (actions.length === 0) return;
    this.#actions.push(...actions);
    if (this.#isActing) return;
    this.#isActing = true;
    try {
      for (let next = this.#actions.shift(); next !== undefined; next = this.#actions.shift()) this.#do(next);
    } finally {
      this.#isActing = false;
      this.#arm();
    }
  }

  /** One timer, for when the next decision is due at the latest; one that is early does no harm. */
  #arm(): void {
    const atMs = this.#switch.wakeMs;
    const isAwaiting = atMs !== Number.POSITIVE_INFINITY;
    if (isAwaiting && this.#timer !== null && this.#timer.atMs <= atMs) return;
    this.#timer?.stop();
    this.#timer = null;
    if (!isAwaiting) return;
    const stop = this.#parts.timers.after(Math.max(0, atMs - this.#parts.timers.nowMs()), () => {
      this.#timer = null;
      this.#step({ kind: 'tick' });
    });
    this.#timer = { atMs, stop };
  }

  #do(action: SwitchAction): void {
    switch (action.kind) {
      case 'open':
        this.#open(action);
        return;
      case 'close':
        this.#tellEnded(this.#sources.get(action.source), action.reason);
        this.#upstreams.get(action.source)?.close();
        this.#upstreams.delete(action.source);
        this.#sources.delete(action.source);
        return;
      case 'search':
        this.#search(action.source);
        return;
      case 'switch':
        this.#switchTo(action.source, action.how);
        return;
      case 'detach':
        this.#feeding = null;
        this.#lastOwner = null;
        this.#hub.detach();
        this.#parts.onSourceChanged(false);
        return;
      case 'flow':
        if (this.#publisher?.source.id === action.source) this.#publisher.events.flow?.(action.isFlowing);
        return;
      case 'stalled':
        this.#tellStall(action);
        return;
      case 'lags':
        this.#parts.log.info(
          { key: this.key, ...this.#told(this.#sources.get(action.source)), lagMs: Math.round(action.lagMs) },
          'relay waiting for lagging owner',
        );
    }
  }

  #open({ source: id, owner, reason, isReplayed }: Extract<SwitchAction, { kind: 'open' }>): void {
    const { open, log, limits, newRelayId } = this.#parts;
    const { name } = owner.profile;
    const through = owner.through ?? null;
    const about: Extract<SourceAbout, { kind: 'relay' }> = {
      kind: 'relay',
      from: owner.member,
      name,
      through,
      ...(owner.worker === undefined ? {} : { worker: owner.worker.worker }),
      ...(newRelayId === undefined ? {} : { id: newRelayId() }),
    };
    const { id: relayId } = about;
    const ids = idOf(about);
    log.info(
      { key: this.key, ...ids, to: name, from: this.#lastOwner, reason, ...wayOf(about) },
      'relay pulls',
    );
    // What workers of one member give each other is nobody else's business.
    if (owner.worker === undefined)
      this.#parts.tell?.({
        kind: 'relay-started',
        ...(relayId !== undefined && { relay: relayId }),
        key: this.key,
        owner: name,
        reason,
        ...(through === null ? {} : { through }),
      });
    const source = this.#newSource(id, about);
    const replayMs = isReplayed ? limits.replayMs : 0;
    const pulled = relayId === undefined ? owner : forRelay(owner, relayId);
    const upstream = open(pulled, this.key, replayMs, {
      started: () => this.#step({ kind: 'answered', source: id, isReplayed: replayMs > 0 }),
      frame: (frame) => {
        if (isReplayEnd(frame)) this.#step({ kind: 'replayed', source: id });
        else this.#take(source, frame);
      },
      ended: (end) => this.#ended(id, source, end),
    });
    this.#upstreams.set(id, upstream);
  }

  #ended(id: SourceId, source: StreamSource, { code, text, isOrdinary }: UpstreamEnd): void {
    this.#upstreams.delete(id);
    if (!this.#sources.delete(id)) return;
    const fields = { key: this.key, ...this.#told(source), reason: code, detail: text };
    if (isOrdinary) this.#parts.log.info(fields, 'relay lost its owner');
    else this.#parts.log.warn(fields, 'relay lost its owner');
    this.#tellEnded(source, code);
    const detours = UNREACHED.has(code) ? this.#detoursOf(source.about) : [];
    this.#step({
      kind: 'closed',
      source: id,
      reason: code,
      isOver: isOrdinary,
      ...(detours.length > 0 ? { detours } : {}),
    });
  }

  /** One more member on the way is enough. A worker of this member is reached by none. */
  #detoursOf(about: SourceAbout): readonly MemberId[] {
    const isDirect = about.kind === 'relay' && about.through === null && about.worker === undefined;
    return isDirect ? this.#parts.detours(about.from) : [];
  }

  #search(id: SourceId): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    const { timers } = this.#parts;
    const startMs = timers.nowMs();
    const splice = this.#hub.splice(source, startMs);
    this.#splice = splice;
    this.#parts.traffic.watch?.searched(splice.kind);
    const match =
      splice.kind === 'exact'
        ? {
            kind: 'exact' as const,
            hasNext: splice.frames.some((frame) => !frame.isHeader && frame.kind !== 'data'),
          }
        : splice;
    this.#carryOut(
      this.#switch.step({ kind: 'matched', source: id, match, costMs: timers.nowMs() - startMs }, startMs),
    );
  }

  #switchTo(id: SourceId, how: 'exact' | 'start'): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    const nowMs = this.#parts.timers.nowMs();
    const before = this.#feeding;
    const silentMs = Math.round(this.#hub.silentMs(nowMs));
    this.#feeding = source;
    this.#pictures.clear();
    const splice = this.#splice;
    const isExact = how === 'exact' && splice.kind === 'exact';
    this.#tellSwitch(
      source,
      before,
      isExact ? { splice: 'exact', offsetMs: splice.offsetMs } : { splice: 'none' },
      silentMs,
    );
    if (isExact) this.#hub.goOn(source, splice, nowMs);
    else this.#hub.start(source, nowMs);
    if (source.about.kind === 'relay') source.endHistory();
    this.#parts.onSourceChanged(true);
  }

  #tellSwitch(source: StreamSource, before: StreamSource | null, how: object, silentMs: number): void {
    const { log } = this.#parts;
    const fields = { key: this.key, ...this.#told(source), ...how, silentMs };
    if ((before !== null || source.about.kind === 'relay') && !isSibling(source.about))
      this.#parts.tell?.({
        kind: 'relay-switched',
        ...relayOf(source.about, 'relay'),
        ...relayOf(before?.about, 'fromRelay'),
        key: this.key,
        from: before === null ? null : nameOf(before.about),
        to: nameOf(source.about),
        gapMs: before === null ? 0 : silentMs,
        isExact: 'splice' in how && how.splice === 'exact',
      });
    if (source.about.kind === 'publisher') {
      if (before?.about.kind === 'relay') log.info(fields, 'relay handed over to publisher');
      return;
    }
    if (before !== null) log.info(fields, 'relay switched owner');
    log.info({ key: this.key, ...this.#told(source) }, 'relay flows');
    this.#lastOwner = source.about.name;
  }

  #tellStall({ source: id, silentMs, isLost, reason }: Extract<SwitchAction, { kind: 'stalled' }>): void {
    const fields = { key: this.key, ...this.#told(this.#sources.get(id)), silentMs: Math.round(silentMs) };
    if (isLost) this.#parts.log.warn({ ...fields, reason }, 'relay lost its owner');
    else this.#parts.log.warn(fields, 'relay stalls');
  }

  #tellEnded(source: StreamSource | undefined, reason: string): void {
    if (source?.about.kind !== 'relay' || isSibling(source.about)) return;
    this.#parts.tell?.({
      kind: 'relay-ended',
      ...relayOf(source.about, 'relay'),
      key: this.key,
      owner: source.about.name,
      reason,
    });
  }

  #told(source: StreamSource | undefined): object {
    const about = source?.about;
    if (about?.kind !== 'relay') return {};
    return { ...idOf(about), owner: about.name, ownerId: about.from, ...wayOf(about) };
  }
}

const isSibling = (about: SourceAbout): boolean => about.kind === 'relay' && about.worker !== undefined;

/** Where its bytes come from, as they are counted. */
function kindOf(about: SourceAbout): keyof BytesIn {
  if (about.kind === 'publisher') return 'publisher';
  return about.worker === undefined ? 'relay' : 'worker';
}

const nameOf = (about: SourceAbout): string => (about.kind === 'relay' ? about.name : 'publisher');

/** Of a relay that has one. */
const idOf = (about: SourceAbout): { readonly id?: string } =>
  about.kind === 'relay' && about.id !== undefined ? { id: about.id } : {};

/** The same as a field of events, whose own ids are others. */
function relayOf<N extends 'relay' | 'fromRelay'>(
  about: SourceAbout | undefined,
  name: N,
): { readonly [F in N]?: string } {
  return about?.kind === 'relay' && about.id !== undefined
    ? ({ [name]: about.id } as { readonly [F in N]: string })
    : {};
}

/** The way to an owner, as logs have it. */
function wayOf({ through, worker }: Extract<SourceAbout, { kind: 'relay' }>): object {
  return {
    ...(through === null ? {} : { through }),
    ...(worker === undefined ? {} : { fromWorker: worker }),
  };
}
