import { type MemberId, ownerThrough, type StreamKey } from '@headwater/directory';
import type { MediaLog } from '../media-log.js';
import type { Player } from './player.js';
import type { PlayerFeed } from './player-feed.js';
import { PulledSource } from './pulled-source.js';
import { PullsOfSource } from './pulls-of-source.js';
import { forRelay, type RelayOwner } from './relay-owner.js';
import type { StreamLimits } from './stream-limits.js';
import type { Traffic } from './stream-traffic.js';
import type { Timers } from './timers.js';
import type { OpenUpstream, UpstreamEnd } from './upstream.js';

export interface PassedOnParts {
  readonly key: StreamKey;
  readonly limits: StreamLimits;
  readonly traffic: Traffic;
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
 */
export class PassedOnRelay {
  readonly #parts: PassedOnParts;
  readonly #pulled: PulledSource;
  readonly #fed: PullsOfSource;
  readonly #pulls = new Map<string, Pull>();

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
    this.#fed = new PullsOfSource(limits, traffic);
    const way = worker === undefined ? {} : { fromWorker: worker.worker };
    log.info({ key, id, to: name, from: null, reason: 'passed-on', ...way }, 'relay pulls');
    const direct = forRelay(worker === undefined ? ownerThrough(owner, null) : owner, id);
    this.#pulled = new PulledSource(
      { kind: 'relay', from: member, name, through: null },
      limits,
      timers,
      (replayMs, events) => parts.open(direct, key, replayMs, events),
      {
        live: () => this.#feedAll(),
        frame: (taken) => {
          for (const each of taken) this.#fed.take(each);
        },
        ended: (end) => {
          onEnded();
          this.#tellEnd(owner, end);
        },
      },
    );
    this.#fed.begin(this.#pulled.source);
  }

  get size(): number {
    return this.#pulls.size;
  }

  feeds(): Iterable<PlayerFeed> {
    return this.#fed.feeds();
  }

  get isStale(): boolean {
    return this.#pulled.isStale;
  }

  /** `onEnded` is called once, unless the pull is removed first. Does nothing where it is here already. */
  add(player: Player, replayMs: number, onEnded: (end: PassedOnEnd) => void): void {
    if (this.#pulls.has(player.id)) return;
    const pull = { player, replayMs, onEnded };
    this.#pulls.set(player.id, pull);
    if (this.#pulled.isLive) this.#feed(pull);
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
    this.#pulled.close();
  }

  #feedAll(): void {
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

  #tellEnd({ member, profile }: RelayOwner, { code, text, isOrdinary }: UpstreamEnd): void {
    const { key, log } = this.#parts;
    const fields = { key, owner: profile.name, ownerId: member, passedOn: true, reason: code, detail: text };
    if (isOrdinary) log.info(fields, 'relay lost its owner');
    else log.warn(fields, 'relay lost its owner');
    this.end(isOrdinary ? 'publisher-ended' : 'owner-unreachable');
  }
}
