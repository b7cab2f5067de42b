import type { MemberId, Owner } from '@headwater/directory';
import type { MediaLog } from '../media-host.js';
import type { ReplayLimits } from '../stream/replay-window.js';
import type { Frame } from '../wire/frame.js';
import { Handover } from './handover.js';
import type { RelayHandle, RelayOrder } from './relay-contract.js';
import { StallWatch } from './stall-watch.js';
import type { Timers } from './timers.js';
import type { OpenUpstream, Upstream, UpstreamEnd } from './upstream.js';

export interface RelayPullOptions {
  /** `relay.stallMs`, `relay.retryMs`. */
  readonly stallMs: number;
  readonly retryMs: number;
  /** `relay.replayMs`, `relay.replayBytesMax`. */
  readonly replay: ReplayLimits;
  readonly timers: Timers;
  readonly open: OpenUpstream;
  readonly log: MediaLog;
}

/** An owner that stalled is not gone back to for this long while it is not the last resort: no ping-pong. */
const STALL_PENALTY_MS = 5000;
/** A stalled connection with nobody else to go to is tried anew after this long. */
const STALL_RECONNECT_MS = 5000;
/** A timer later than this tells that we ourselves stood still: media may be waiting in the socket. */
const TIMER_LATE_MS = 100;

interface Connection {
  readonly owner: Owner;
  readonly upstream: Upstream;
  readonly watch: StallWatch;
  /** The owner answered. */
  isStarted: boolean;
  heardMs: number;
  isStalled: boolean;
}

/**
 * The pull of one stream: always at most one connection, to one owner. All decisions are here; connections and time
 * come from outside. Frames from any owner pass the handover, which lets the stream go on where the last owner ended.
 */
export class RelayPull implements RelayHandle {
  readonly #order: RelayOrder;
  readonly #options: RelayPullOptions;
  readonly #handover: Handover;
  #owners: readonly Owner[];
  #connection: Connection | null = null;
  /** Who failed in this round, with the claim that did; another claim of theirs is worth another try. */
  readonly #failed = new Map<MemberId, number>();
  readonly #stalledMs = new Map<MemberId, number>();
  #stopRetry: (() => void) | null = null;
  #stopWatch: (() => void) | null = null;
  #mayStarve = true;
  #isStopped = false;
  #last: string | null = null;

