import type { MemberId } from '@headwater/directory';
import type { Frame } from '../wire/frame.js';
import { BacklogWatch } from './backlog-watch.js';
import { BurstWatch } from './burst-watch.js';
import { FlowWatch } from './flow-watch.js';
import { type HeadOf, OwnerRanking } from './owner-ranking.js';
import { OwnerSearch, PICTURES_GONE_MS, PICTURES_WAIT_MS } from './owner-search.js';
import { PaceWatch } from './pace-watch.js';
import { asItIs, type RelayOwner } from './relay-owner.js';

/**
 * Decides from which source a stream is fed, and when it switches. Pure: events and the time go in, actions come out.
 * Publisher sessions, relay connections and the search for a splice report here and do what is decided, nothing else.
 *
 * A **source** is the publisher here, or a relay: a pull from one owner, from the member through which the owner is
 * pulled, or from the worker of this member that has the publisher. RelayOwner and way together are the relay's **route**: each
 * is tried, found silent and blamed by itself.
 *
 * | source is    | meaning                                                                    | goes to                          |
 * |--------------|----------------------------------------------------------------------------|----------------------------------|
 * | `connecting` | a relay that its owner has not answered yet                                 | `replaying`, `live`, gone        |
 * | `replaying`  | a relay that gets its owner's last seconds, to find its place in them       | `live`, gone                     |
 * | `live`       | what comes is live; it *flows*, or is *silent* for longer than its limit    | gone                             |
 * | `closed`     | has ended, but fed the stream last: the stream waits for who goes on        | gone                             |
 *
 * One source at most **feeds** the stream; any other live one is a **standby**.
 *
 * | the stream is                     | what is done                                                                         |
 * |-----------------------------------|--------------------------------------------------------------------------------------|
 * | fed by a source that flows        | it stays. A relay gives the stream to the publisher only where that is exact. Where   |
 * |                                   | the relay's owner drains, the stream moves as if the relay were silent, without haste. |
 * | fed by one that flows, but whose  | a standby that has pictures: switch, exact or from its newest start. Where there is   |
 * | pictures stopped                  | none: open a relay to each other owner in turn, for moments, and again after a while. |
 * | fed by one that flows, but slower | a standby that keeps up and has more of it: switch, exact or from its newest start.    |
 * | than time passes                  | Where there is none: likewise.                                                        |
 * | fed by one that is silent, closed | a standby that flows and has the very next frame: switch, exact. Where all lag or turn |
 * |                                   | out to be of another encode, one more owner is asked, for moments. Unless an exact one |
 * |                                   | is likely by then, or one that was silent sends first what was held back meanwhile:   |
 * |                                   | switch to one that has a start, from its newest one. Where there is none and players  |
 * |                                   | want it: open a relay to the best other owner.                                        |
 * | fed by one that is closed, nobody | detach: the stream has no source. Likewise after `replayMs`: by then nobody has the   |
 * | is left to go on                  | next frame. An owner that was lost without a word may come back at once as another    |
 * |                                   | one (`RETURN_MS`).                                                                    |
 * | fed by nobody                     | the publisher feeds it from its accept on, a relay from its answer on; of several       |
 * |                                   | relays the first that delivers.                                                      |
 * | about to be fed by a relay that   | after a while one more owner that flows is asked, twice at most. The relays are        |
 * | its owner does not answer         | closed that did not get to feed the stream.                                          |
 *
 * Which owner a relay is opened to is told by `OwnerRanking`.
 *
 * So a source that flows and could feed a stream that nobody feeds is always switched to. Relays exist only while players
 * want the stream, `lingerMs` longer, and while nothing as good is here.
 */
export class SourceSwitch {
  readonly #rules: SwitchRules;
  readonly #sources = new Map<SourceId, Source>();
  #feeding: Source | null = null;
  #publisher: Source | null = null;
  readonly #owners: OwnerRanking;
  readonly #pictures = new OwnerSearch();
  /** How each owner's media comes. */
  readonly #bursts = new Map<MemberId, BurstWatch>();
  /** For one whose media comes as fast as time passes. */
  readonly #pace = new OwnerSearch();
  #wasSlowMs = Number.NEGATIVE_INFINITY;
  #players = 0;
  #lingerUntilMs = Number.NEGATIVE_INFINITY;
  /** Something was sent since the stream had no source: there is a frame that could be the next one. */
  #hasDelivered = false;
  #retryAtMs: number | null = null;
  /** Until then other owners are asked for the very next frame, though a source is there to go on from its start. */
  #askUntilMs: number | null = null;
  #reason = 'started';
  #lastId = 0;
  #wakeMs = Number.POSITIVE_INFINITY;
  #actions: SwitchAction[] = [];

  constructor(rules: SwitchRules) {
    this.#rules = rules;
    this.#owners = new OwnerRanking(rules);
  }

  /** Who feeds the stream; a source that has closed counts until somebody goes on or it is detached. */
  get feeding(): SourceId | null {
    return this.#feeding?.id ?? null;
  }

  /** Whether a relay is open or about to be. */
  get hasRelay(): boolean {
    return this.#relays().length > 0;
  }

  /** When `tick` is due at the latest; infinity where nothing is awaited. Monotonic, ms. */
  get wakeMs(): number {
    return this.#wakeMs;
  }

