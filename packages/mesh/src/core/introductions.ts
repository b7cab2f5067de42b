import { INTRODUCE_AFTER_MS } from './limits.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Step } from './step.js';

/**
 * Who hears a new start of a member tells it to those that do not hear it after a while: it may be out of reach for them,
 * and rosters, which tell one member at a time, take long where somebody has only one to hear of others from. Until then it
 * would not know that what it says has to be told again for that one. Of all that could tell, the one with the smallest id does.
 */
export class Introductions {
  readonly #peers: Peers;

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  tick(step: Step): void {
    const newcomers = [...this.#peers].filter(
      (peer) =>
        peer.isHeard &&
        peer.introducedAs !== peer.greetedAs &&
        step.now - peer.generationSince >= INTRODUCE_AFTER_MS,
    );
    if (newcomers.length === 0) return;
    for (const peer of newcomers) peer.introducedAs = peer.greetedAs;
    for (const hearer of this.#peers.greeted()) {
      const unknown = newcomers.filter((peer) => peer !== hearer && this.#isToTell(peer, hearer, step.now));
      if (unknown.length > 0)
        step.effects.send(hearer.id, { kind: 'roster', members: this.#peers.rosterOf(unknown) });
    }
  }

  /** The hearer does not hear it, and nobody with a smaller id that hears both is heard by the hearer. */
  #isToTell(newcomer: Peer, hearer: Peer, now: number): boolean {
    const word = hearer.wordAt(now);
    const number = newcomer.digestNumber;
    if (word === null || word.starts.has(number)) return false;
    for (const other of this.#peers)
      if (
        other.id < this.#peers.self &&
        other.isHeard &&
        word.starts.has(other.digestNumber) &&
        other.wordAt(now)?.starts.has(number) === true
      )
        return false;
    return true;
  }
}