  constructor(order: RelayOrder, options: RelayPullOptions) {
    this.#order = order;
    this.#options = options;
    this.#owners = order.owners;
    const { timers, log, replay } = options;
    const heir = order.owners[0]?.member;
    this.#handover = new Handover({
      key: order.key,
      stream: order.stream,
      heir,
      limits: replay,
      timers,
      log,
    });
    this.#next('started');
  }

  get from(): MemberId | null {
    return this.#connection?.isStarted ? this.#connection.owner.member : null;
  }

  update(owners: readonly Owner[]): void {
    if (this.#isStopped) return;
    this.#owners = owners;
    if (owners.length > 0) this.#mayStarve = true;
    const connection = this.#connection;
    if (connection === null) {
      this.#next('owners-changed');
      return;
    }
    const isOwner = this.#isOwner(connection.owner.member);
    if (isOwner && this.#isDraining(connection.owner.member)) {
      this.#leave('draining');
      return;
    }
    if (connection.isStalled && (!isOwner || this.#candidate(true) !== undefined)) {
      this.#lose(connection, isOwner);
      return;
    }
    if (isOwner) return;
    // While its media flows it is as good as ever: only its silence counts, and sooner.
    if (!connection.isStarted) this.#leave('owner-left');
    else this.#watch();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#disconnect();
    this.#handover.end();
    this.#calm();
  }

  #isOwner(member: MemberId): boolean {
    return this.#owners.some((owner) => owner.member === member);
  }

  /** It is leaving on purpose, and somebody who is not can be asked instead. */
  #isDraining(member: MemberId): boolean {
    const present = this.#owners.find((owner) => owner.member === member);
    return present?.profile.draining === true && this.#candidate(true)?.profile.draining === false;
  }

  /** Goes to the best owner that did not fail in this round; after all did, waits and begins again. */
  #next(reason: string): void {
    if (this.#isStopped) return;
    const owner = this.#candidate(false);
    if (owner !== undefined) {
      this.#calm();
      this.#connect(owner, reason);
    } else if (this.#owners.length > 0) {
      this.#stopRetry ??= this.#options.timers.after(this.#options.retryMs, () => {
        this.#stopRetry = null;
        this.#failed.clear();
        this.#next('retry');
      });
    } else {
      this.#calm();
      this.#failed.clear();
      this.#handover.end();
      if (!this.#mayStarve) return;
      this.#mayStarve = false;
      this.#order.onStarved();
    }
  }

  /** `isWell`: only one that did not stall lately either. */
  #candidate(isWell: boolean): Owner | undefined {
    const nowMs = this.#options.timers.nowMs();
    const isOpen = (owner: Owner) =>
      owner.member !== this.#connection?.owner.member &&
      this.#failed.get(owner.member) !== owner.claim.sinceMs;
    const isFresh = (owner: Owner) =>
      nowMs - (this.#stalledMs.get(owner.member) ?? Number.NEGATIVE_INFINITY) >= STALL_PENALTY_MS;
    const open = this.#owners.filter(isOpen);
    return open.find(isFresh) ?? (isWell ? undefined : open[0]);
  }

  #connect(owner: Owner, reason: string): void {
    const { timers, log, open, stallMs } = this.#options;
    const { key } = this.#order;
    log.info({ key, to: owner.profile.name, from: this.#last, reason }, 'relay pulls');
    const isCurrent = () => this.#connection === connection;
    const upstream = open(owner, key, this.#handover.replayMs, {
      started: () => {
        if (isCurrent()) this.#started(connection);
      },
      frame: (frame) => {
        if (isCurrent()) this.#deliver(connection, frame);
      },
      ended: (end) => {
        if (isCurrent()) this.#ended(connection, end);
      },
    });
    const connection: Connection = {
      owner,
      upstream,
      watch: new StallWatch(stallMs),
      isStarted: false,
      heardMs: timers.nowMs(),
      isStalled: false,
    };
    this.#connection = connection;
  }

  #started(connection: Connection): void {
    const { member, profile } = connection.owner;
    connection.heardMs = this.#options.timers.nowMs();
    connection.isStarted = true;
    this.#handover.started(member);
    this.#options.log.info({ key: this.#order.key, owner: profile.name }, 'relay flows');
    this.#last = profile.name;
    this.#watch();
  }

  #deliver(connection: Connection, frame: Frame): void {
    connection.heardMs = this.#options.timers.nowMs();
    const isLimitNew = connection.watch.saw(frame);
    if (this.#failed.size > 0) this.#failed.clear();
    if (connection.isStalled || isLimitNew) {
      connection.isStalled = false;
      this.#watch();
    }
    this.#handover.take(frame);
  }

  #ended(connection: Connection, end: UpstreamEnd): void {
    this.#options.log.warn(
      { key: this.#order.key, owner: connection.owner.profile.name, reason: end.code, detail: end.text },
      'relay lost its owner',
    );
    this.#leave(end.code);
  }

  /** Done with this owner for this round. */
  #leave(reason: string): void {
    const connection = this.#connection;
    if (connection !== null) this.#failed.set(connection.owner.member, connection.owner.claim.sinceMs);
    this.#disconnect();
    this.#next(reason);
  }

  #disconnect(): void {
    this.#stopWatch?.();
    this.#stopWatch = null;
    const connection = this.#connection;
    this.#connection = null;
    connection?.upstream.close();
    this.#handover.lost();
  }

  #calm(): void {
    this.#stopRetry?.();
    this.#stopRetry = null;
  }

  /** Looks again when the connection will have been silent for too long, if nothing comes until then. */
  #watch(): void {
    this.#stopWatch?.();
    this.#stopWatch = null;
    const connection = this.#connection;
    if (connection === null) return;
    const { timers } = this.#options;
    const limitMs = connection.isStalled
      ? STALL_RECONNECT_MS
      : connection.watch.limitMs(!this.#isOwner(connection.owner.member));
    const delayMs = Math.max(0, connection.heardMs + limitMs - timers.nowMs());
    const dueMs = timers.nowMs() + delayMs;
    this.#stopWatch = timers.after(delayMs, () => {
      const lateMs = timers.nowMs() - dueMs;
      if (lateMs > TIMER_LATE_MS) connection.heardMs = timers.nowMs() - limitMs + TIMER_LATE_MS;
      if (timers.nowMs() - connection.heardMs >= limitMs) this.#silent(connection, limitMs);
      else this.#watch();
    });
  }

  #silent(connection: Connection, silentMs: number): void {
    const { key } = this.#order;
    const { member, profile } = connection.owner;
    const isOwner = this.#isOwner(member);
    if (isOwner && !connection.isStalled && this.#candidate(true) === undefined) {
      // Nobody better to go to: media may go on here any moment, without a new keyframe to wait for.
      connection.isStalled = true;
      this.#options.log.warn({ key, owner: profile.name, silentMs: Math.round(silentMs) }, 'relay stalls');
      this.#watch();
      return;
    }
    this.#lose(connection, isOwner);
  }

  /** The owner is silent and there is something better to do than to wait for it. */
  #lose(connection: Connection, isOwner: boolean): void {
    const { member, profile } = connection.owner;
    const nowMs = this.#options.timers.nowMs();
    this.#stalledMs.set(member, nowMs);
    const reason = isOwner ? 'stalled' : 'owner-left';
    const silentMs = Math.round(nowMs - connection.heardMs);
    this.#options.log.warn(
      { key: this.#order.key, owner: profile.name, reason, silentMs },
      'relay lost its owner',
    );
    this.#leave(reason);
  }
}