  /** An id for a publisher that is about to be told of. */
  newId(): SourceId {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** The state machine's step. Events that name a source that is gone do nothing. */
  step(event: SwitchEvent, nowMs: number): readonly SwitchAction[] {
    this.#actions = [];
    this.#forgiveOwnDelay(nowMs);
    this.#take(event, nowMs);
    this.#decide(nowMs);
    this.#wakeMs = this.#nextWakeMs(nowMs);
    return this.#actions;
  }

  /**
   * A frame of a source came. Apart from `step`, since it is called for each: while the stream is fed well nothing is
   * decided. `isReady`: the source has a frame that players can start at.
   */
  media(id: SourceId, frame: Frame, isReady: boolean, nowMs: number): readonly SwitchAction[] {
    const source = this.#sources.get(id);
    if (source === undefined) return NOTHING;
    if (frame.isHeader || frame.kind === 'data') return NOTHING;
    this.#forgiveOwnDelay(nowMs);
    const isNew = !this.#flows(source, nowMs);
    if (source.state === 'live') {
      const isFirst = !source.hasLiveMedia && this.#wasToldSilent(source, nowMs);
      if (isFirst || (isNew && source.hasMedia)) source.backlog.resumed(nowMs);
      source.backlog.saw(frame, nowMs);
    }
    source.firstMediaMs ??= nowMs;
    source.hasMedia = true;
    source.isReady = isReady;
    source.hasNews = true;
    source.heardMs = nowMs;
    // Those of a replay tell nothing of now.
    if (frame.kind === 'video' && source.state === 'live') source.picturesMs = nowMs;
    source.frames += 1;
    const isLimitNew = source.watch.saw(frame, source.state !== 'live', nowMs);
    if (source.state === 'live') source.hasLiveMedia = true;
    const isSlow = source.state === 'live' && source.pace.saw(frame, nowMs) && source.pace.isSlow;
    const isFeeding = source === this.#feeding;
    if (isFeeding) this.#hasDelivered = true;
    const isRoutine = isFeeding && !isNew && !isLimitNew && !isSlow && this.#sources.size === 1;
    return isRoutine ? NOTHING : this.step(MEDIA, nowMs);
  }

  #take(event: SwitchEvent, nowMs: number): void {
    switch (event.kind) {
      case 'owners':
        this.#setOwners(event.owners, nowMs);
        return;
      case 'players':
        // Who merely waited leaves no relay, and needs none.
        if (event.count === 0 && this.#players > 0 && this.hasRelay)
          this.#lingerUntilMs = nowMs + this.#rules.lingerMs;
        this.#players = event.count;
        return;
      case 'published': {
        const publisher = this.#newSource(event.source, null, 'live', nowMs);
        this.#publisher = publisher;
        return;
      }
      case 'answered': {
        const relay = this.#sources.get(event.source);
        if (relay?.state !== 'connecting') return;
        relay.state = event.isReplayed ? 'replaying' : 'live';
        relay.heardMs = nowMs;
        relay.answeredMs = nowMs;
        return;
      }
      case 'replayed': {
        const relay = this.#sources.get(event.source);
        if (relay?.state === 'replaying') relay.state = 'live';
        return;
      }
      case 'matched':
        this.#matched(event, nowMs);
        return;
      case 'closed':
        this.#closed(event, nowMs);
        return;
      case 'tick':
      case 'media':
        return;
    }
  }

  #newSource(id: SourceId, owner: RelayOwner | null, state: Source['state'], nowMs: number): Source {
    const source: Source = {
      id,
      owner,
      state,
      openedMs: nowMs,
      answeredMs: nowMs,
      heardMs: nowMs,
      excusedMs: nowMs,
      closedMs: nowMs,
      isOver: false,
      firstMediaMs: null,
      picturesMs: null,
      frames: 0,
      hasMedia: false,
      hasLiveMedia: false,
      isReady: false,
      isFlowTold: false,
      isStallTold: false,
      watch: new FlowWatch(this.#rules.stallMs, this.#burstsOf(owner)),
      pace: new PaceWatch(),
      backlog: new BacklogWatch(),
      match: null,
      hasNews: false,
      searchDueMs: nowMs,
      searchUntilMs: null,
      lagUntilMs: null,
    };
    this.#sources.set(id, source);
    return source;
  }

  /** A relay that is made anew in a pause goes on with what is known of its owner. */
  #burstsOf(owner: RelayOwner | null): BurstWatch {
    const bursts = (owner && this.#bursts.get(owner.member)) ?? new BurstWatch();
    if (owner !== null) this.#bursts.set(owner.member, bursts);
    return bursts;
  }

  #setOwners(owners: readonly RelayOwner[], nowMs: number): void {
    for (const relay of this.#relays()) if (this.#isToldSilent(relay)) relay.excusedMs = nowMs;
    this.#owners.set(owners);
    for (const member of this.#bursts.keys())
      if (!owners.some((owner) => owner.member === member)) this.#bursts.delete(member);
    this.#pictures.setOwners(owners);
    this.#pace.setOwners(owners);
    // One that left the list before it answered has nothing for us.
    for (const relay of this.#relays()) {
      if (relay.state === 'connecting' && this.#ownerOf(relay) === undefined)
        this.#close(relay, 'owner-left');
    }
  }

  #closed(event: ClosedEvent, nowMs: number): void {
    const { source: id, reason } = event;
    const source = this.#sources.get(id);
    if (source === undefined) return;
    this.#sources.delete(id);
    if (source === this.#publisher) this.#publisher = null;
    if (source.owner !== null) {
      const { isOver, detours } = event;
      const end = { isOver, reason, hadMedia: source.hasMedia, detours };
      this.#owners.blame(source.owner, end, nowMs);
      if (source !== this.#feeding && this.#lacksPictures(this.#feeding, nowMs))
        this.#pictures.add(source.owner);
    }
    this.#reason = reason;
    if (source === this.#feeding) {
      source.state = 'closed';
      source.closedMs = nowMs;
      source.isOver = event.isOver;
    }
  }

  /** A tick that is late tells that this process stood still: media may be waiting in the sockets. */
  #forgiveOwnDelay(nowMs: number): void {
    const lateMs = nowMs - this.#wakeMs;
    if (lateMs <= TIMER_LATE_MS) return;
    for (const source of this.#sources.values()) {
      if (source.state === 'connecting') source.openedMs += lateMs + TIMER_LATE_MS;
      const limitMs = this.#limitMs(source);
      // One that was silent before stays so.
      if (this.#wakeMs - source.heardMs > limitMs) continue;
      source.heardMs = Math.max(source.heardMs, nowMs - limitMs + TIMER_LATE_MS);
      if (source.picturesMs !== null) source.picturesMs += lateMs;
    }
  }

  #matched({ source: id, match, costMs }: MatchedEvent, nowMs: number): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    source.match = match;
    source.searchDueMs = nowMs + Math.max(SEARCH_MS_MIN, costMs / SEARCH_SHARE);
    // At the very place where the stream is: as good for a publisher here, whose next frame comes any moment.
    const isEnough = source === this.#publisher || this.#feeding?.state === 'closed';
    if (match.kind === 'exact' && (match.hasNext || isEnough)) {
      this.#switchTo(source, 'exact', nowMs);
    }
  }

  /** Nobody feeds the stream well: a copy that lags a little is waited for. */
  #awaitLag(source: Source, nowMs: number): void {
    const { match } = source;
    if (match?.kind !== 'behind' || match.lagMs > this.#rules.lagMs || source.lagUntilMs !== null) return;
    source.lagUntilMs = nowMs + this.#rules.lagMs + LAG_SLACK_MS;
    this.#actions.push({ kind: 'lags', source: source.id, lagMs: match.lagMs });
  }

  #decide(nowMs: number): void {
    this.#tellFlow(nowMs);
    this.#endUnwanted(nowMs);
    for (const relay of this.#relays()) {
      if (relay.state === 'replaying' && nowMs - relay.answeredMs >= this.#replayMaxMs(relay))
        relay.state = 'live';
    }
    const feeding = this.#feeding;
    if (feeding === null) this.#begin(nowMs);
    else if (!this.#isWell(feeding, nowMs)) this.#goOn(feeding, nowMs);
    else if (this.#isLeaving(feeding, nowMs)) this.#goOn(feeding, nowMs);
    else if (!this.#seekPictures(feeding, nowMs) && !this.#seekPace(feeding, nowMs))
      this.#stay(feeding, nowMs);
  }

  /** Nobody feeds the stream. */
  #begin(nowMs: number): void {
    const source = this.#publisher ?? this.#firstRelay();
    if (source !== undefined) this.#switchTo(source, 'start', nowMs);
    else this.#openNext(nowMs);
  }

  /** Where several were asked, it is who delivers first: one that merely answered may have nothing. */
  #firstRelay(): Source | undefined {
    const relays = this.#relays();
    const answered = relays.filter((relay) => relay.state !== 'connecting' && !this.#hasPastAlone(relay));
    const isRace = answered.length < relays.length;
    return answered.find(({ hasMedia }) => hasMedia) ?? (isRace ? undefined : answered[0]);
  }

  /** Of one that is silent it is to be known what is past: the mark behind its replay tells. */
  #hasPastAlone(relay: Source): boolean {
    return relay.state === 'replaying' && this.#isToldSilent(relay);
  }

  /** The stream is fed well: no move, but to a publisher here where nobody can notice. */
  #stay(feeding: Source, nowMs: number): void {
    feeding.isStallTold = false;
    this.#retryAtMs = null;
    this.#askUntilMs = null;
    for (const relay of this.#relays()) if (relay !== feeding) this.#close(relay, 'not-needed');
    const publisher = this.#publisher;
    if (publisher === null || publisher === feeding || !this.#flows(publisher, nowMs)) return;
    if (this.#lacksPictures(publisher, nowMs) || publisher.pace.isSlow) return;
    publisher.searchUntilMs ??= nowMs + SEARCH_MS_MAX;
    if (nowMs < publisher.searchUntilMs) this.#search(publisher, nowMs);
  }

  /** The stream's sound goes on, its pictures have stopped: somebody else may have them. Says whether one was found, or is asked. */
  #seekPictures(feeding: Source, nowMs: number): boolean {
    if (!this.#lacksPictures(feeding, nowMs)) {
      if (feeding.picturesMs !== null) this.#pictures.reset();
      return false;
    }
    if (!this.#isWanted(nowMs)) return false;
    const standbys = [...this.#sources.values()].filter(
      (source) => source !== feeding && this.#hasPictures(source, nowMs),
    );
    for (const standby of standbys) if (this.#search(standby, nowMs)) return true;
    const ready = standbys.find(({ isReady }) => isReady);
    if (ready !== undefined) {
      this.#awaitLag(ready, nowMs);
      // One that lags is waited for as if nobody fed the stream.
      const isAwaited =
        ready.match?.kind === 'behind'
          ? ready.lagUntilMs !== null && nowMs < ready.lagUntilMs
          : this.#mayBecomeExact(ready, nowMs);
      if (this.#hasDelivered && isAwaited) return true;
      this.#switchTo(ready, 'start', nowMs);
      return true;
    }
    for (const relay of this.#candidates()) {
      if (this.#hasPictures(relay, nowMs) || nowMs - relay.openedMs < PICTURES_WAIT_MS) return true;
      if (relay.owner !== null) this.#pictures.add(relay.owner);
      this.#close(relay, NO_PICTURES);
    }
    if (nowMs < this.#pictures.dueMs) return false;
    const next = this.#nextOwner(nowMs, this.#pictures, true);
    if (next === undefined) {
      this.#pictures.endRound(nowMs);
      this.#newRound();
      return false;
    }
    this.#open(next, NO_PICTURES, nowMs);
    return true;
  }

  /**
   * The stream is fed slower than time passes, so that players stand still ever again: somebody else may keep up. Says whether one
   * does, or is asked. Who has less of the stream is left alone, as is any other where the encoder itself is slow.
   */
  #seekPace(feeding: Source, nowMs: number): boolean {
    if (!feeding.pace.isSlow || !this.#isWanted(nowMs)) return false;
    if (nowMs - this.#wasSlowMs > SLOW_FORGOTTEN_MS) this.#pace.reset();
    this.#wasSlowMs = nowMs;
    const standbys = [...this.#sources.values()].filter(
      (source) => source !== feeding && this.#isAsGoodAs(feeding, source, nowMs) && source.pace.keepsUp,
    );
    for (const standby of standbys) if (this.#search(standby, nowMs)) return true;
    const ready = standbys.find(({ isReady, match }) => isReady && match?.kind === 'none');
    if (ready !== undefined && !this.#mayBecomeExact(ready, nowMs)) {
      this.#switchTo(ready, 'start', nowMs);
      return true;
    }
    for (const relay of this.#candidates()) {
      if (nowMs - relay.openedMs < PACE_WAIT_MS) return true;
      this.#close(relay, SLOW);
    }
    if (nowMs < this.#pace.dueMs) return false;
    const next = this.#nextOwner(nowMs, this.#pace);
    if (next === undefined) {
      this.#pace.endRound(nowMs);
      return false;
    }
    // Once in a round, whatever comes of it.
    this.#pace.add(next);
    this.#open(next, SLOW, nowMs);
    return true;
  }

  #isAsGoodAs(feeding: Source, source: Source, nowMs: number): boolean {
    if (source.state !== 'live' || !this.#flows(source, nowMs)) return false;
    return feeding.picturesMs === null || this.#hasPictures(source, nowMs);
  }

  /** Its sound comes, and no picture any more; or none yet, though its owner told of pictures. */
  #lacksPictures(source: Source | null, nowMs: number): boolean {
    return source !== null && this.#flows(source, nowMs) && nowMs >= this.#picturesGoneAtMs(source);
  }

  #hasPictures(source: Source, nowMs: number): boolean {
    const isShown = source.state === 'live' && source.picturesMs !== null && this.#flows(source, nowMs);
    return isShown && !this.#lacksPictures(source, nowMs);
  }

  /** When a source whose sound goes on counts as one without pictures, unless one comes; infinity where none is missed. */
  #picturesGoneAtMs(source: Source): number {
    const { picturesMs, firstMediaMs, watch } = source;
    if (picturesMs === null) {
      const isTold = this.#ownerOf(source)?.claim.media.video !== undefined;
      return isTold && firstMediaMs !== null ? firstMediaMs + PICTURES_GONE_MS : Number.POSITIVE_INFINITY;
    }
    return picturesMs + (watch.picturesLimitMs(PICTURES_GONE_MS) ?? Number.POSITIVE_INFINITY);
  }

  /** Who feeds the stream is silent, closed, or its member leaves. */
  #goOn(feeding: Source, nowMs: number): void {
    const standbys = [...this.#sources.values()].filter(
      (source) => source !== feeding && source.state === 'live' && this.#flows(source, nowMs),
    );
    for (const standby of standbys) if (this.#search(standby, nowMs)) return;
    if (!this.#isFedWell(nowMs)) for (const standby of standbys) this.#awaitLag(standby, nowMs);
    const ready = standbys.find((standby) => standby.isReady && this.#hasMore(standby));
    if (ready === undefined || this.#mayOthersFit(ready, nowMs)) this.#openNext(nowMs);
    if (ready !== undefined && !this.#isExactLikely(feeding, nowMs)) {
      this.#switchTo(ready, 'start', nowMs);
      return;
    }
    if (feeding.state === 'closed') this.#endGap(feeding, nowMs);
    else this.#endSilence(feeding, nowMs);
  }

  /**
   * What is here does not go on with the very next frame, or not yet: it lags, or its frames are others, as those of a
   * publisher that began only after the last frame sent. Another owner may have it already.
   */
  #mayOthersFit(ready: Source, nowMs: number): boolean {
    if (!this.#hasDelivered || !this.#isUnfit(ready, nowMs)) return false;
    if (ready.match?.kind === 'behind' && this.#mayBecomeExact(ready, nowMs)) return true;
    if (this.#askUntilMs === null) {
      this.#askUntilMs = nowMs + PATIENCE_MS;
      // Whose connection was lost may be reached by now, and has the next frame if anybody has.
      this.#owners.forgive();
    }
    return nowMs < this.#askUntilMs;
  }

  /** It flows, but has not the very next frame: it lags, or proved to be of another encode. */
  #isUnfit(source: Source, nowMs: number): boolean {
    if (source.state !== 'live' || !this.#flows(source, nowMs)) return false;
    if (source.match?.kind === 'behind') return true;
    return source.match?.kind === 'none' && !this.#mayBecomeExact(source, nowMs);
  }

  /** More is to come than a replay: an owner that says itself that it is silent is no way on. */
  #hasMore(standby: Source): boolean {
    return standby.hasLiveMedia || !this.#isToldSilent(standby);
  }

  /** Whether a source may be found any moment that goes on with the very next frame. */
  #isExactLikely(feeding: Source, nowMs: number): boolean {
    if (!this.#hasDelivered) return false;
    for (const source of this.#sources.values()) {
      if (source === feeding) continue;
      if (this.#mayBecomeExact(source, nowMs) || nowMs < this.#backlogUntilMs(source)) return true;
    }
    return false;
  }

  #mayBecomeExact(source: Source, nowMs: number): boolean {
    const hasTime = this.#hasTime(nowMs);
    const patienceMs = hasTime ? UNHURRIED_MS : PATIENCE_MS;
    if (source.state !== 'live') return nowMs - source.openedMs < patienceMs;
    if (source.match?.kind === 'exact') return this.#flows(source, nowMs);
    if (source.match?.kind === 'behind') {
      // While the stream is still fed there is time to wait for it.
      return this.#isFedWell(nowMs) || (source.lagUntilMs !== null && nowMs < source.lagUntilMs);
    }
    const { firstMediaMs, frames } = source;
    const isConclusive = frames >= FRAMES_CONCLUSIVE && !hasTime;
    return firstMediaMs !== null && !isConclusive && nowMs - firstMediaMs < patienceMs;
  }

  /** Until then it may be about to come up with what was held back; the newest of that is wanted, and the rest may have been sent. */
  #backlogUntilMs(source: Source): number {
    return source.backlog.untilMs(this.#rules.lagMs);
  }

  /** The stream is fed as it should be, by one that is to be left: nobody would notice a wait. */
  #hasTime(nowMs: number): boolean {
    const feeding = this.#feeding;
    if (feeding === null || !this.#flows(feeding, nowMs)) return false;
    return !this.#lacksPictures(feeding, nowMs) && !feeding.pace.isSlow;
  }

  #endGap(feeding: Source, nowMs: number): void {
    const mayReturn = !feeding.isOver && nowMs - feeding.closedMs < RETURN_MS;
    const isHopeless =
      this.#publisher === null &&
      !this.hasRelay &&
      (!this.#isWanted(nowMs) || (this.#owners.isEmpty && !mayReturn));
    if (!isHopeless && nowMs - feeding.closedMs < this.#rules.replayMs) return;
    this.#detach();
    this.#begin(nowMs);
  }

  /** Who feeds the stream is silent, or leaves. */
  #endSilence(feeding: Source, nowMs: number): void {
    const isLost = this.#relays().some((relay) => relay !== feeding) || this.#publisher !== null;
    this.#tellStall(feeding, isLost, nowMs);
    // Nobody else has the stream. A connection that says nothing may be dead, unless its owner says that it is silent.
    if (isLost || this.#isToldSilent(feeding) || nowMs < reconnectAtMs(feeding)) return;
    this.#actions.push({ kind: 'close', source: feeding.id, reason: 'stalled' });
    this.#sources.delete(feeding.id);
    feeding.state = 'closed';
    feeding.closedMs = nowMs;
    this.#reason = 'stalled';
    this.#openNext(nowMs);
  }

  #tellStall(relay: Source, isLost: boolean, nowMs: number): void {
    if (relay.owner === null || this.#isWell(relay, nowMs)) return;
    if (isLost) this.#owners.stalled(relay.owner, nowMs);
    if (relay.isStallTold) return;
    relay.isStallTold = true;
    const reason = this.#ownerOf(relay) === undefined ? 'owner-left' : 'stalled';
    const silentMs = nowMs - relay.heardMs;
    this.#actions.push({ kind: 'stalled', source: relay.id, reason, silentMs, isLost });
  }

  #openNext(nowMs: number): void {
    if (!this.#isWanted(nowMs)) return;
    const feeding = this.#feeding;
    const next = this.#nextOwner(nowMs);
    const candidates = this.#candidates();
    const silent = candidates.find((relay) => relay.state === 'live' && !this.#isWell(relay, nowMs));
    if (silent !== undefined && silent.owner !== null && next !== undefined) {
      candidates.splice(candidates.indexOf(silent), 1);
      this.#owners.stalled(silent.owner, nowMs);
      this.#close(silent, 'stalled');
    }
    const late = this.#late(nowMs);
    if (late.length >= LATE_MAX || candidates.length - late.length >= CANDIDATES_MAX) return;
    const isAwaited = (relay: Source) => !this.#isUnfit(relay, nowMs) && !late.includes(relay);
    if (candidates.some((relay) => relay !== silent && isAwaited(relay))) return;
    if (next !== undefined) {
      this.#retryAtMs = null;
      const reason = feeding !== null && feeding.state !== 'closed' ? this.#whyNot(feeding) : this.#reason;
      this.#open(next, late.length > 0 ? NO_ANSWER : reason, nowMs);
      this.#reason = 'retry';
    } else if (this.#owners.hasFailed && !this.#owners.isEmpty) {
      this.#retryAtMs ??= nowMs + this.#rules.retryMs;
      if (nowMs < this.#retryAtMs) return;
      this.#newRound();
      this.#openNext(nowMs);
    }
  }

  #open(wanted: RelayOwner, reason: string, nowMs: number): void {
    const id = this.newId();
    const owner = asItIs(wanted);
    this.#newSource(id, owner, 'connecting', nowMs);
    const isReplayed = this.#hasDelivered || owner.claim.silent === true;
    this.#actions.push({ kind: 'open', source: id, owner, reason, isReplayed });
  }

  #newRound(): void {
    this.#retryAtMs = null;
    this.#owners.newRound();
  }

  #whyNot(feeding: Source): string {
    if (feeding.owner === null) return 'publisher-silent';
    if (this.#ownerOf(feeding) === undefined) return 'owner-left';
    return this.#isDraining(feeding) ? 'draining' : 'stalled';
  }

  /** `search`: for what the source that feeds the stream has not. `mustShow`: for its pictures. */
  #nextOwner(nowMs: number, search: OwnerSearch | null = null, mustShow = false): RelayOwner | undefined {
    const feeding = this.#feeding;
    const isFed = feeding !== null && feeding.state !== 'closed';
    const lagging = this.#candidates().filter((relay) => this.#isUnfit(relay, nowMs));
    const unfit = lagging.map(({ owner }) => owner);
    // On another way it has no more of it, and neither has the one that feeds the stream.
    const late = this.#late(nowMs).map(({ owner }) => owner);
    const inVain = search === null ? [] : [...search.askedInVain, feeding?.owner ?? null];
    const wish = {
      connected: this.#relays().map(({ owner }) => owner),
      unfit: [...unfit, ...inVain],
      late,
      isFed,
      fedFrom: feeding?.owner ?? null,
      isSilent: !this.#isFedWell(nowMs),
      // Beside a source that may go on any moment, or begin, only one that flows is of use.
      mustFlow: isFed || this.#publisher !== null || late.length > 0,
      mustStay: isFed && this.#isDraining(feeding),
      mustShow,
    };
    return this.#owners.next(wish, nowMs);
  }

  #isDraining(relay: Source): boolean {
    return this.#ownerOf(relay)?.profile.draining === true;
  }

  /** Its member leaves on purpose, and another one that stays has the stream, or is about to give it. */
  #isLeaving(feeding: Source, nowMs: number): boolean {
    if (feeding.owner === null || !this.#isDraining(feeding)) return false;
    return this.#relays().some((relay) => relay !== feeding) || this.#nextOwner(nowMs) !== undefined;
  }

  /** Nobody plays any more: relays end, after a while. */
  #endUnwanted(nowMs: number): void {
    if (this.#isWanted(nowMs)) return;
    for (const relay of this.#relays()) this.#close(relay, 'no-players');
    this.#newRound();
    this.#reason = 'started';
  }

  #isWanted(nowMs: number): boolean {
    return this.#players > 0 || nowMs < this.#lingerUntilMs;
  }

  /** Asks for a search in a source's frames, where it may find something else than the last one. Says whether it did. */
  #search(source: Source, nowMs: number): boolean {
    if (!this.#hasDelivered || !source.hasNews || nowMs < source.searchDueMs) return false;
    source.hasNews = false;
    this.#actions.push({ kind: 'search', source: source.id });
    return true;
  }

  #switchTo(source: Source, how: 'exact' | 'start', nowMs: number): void {
    const before = this.#feeding;
    if (before !== null && before.state !== 'closed') this.#tellStall(before, true, nowMs);
    this.#feeding = source;
    this.#askUntilMs = null;
    this.#hasDelivered = before !== null || source.hasMedia;
    this.#newRound();
    for (const other of this.#sources.values()) {
      other.match = null;
      other.searchUntilMs = null;
      other.lagUntilMs = null;
      other.hasNews = true;
    }
    const isSilent = source.hasMedia && !(this.#flows(source, nowMs) && this.#hasMore(source));
    this.#actions.push({ kind: 'switch', source: source.id, how, isSilent, from: before?.id ?? null });
    for (const relay of this.#relays()) if (relay !== source) this.#close(relay, 'switched');
  }

  #detach(): void {
    this.#feeding = null;
    this.#askUntilMs = null;
    this.#hasDelivered = false;
    // What ended is over: the next relay is opened for whoever wants the stream then.
    this.#reason = 'started';
    this.#actions.push({ kind: 'detach' });
  }

  /** Ends a relay from our side. */
  #close(relay: Source, reason: string): void {
    this.#sources.delete(relay.id);
    this.#actions.push({ kind: 'close', source: relay.id, reason });
    if (relay === this.#feeding) this.#detach();
  }

  /** Tells whether the publisher here flows, when that changes. */
  #tellFlow(nowMs: number): void {
    const publisher = this.#publisher;
    if (publisher === null) return;
    const isFlowing = this.#flows(publisher, nowMs);
    const isSilentNew = !isFlowing && !publisher.isStallTold && !this.#isWell(publisher, nowMs);
    if (isFlowing === publisher.isFlowTold && !isSilentNew) return;
    publisher.isFlowTold = isFlowing;
    publisher.isStallTold = !isFlowing;
    this.#actions.push({ kind: 'flow', source: publisher.id, isFlowing });
  }

  #relays(): Source[] {
    return [...this.#sources.values()].filter(({ owner }) => owner !== null);
  }

  /** Relays beside the source that feeds the stream. */
  #candidates(): Source[] {
    return this.#relays().filter((relay) => relay !== this.#feeding);
  }

  /** Relays that should have been answered by now: they are not waited for alone. */
  #late(nowMs: number): Source[] {
    return this.#candidates().filter(
      ({ state, openedMs }) => state === 'connecting' && nowMs - openedMs >= this.#answerMs,
    );
  }

  get #answerMs(): number {
    return this.#rules.connectMs * ANSWER_SHARE;
  }

  /** What the mesh says of a relay's owner now; undefined where it is no owner any more. */
  #ownerOf({ owner }: Source): RelayOwner | undefined {
    return this.#owners.now(owner);
  }

  /** Its owner says itself that no media comes. */
  #isToldSilent(relay: Source): boolean {
    return this.#ownerOf(relay)?.claim.silent === true;
  }

  /** The same a moment ago: its media may be faster than the word that it comes, or slower. */
  #wasToldSilent(relay: Source, nowMs: number): boolean {
    if (relay.owner === null) return false;
    const isExcused = relay.excusedMs > relay.openedMs && nowMs - relay.excusedMs < WORD_LATE_MS;
    return isExcused || this.#isToldSilent(relay);
  }

  #limitMs(source: Source): number {
    return source.owner === null
      ? source.watch.publisherLimitMs()
      : source.watch.limitMs(this.#ownerOf(source) === undefined);
  }

  /** A head answers before it has the owner's replay itself. */
  #replayMaxMs({ owner }: Source): number {
    const isByHead = this.#rules.headOf !== undefined && typeof owner?.through === 'string';
    return isByHead ? REPLAY_BY_HEAD_MS_MAX : REPLAY_MS_MAX;
  }

  /** Its media comes, or may come any moment. */
  #isWell(source: Source, nowMs: number): boolean {
    return source.state !== 'closed' && nowMs - source.heardMs < this.#limitMs(source);
  }

  #isFedWell(nowMs: number): boolean {
    return this.#feeding !== null && this.#isWell(this.#feeding, nowMs);
  }

  #flows(source: Source, nowMs: number): boolean {
    return source.hasMedia && this.#isWell(source, nowMs);
  }

