import type { MemberId } from '@headwater/directory';
import { type PassedOnEnd, type PassedOnParts, PassedOnRelay } from './passed-on-relay.js';
import type { Player } from './player.js';
import type { PlayerFeed } from './player-feed.js';
import { type RelayOwner, type RelayRoute, routeOf } from './relay-owner.js';

/** The relays of one stream that are passed on, one for each owner and way, while a pull wants it. */
export class PassedOnRelays {
  readonly #parts: PassedOnParts;
  readonly #relays = new Map<RelayRoute, PassedOnRelay>();

  constructor(parts: PassedOnParts) {
    this.#parts = parts;
  }

  /** Pulls that are fed, or are about to be. */
  get size(): number {
    let size = 0;
    for (const relay of this.#relays.values()) size += relay.size;
    return size;
  }

  /** Other members whose media is passed on. */
  get owners(): readonly MemberId[] {
    return [...this.#relays.values()].filter(({ isOfSibling }) => !isOfSibling).map(({ owner }) => owner);
  }

  feeds(): PlayerFeed[] {
    return [...this.#relays.values()].flatMap((relay) => [...relay.feeds()]);
  }

  /** Feeds a pull with what this owner publishes, until it is removed or `onEnded` was called. */
  add(player: Player, owner: RelayOwner, replayMs: number, onEnded: (end: PassedOnEnd) => void): void {
    const route = routeOf(owner);
    const present = this.#relays.get(route);
    // Its pulls connect anew when they have heard nothing for long, and must not meet the same dead connection.
    const stale = present?.isStale === true ? present : null;
    if (stale !== null) this.#relays.delete(route);
    this.#open(owner, player.id).add(player, replayMs, onEnded);
    // With the last pull of the old one the stream would have had nobody, and been let go with the new one in it.
    stale?.end('owner-unreachable');
  }

  remove(player: Player): void {
    for (const [route, relay] of this.#relays) {
      if (!relay.remove(player) || relay.size > 0) continue;
      this.#relays.delete(route);
      relay.close();
    }
  }

  /** Ends every relay without a word to its pulls. */
  close(): void {
    for (const relay of this.#relays.values()) relay.close();
    this.#relays.clear();
  }

  #open(owner: RelayOwner, id: string): PassedOnRelay {
    const route = routeOf(owner);
    const present = this.#relays.get(route);
    if (present !== undefined) return present;
    const relay = new PassedOnRelay(owner, id, this.#parts, () => {
      if (this.#relays.get(route) === relay) this.#relays.delete(route);
    });
    this.#relays.set(route, relay);
    return relay;
  }
}
