import { type MemberId, ownerThrough, type StreamKey } from '@headwater/directory';
import type { MediaLog } from '../media-log.js';
import type { Frame } from '../wire/frame.js';
import { isReplayEnd } from './frame-history.js';
import type { Player } from './player.js';
import type { PlayerFeed } from './player-feed.js';
import { PullsOfSource } from './pulls-of-source.js';
import { forRelay, type RelayOwner } from './relay-owner.js';
import { RECONNECT_MS, REPLAY_MS_MAX } from './source-switch.js';
import type { StreamLimits } from './stream-limits.js';
import { StreamSource } from './stream-source.js';
import type { BytesIn, Traffic } from './stream-traffic.js';
import type { Timers } from './timers.js';
import type { OpenUpstream, Upstream, UpstreamEnd } from './upstream.js';

export interface PassedOnParts {
  readonly key: StreamKey;
  readonly limits: StreamLimits;
  readonly traffic: Traffic & { readonly bytesIn?: BytesIn };
  readonly timers: Timers;
  readonly open: OpenUpstream;
  readonly log: MediaLog;
}

/** Why a pull that was passed on has ended: as its publisher's end, or for this member's trouble with the owner. */
export type PassedOnEnd = 'publisher-ended' | 'owner-unreachable';

interface Pull {
  readonly player: Player;
  readonly replayMs: number;
  onEnded(end: PassedOnEnd): void;
}

/**
 * A relay from one owner that feeds other members' pulls and nothing else: they cannot reach that owner, and this member
 * can; or the owner is this member, and the publisher on another worker than the one that they came to. It is pulled from
 * the owner itself, never through a further member. What this member's own players get is another matter: their stream
 * may switch to any owner, while these pulls keep to this one and its line of time.
 *
 * It asks for as much of the past as owners keep. So a pull that has to find its place in it finds as much here as there.
 */
export class PassedOnRelay {
  readonly #parts: PassedOnParts;
  readonly #source: StreamSource;
  readonly #fed: PullsOfSource;
  readonly #pulls = new Map<string, Pull>();
  readonly #upstream: Upstream;
  /** The owner's replay is over; until then pulls wait, since they are to get all of it and then its end. */
  #isLive = false;
  #heardMs: number;
  #stopTimer: () => void = () => {};

  readonly owner: MemberId;
  /** The owner is another worker of this member. */
  readonly isOfSibling: boolean;

  /** `id`: of the pull that it is opened for; by it people follow it to the owner. */
  constructor(owner: RelayOwner, id: string, parts: PassedOnParts, onEnded: () => void) {
    this.#parts = parts;
    const { key, limits, traffic, timers, log } = parts;
    const { member, worker } = owner;
    const { name } = owner.profile;
    this.owner = member;
    this.isOfSibling = worker !== undefined;
    this.#heardMs = timers.nowMs();
    this.#source = new StreamSource(
      0,
      { kind: 'relay', from: member, name, through: null },
      limits,
      this.#heardMs,
    );
    this.#fed = new PullsOfSource(limits, traffic);
    this.#fed.begin(this.#source);
    const way = worker === undefined ? {} : { fromWorker: worker.worker };
    log.info({ key, id, to: name, from: null, reason: 'passed-on', ...way }, 'relay pulls');
    const direct = forRelay(worker === undefined ? ownerThrough(owner, null) : owner, id);
    this.#upstream = parts.open(direct, key, limits.replayMs, {
      started: () => this.#answered(),
      frame: (frame) => {
        if (isReplayEnd(frame)) this.#goLive();
        else this.#take(frame);
      },
      ended: (end) => {
        this.#stopTimer();
        onEnded();
        this.#tellEnd(owner, end);
      },
    });
  }

  get size(): number {
    return this.#pulls.size;
  }

  feeds(): Iterable<PlayerFeed> {
    return this.#fed.feeds();
  }

  /** It has been silent for so long that its connection may be dead. */
  get isStale(): boolean {
    return this.#parts.timers.nowMs() - this.#heardMs >= RECONNECT_MS;
  }

  /** `onEnded` is called once, unless the pull is removed first. Does nothing where it is here already. */
  add(player: Player, replayMs: number, onEnded: (end: PassedOnEnd) => void): void {
    if (this.#pulls.has(player.id)) return;
    const pull = { player, replayMs, onEnded };
    this.#pulls.set(player.id, pull);
    if (this.#isLive) this.#feed(pull);
  }

  /** Says whether the pull was here. */
  remove(player: Player): boolean {
    this.#fed.remove(player);
    return this.#pulls.delete(player.id);
  }

  /** Ends the connection to the owner; the pulls are told. */
  end(end: PassedOnEnd): void {
    this.close();
    const pulls = [...this.#pulls.values()];
    this.#pulls.clear();
    for (const pull of pulls) {
      this.#fed.remove(pull.player);
      pull.onEnded(end);
    }
  }

  /** The same without a word. */
  close(): void {
    this.#stopTimer();
    this.#upstream.close();
  }

  #answered(): void {
    const { limits, timers } = this.#parts;
    this.#heardMs = timers.nowMs();
    if (limits.replayMs === 0) this.#goLive();
    else this.#stopTimer = timers.after(REPLAY_MS_MAX, () => this.#goLive());
  }

  #goLive(): void {
    if (this.#isLive) return;
    this.#isLive = true;
    this.#stopTimer();
    for (const pull of [...this.#pulls.values()]) {
      try {
        this.#feed(pull);
      } catch (error) {
        // One pull's fault is not the others'. Its connection's end takes it away.
        this.#fed.remove(pull.player);
        pull.player.fault(error);
      }
    }
  }

  #feed({ player, replayMs }: Pull): void {
    this.#fed.add(player, replayMs, this.#parts.timers.nowMs());
  }

  #take(frame: Frame): void {
    const { bytesIn } = this.#parts.traffic;
    if (bytesIn !== undefined) bytesIn[this.isOfSibling ? 'worker' : 'relay'] += frame.payload.length;
    this.#heardMs = this.#parts.timers.nowMs();
    for (const taken of this.#source.take(frame, this.#heardMs)) this.#fed.take(taken);
  }

  #tellEnd({ member, profile }: RelayOwner, { code, text, isOrdinary }: UpstreamEnd): void {
    const { key, log } = this.#parts;
    const fields = { key, owner: profile.name, ownerId: member, passedOn: true, reason: code, detail: text };
    if (isOrdinary) log.info(fields, 'relay lost its owner');
    else log.warn(fields, 'relay lost its owner');
    this.end(isOrdinary ? 'publisher-ended' : 'owner-unreachable');
  }
}