  #nextWakeMs(nowMs: number): number {
    const due: number[] = [];
    if (this.#retryAtMs !== null) due.push(this.#retryAtMs);
    if (this.hasRelay) due.push(this.#lingerUntilMs);
    const feeding = this.#feeding;
    if (feeding?.state === 'closed')
      due.push(feeding.closedMs + this.#rules.replayMs, feeding.closedMs + RETURN_MS);
    const isFedWell = this.#isFedWell(nowMs);
    for (const source of this.#sources.values()) {
      due.push(source.heardMs + this.#limitMs(source));
      if (source === feeding) {
        if (source.owner !== null) due.push(reconnectAtMs(source));
        if (isFedWell) due.push(this.#picturesGoneAtMs(source));
        continue;
      }
      if (source.state === 'connecting') due.push(source.openedMs + this.#answerMs);
      if (source.state === 'replaying') due.push(source.answeredMs + this.#replayMaxMs(source));
      if (source.hasNews && this.#hasDelivered) due.push(source.searchDueMs);
      if (isFedWell) continue;
      due.push(source.openedMs + PATIENCE_MS, (source.firstMediaMs ?? nowMs) + PATIENCE_MS);
      due.push(this.#backlogUntilMs(source));
      if (source.lagUntilMs !== null) due.push(source.lagUntilMs);
    }
    if (!isFedWell && this.#isWanted(nowMs)) {
      due.push(...this.#owners.freshAtMs());
    }
    if (this.#lacksPictures(feeding, nowMs)) {
      due.push(this.#pictures.dueMs);
      for (const { openedMs } of this.#candidates()) due.push(openedMs + PICTURES_WAIT_MS);
    }
    let wakeMs = Number.POSITIVE_INFINITY;
    for (const atMs of due) if (atMs > nowMs && atMs < wakeMs) wakeMs = atMs;
    return wakeMs;
  }
}

export type SourceId = number;

export interface SwitchRules {
  /** `relay.stallMs`: the longest silence of an ordinary stream that is none. */
  readonly stallMs: number;
  /** `relay.connectMs`: the deadline for an owner's answer, of which the shell takes care. */
  readonly connectMs: number;
  /** `relay.retryMs`: wait before the next round after all owners failed. */
  readonly retryMs: number;
  /** `relay.lagMs`: how far behind a copy of the same encode may be, to be waited for. */
  readonly lagMs: number;
  /** `relay.lingerMs`: how long a relay stays after its last player left. */
  readonly lingerMs: number;
  /** `relay.replayMs`: for so long after a source ended another one may have the next frame. */
  readonly replayMs: number;
  /**
   * `relay.tree`: the member of this one's zone through which it is to pull from that owner now, none of those avoided; null: it
   * pulls from the owner itself. Absent: it always does. From memory, as the owners are.
   */
  readonly headOf?: HeadOf;
}

/** What a search for the last sent frames in a source's frames found. */
export type Match =
  /** The same encode. `hasNext`: it has frames that were not sent. */
  | { readonly kind: 'exact'; readonly hasNext: boolean }
  /** The same encode, but it has not come to the last sent frame. */
  | { readonly kind: 'behind'; readonly lagMs: number }
  | { readonly kind: 'none' };

interface MatchedEvent {
  readonly kind: 'matched';
  readonly source: SourceId;
  readonly match: Match;
  /** How long the search took, ms. */
  readonly costMs: number;
}

/**
 * A source ended by itself. `isOver`: its publisher has ended too, so far as is known. `detours`: the owner could not be
 * reached, and may be pulled through these members.
 */
interface ClosedEvent {
  readonly kind: 'closed';
  readonly source: SourceId;
  readonly reason: string;
  readonly isOver: boolean;
  readonly detours?: readonly MemberId[];
}

export type SwitchEvent =
  /** Whom the stream can be pulled from, best first. */
  | { readonly kind: 'owners'; readonly owners: readonly RelayOwner[] }
  /** How many players there are here, other members' pulls not counted. */
  | { readonly kind: 'players'; readonly count: number }
  /** A publisher was accepted, with an id of `newId`. */
  | { readonly kind: 'published'; readonly source: SourceId }
  /** A relay's owner answered; `isReplayed`: its last seconds come first. */
  | { readonly kind: 'answered'; readonly source: SourceId; readonly isReplayed: boolean }
  /** A relay's replay is over. */
  | { readonly kind: 'replayed'; readonly source: SourceId }
  /** The answer to `search`. */
  | MatchedEvent
  | ClosedEvent
  | { readonly kind: 'tick' }
  | { readonly kind: 'media' };

export type SwitchAction =
  /** Connect to an owner. `isReplayed`: ask for its last seconds, which end in a mark. */
  | {
      readonly kind: 'open';
      readonly source: SourceId;
      readonly owner: RelayOwner;
      readonly reason: string;
      readonly isReplayed: boolean;
    }
  | { readonly kind: 'close'; readonly source: SourceId; readonly reason: string }
  /** Look for the last sent frames in the source's, and answer with `matched` at once. */
  | { readonly kind: 'search'; readonly source: SourceId }
  /**
   * Feed the stream from there: with the very next frame that the last search found, or from its newest start. `isSilent`: all
   * that it has is past.
   */
  | {
      readonly kind: 'switch';
      readonly source: SourceId;
      readonly how: 'exact' | 'start';
      readonly isSilent: boolean;
      readonly from: SourceId | null;
    }
  /** The stream has no source any more. */
  | { readonly kind: 'detach' }
  /** To be told: the publisher here flows or is silent. */
  | { readonly kind: 'flow'; readonly source: SourceId; readonly isFlowing: boolean }
  /** To be told: the relay that feeds the stream is silent. `isLost`: another source is tried. */
  | {
      readonly kind: 'stalled';
      readonly source: SourceId;
      readonly reason: 'stalled' | 'owner-left';
      readonly silentMs: number;
      readonly isLost: boolean;
    }
  /** To be told: a copy of the same encode is waited for. */
  | { readonly kind: 'lags'; readonly source: SourceId; readonly lagMs: number };

interface Source {
  readonly id: SourceId;
  /** Of a relay; null: the publisher. */
  readonly owner: RelayOwner | null;
  state: 'connecting' | 'replaying' | 'live' | 'closed';
  openedMs: number;
  answeredMs: number;
  /** When media came last, or it was opened or answered. */
  heardMs: number;
  /** Up to when its owner said that it is silent: what comes then may be slower than the word that it comes. */
  excusedMs: number;
  closedMs: number;
  /** Its publisher has ended, so far as is known: its stream is not merely lost. */
  isOver: boolean;
  firstMediaMs: number | null;
  /** When a picture came last; null before the first. */
  picturesMs: number | null;
  frames: number;
  hasMedia: boolean;
  /** Media came that was no replay. */
  hasLiveMedia: boolean;
  /** It has a frame that players can start at. */
  isReady: boolean;
  isFlowTold: boolean;
  isStallTold: boolean;
  readonly watch: FlowWatch;
  readonly pace: PaceWatch;
  readonly backlog: BacklogWatch;
  match: Match | null;
  /** Frames came since the last search. */
  hasNews: boolean;
  searchDueMs: number;
  /** While the stream is fed well, an exact place is sought for so long only. */
  searchUntilMs: number | null;
  lagUntilMs: number | null;
}

const reconnectAtMs = ({ heardMs, excusedMs }: Source): number => Math.max(heardMs, excusedMs) + RECONNECT_MS;

const NOTHING: readonly SwitchAction[] = [];
const NO_PICTURES = 'no-pictures';
const NO_ANSWER = 'no-answer';
const SLOW = 'slow';
const MEDIA: SwitchEvent = { kind: 'media' };

/** How long the end of a replay is waited for: an owner of an older version may say none. */
export const REPLAY_MS_MAX = 500;
/** So long a stream whose owner was lost, with its claim, may come back at another one: an edge moves its publisher there. */
const RETURN_MS = 1000;
/** The same of a replay that a head passes on: it connects to the owner first. */
export const REPLAY_BY_HEAD_MS_MAX = 2500;
/** How long an exact switch is preferred to one that could be made now. */
const PATIENCE_MS = 300;
/** Fewer frames than this prove nothing about whose encode they are. */
const FRAMES_CONCLUSIVE = 6;
/**
 * For so long it may where the stream is still fed well, since its member merely leaves: an encoder's other output that has
 * just begun has few frames of those that were sent.
 */
const UNHURRIED_MS = 2000;
/** Beside `lagMs`: a copy comes as unevenly as any. */
const LAG_SLACK_MS = 250;
/** How long the same frames are sought in a publisher's while the stream is fed well. */
const SEARCH_MS_MAX = 3000;
/** How often a source is searched, and for which share of the time at most. */
const SEARCH_MS_MIN = 10;
const SEARCH_SHARE = 0.1;
/** Relays that are open beside the source that feeds the stream; more than one only while the first lags; those that are not answered come on top. */
const CANDIDATES_MAX = 2;
/** After this share of `connectMs` without an answer another owner is asked, beside the one that has not answered. */
const ANSWER_SHARE = 1 / 6;
/** Relays at once that wait for an answer overdue; when there are so many, one of them has to answer or to fail. */
const LATE_MAX = 2;
/** How long a relay that was opened for its pace may take to show that it keeps up. */
const PACE_WAIT_MS = 6000;
/** After so long at a good pace, who was asked in vain before is asked at once. */
const SLOW_FORGOTTEN_MS = 120_000;
/** How much later than an owner's word of its media the first of that may be. */
const WORD_LATE_MS = 500;
/** A silent connection with nobody else to go to is made anew after this long. */
export const RECONNECT_MS = 5000;
/** A timer later than this tells that we ourselves stood still. */
const TIMER_LATE_MS = 100;
