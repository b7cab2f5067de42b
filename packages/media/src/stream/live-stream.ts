import type { MediaInfo, MemberId, StreamKey } from '@headwater/directory';
import type { PlayerView, StreamView } from '../media-views.js';
import type { Frame } from '../wire/frame.js';
import { isReplayEnd } from './frame-history.js';
import { OutboundRate } from './outbound-rate.js';
import type { HeadOf } from './owner-ranking.js';
import type { KeptPacket } from './packet.js';
import type { PassedOnEnd } from './passed-on-relay.js';
import { PassedOnRelays } from './passed-on-relays.js';
import { PictureFigures } from './picture-figures.js';
import type { Player } from './player.js';
import type { PlayerFeed } from './player-feed.js';
import type { PublisherEvents, PublisherFeed } from './publisher-feed.js';
import { PublisherPast } from './publisher-past.js';
import { PullsOfSource } from './pulls-of-source.js';
import { forRelay, type RelayOwner } from './relay-owner.js';
import { type SiblingPull, SiblingPulls } from './sibling-pulls.js';
import { type SourceId, SourceSwitch, type SwitchAction, type SwitchEvent } from './source-switch.js';
import { type RelayAbout, SourceTelling, type TellingParts } from './source-telling.js';
import type { Splice } from './splice.js';
import { StreamHub } from './stream-hub.js';
import type { StreamLimits } from './stream-limits.js';
import { type SourceAbout, StreamSource } from './stream-source.js';
import type { BytesIn, Traffic } from './stream-traffic.js';
import { viewOfPlayer, viewOfSource } from './stream-view.js';
import { SwitchTimer } from './switch-timer.js';
import type { Timers } from './timers.js';
import { type OpenUpstream, UNREACHED, type Upstream, type UpstreamEnd } from './upstream.js';

/** What a stream needs from outside. */
export interface StreamParts extends TellingParts {
  readonly limits: StreamLimits;
  readonly traffic: Traffic & { readonly bytesIn?: BytesIn };
  readonly timers: Timers;
  readonly open: OpenUpstream;
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
  #splice: Splice<KeptPacket> = { kind: 'none' };
  #bytesIn = 0;
  readonly #rateIn = new OutboundRate();
  readonly #pictures = new PictureFigures();
  readonly #timer: SwitchTimer;
  readonly #telling: SourceTelling;
  /** Decided, and not yet carried out: what is done for one may lead to more. */
  readonly #actions: SwitchAction[] = [];
  #isActing = false;
  #isClosed = false;

