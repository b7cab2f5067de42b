import type { MemberId } from '@headwater/directory';
import type { Conduct } from './conduct.js';
import type { Effects } from './effects.js';
import {
  ASK_DEADLINE_MS,
  ASK_PAUSE_MS,
  ASKS_PER_SECOND_MAX,
  ENVELOPES_KEPT_MAX,
  PART_BYTES_MAX,
} from './limits.js';
import type { Ask, DeltaNews, Words } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Repair } from './repair.js';
import { fitting } from './wire-size.js';

/** A member's own signed news, given by another member that was asked for them. */
export interface HandedOn {
  /** Who gave it. */
  readonly peer: MemberId;
  /** Who signed it. */
  readonly author: MemberId;
  readonly message: DeltaNews;
  readonly sealed: Uint8Array;
}

/**
 * Repair where the owner itself can't be asked: a suspect's news are asked of any other member, who hands on the envelopes
 * as the owner sealed them. They tell what the owner said, never that it lives: that is only believed of its own word.
 */
export class SecondHand {
  readonly #peers: Peers;
  readonly #conduct: Conduct;
  readonly #repair: Repair;
  readonly #random: () => number;
  #asks = 0;

  constructor(peers: Peers, conduct: Conduct, repair: Repair, random: () => number) {
    this.#peers = peers;
    this.#conduct = conduct;
    this.#repair = repair;
    this.#random = random;
  }

  /** Asks somebody for a suspect's news, now and then while it is one: also news of which nothing is known here. */
  askIfSuspect(owner: Peer, now: number, effects: Effects): void {
    const { directory } = this.#peers;
    if (directory.member(owner.id)?.liveness !== 'suspect' || now < owner.askNextAt) return;
    const free = this.#peers.greeted().filter((peer) => peer !== owner && this.#isFree(peer, now));
    const helper = free[Math.floor(this.#random() * free.length)];
    if (helper === undefined) return;
    this.#asks += 1;
    const held = directory.position(owner.id);
    owner.askNextAt = now + ASK_PAUSE_MS;
    helper.asked = {
      ask: this.#asks,
      owner: owner.id,
      held,
      at: now,
      left: ENVELOPES_KEPT_MAX,
      isOver: false,
    };
    effects.send(helper.id, { kind: 'ask', ask: this.#asks, owner: owner.id, held });
  }

  heardAsk(peer: Peer, { ask, owner, held }: Ask, now: number, effects: Effects): void {
    if (!peer.asks.take(now)) {
      const reason = `asks for others' words more than ${ASKS_PER_SECOND_MAX} times a second`;
      this.#conduct.excess(peer, reason, now, effects);
      return;
    }
    const found = this.#peers.get(owner)?.envelopes.since(held) ?? [];
    let start = 0;
    do {
      const end = start + fitting(found, start, (sealed) => sealed.byteLength + 5, PART_BYTES_MAX);
      const envelopes = found.slice(start, end);
      effects.send(peer.id, { kind: 'words', ask, last: end >= found.length, envelopes });
      start = end;
    } while (start < found.length);
  }

  /** Only what was asked for is worth the cost of checking signatures. */
  heardWords(peer: Peer, { ask, last, envelopes }: Words, now: number, effects: Effects): void {
    const { asked } = peer;
    // The answer to an earlier question, given up since, is nobody's fault.
    if (asked !== null && ask < asked.ask) return;
    if (asked === null || asked.isOver || ask !== asked.ask) {
      this.#conduct.offence(peer, 'handed on words that nobody asked for', now, effects);
      return;
    }
    // It may keep more than is kept here: they lead on from each other, so the first ones are of use by themselves.
    const taken = envelopes.slice(0, asked.left);
    asked.left -= taken.length;
    asked.isOver = last;
    for (const sealed of taken) effects.unseals.push({ via: peer.id, sealed });
  }

  /** The owner that an envelope is of, where it is what was asked for; else it is the giver's offence. */
  ownerOf({ peer: via, author, message: { delta } }: HandedOn, now: number, effects: Effects): Peer | null {
    const giver = this.#peers.get(via);
    if (giver?.asked == null) return null;
    const { owner, held } = giver.asked;
    const isNewer =
      delta.generation > held.generation || (delta.generation === held.generation && delta.to > held.version);
    if (author === owner && delta.member === owner && isNewer) return this.#peers.get(owner) ?? null;
    const reason = isNewer ? 'handed on words of another member than asked for' : 'handed on old words';
    this.#conduct.offence(giver, reason, now, effects);
    return null;
  }

  /** A member's own news, whoever brought them. */
  news(owner: Peer, { delta }: DeltaNews, sealed: Uint8Array, now: number, effects: Effects): void {
    const taken = owner.follower.news(delta, now);
    if (!taken.isRefused) owner.envelopes.keep(delta, sealed);
    this.#repair.take(owner, taken, now, effects);
  }

  /** One question at a time, so that a member that does not answer, or is of an older version, is not asked over and over. */
  #isFree(peer: Peer, now: number): boolean {
    if (this.#peers.directory.member(peer.id)?.liveness !== 'alive') return false;
    return peer.asked === null || peer.asked.isOver || now - peer.asked.at >= ASK_DEADLINE_MS;
  }
}