  constructor(key: StreamKey, parts: StreamParts) {
    this.key = key;
    this.#parts = parts;
    this.#switch = new SourceSwitch(
      parts.headOf === undefined ? parts.limits : { ...parts.limits, headOf: parts.headOf },
    );
    this.#timer = new SwitchTimer(parts.timers, () => this.#step({ kind: 'tick' }));
    this.#telling = new SourceTelling(key, parts);
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
        if (!this.#forget(id)) return;
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
   * Feeds another worker's pull with what is published here, until it is removed or the publisher ends. Ends it at once where
   * there is no source to feed it: what it asks for was published before.
   */
  addSibling(pull: SiblingPull, replayMs: number): void {
    if (!this.#siblings.add(pull, replayMs, this.#parts.timers.nowMs())) pull.end();
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

  /** Ends every relay; the stream is not used after that. May be called while it tells that its source changed. */
  close(): void {
    this.#isClosed = true;
    this.#actions.length = 0;
    for (const upstream of this.#upstreams.values()) upstream.close();
    this.#upstreams.clear();
    for (const id of [...this.#sources.keys()]) this.#forget(id);
    this.#hub.detach();
    this.#passedOn.close();
    this.#timer.stop();
  }

  /** `playersMax`: of players, only the first ones. */
  view(playersMax = Number.POSITIVE_INFINITY): StreamView {
    // Who has closed feeds nobody, though another source may go on from there.
    const source = this.#feeding !== null && this.#sources.has(this.#feeding.id) ? this.source : null;
    return {
      key: this.key,
      ...viewOfSource(source),
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
    const views: PlayerView[] = [];
    for (const { view } of this.clients()) {
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
      yield { player: feed.player, isPull: false, view: () => viewOfPlayer(feed, isFed) };
    for (const feed of this.#pulls.feeds())
      yield { player: feed.player, isPull: true, view: () => viewOfPlayer(feed, isFed) };
    for (const feed of this.#passedOn.feeds())
      yield { player: feed.player, isPull: true, view: () => viewOfPlayer(feed, true) };
  }

  #feeds(): PlayerFeed[] {
    return [...this.#hub.feeds(), ...this.#pulls.feeds(), ...this.#passedOn.feeds()];
  }

  #newSource(id: SourceId, about: SourceAbout): StreamSource {
    const source = new StreamSource(id, about, this.#parts.limits, this.#parts.timers.nowMs());
    this.#sources.set(id, source);
    return source;
  }

  /** The source is gone. Says whether it was there. */
  #forget(id: SourceId): boolean {
    this.#sources.get(id)?.endHistory();
    return this.#sources.delete(id);
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

  /** What relays bring is counted by their connections: several may share one. */
  #count({ about }: StreamSource, frame: Frame): void {
    const { bytesIn } = this.#parts.traffic;
    if (bytesIn !== undefined && about.kind === 'publisher') bytesIn.publisher += frame.payload.length;
  }

  #arm(): void {
    if (!this.#isClosed) this.#timer.arm(this.#switch.wakeMs);
  }

  #step(event: SwitchEvent): void {
    if (this.#isClosed) return;
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

  #do(action: SwitchAction): void {
    switch (action.kind) {
      case 'open':
        this.#open(action);
        return;
      case 'close':
        this.#telling.ended(this.#about(action.source), action.reason);
        this.#upstreams.get(action.source)?.close();
        this.#upstreams.delete(action.source);
        this.#forget(action.source);
        return;
      case 'search':
        this.#search(action.source);
        return;
      case 'switch':
        this.#switchTo(action);
        return;
      case 'detach':
        this.#feeding = null;
        this.#telling.detached();
        this.#hub.detach();
        this.#parts.onSourceChanged(false);
        return;
      case 'flow':
        if (this.#publisher?.source.id === action.source) this.#publisher.events.flow?.(action.isFlowing);
        return;
      case 'stalled':
        this.#telling.stalled(this.#about(action.source), action);
        return;
      case 'lags':
        this.#telling.lags(this.#about(action.source), action.lagMs);
    }
  }

  #open({ source: id, owner, reason, isReplayed }: Extract<SwitchAction, { kind: 'open' }>): void {
    const { open, limits, newRelayId } = this.#parts;
    const about: RelayAbout = {
      kind: 'relay',
      from: owner.member,
      name: owner.profile.name,
      through: owner.through ?? null,
      ...(owner.worker === undefined ? {} : { worker: owner.worker.worker }),
      ...(newRelayId === undefined ? {} : { id: newRelayId() }),
    };
    this.#telling.opened(about, reason);
    const source = this.#newSource(id, about);
    const replayMs = isReplayed ? limits.replayMs : 0;
    source.isReplaying = replayMs > 0;
    const pulled = about.id === undefined ? owner : forRelay(owner, about.id);
    const upstream = open(pulled, this.key, replayMs, {
      started: () => this.#step({ kind: 'answered', source: id, isReplayed: replayMs > 0 }),
      frame: (frame) => {
        if (!isReplayEnd(frame)) {
          this.#take(source, frame);
          return;
        }
        source.isReplaying = false;
        this.#step({ kind: 'replayed', source: id });
      },
      ended: (end) => this.#ended(id, source, end),
    });
    this.#upstreams.set(id, upstream);
  }

  #ended(id: SourceId, source: StreamSource, end: UpstreamEnd): void {
    const { code, isOrdinary } = end;
    this.#upstreams.delete(id);
    if (!this.#forget(id)) return;
    this.#telling.lost(source.about, end);
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

  #switchTo({ source: id, how, isSilent }: Extract<SwitchAction, { kind: 'switch' }>): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    const nowMs = this.#parts.timers.nowMs();
    const before = this.#feeding;
    const silentMs = Math.round(this.#hub.silentMs(nowMs));
    this.#feeding = source;
    this.#pictures.clear();
    const splice = this.#splice;
    // Its frames are given up with it: there may be no further search for as long as the stream lives.
    this.#splice = { kind: 'none' };
    const isExact = how === 'exact' && splice.kind === 'exact';
    const offsetMs = isExact ? splice.offsetMs : null;
    this.#telling.switched(source.about, before?.about ?? null, offsetMs, silentMs);
    if (isExact) this.#hub.goOn(source, splice, nowMs);
    else this.#hub.start(source, nowMs, isSilent);
    if (source.about.kind === 'relay') source.endHistory();
    this.#parts.onSourceChanged(true);
  }

  #about(id: SourceId): SourceAbout | undefined {
    return this.#sources.get(id)?.about;
  }
}
