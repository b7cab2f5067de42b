import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import { TICK_MS } from '../limits.js';
import { LocalState } from '../local-state.js';
import type { Peer } from '../peer.js';
import type { Peers } from '../peers.js';
import { Reachability } from '../reachability.js';
import { Retelling } from '../retelling.js';
import { Step } from '../step.js';
import { longStream } from './long-stream.js';
import { meet, peersOf } from './met-peers.js';

/** One broadcast: when it went out, and from which version of the log to which. */
export type Told = readonly [at: number, from: number, to: number];

/** A member with others of which some are out of its reach while others hear them. Its log begins at version 1. */
export class RetellingMember {
  readonly peers: Peers;
  readonly local: LocalState;
  now = 0;
  readonly #reachability: Reachability;
  readonly #retelling: Retelling;
  #claims = 0;

  constructor() {
    this.peers = peersOf('self');
    const step = this.#step;
    const options = { generation: 1, profile: profileOf('self'), batchMs: 0, order: 'primary' } as const;
    this.local = new LocalState(options, this.peers.directory, step);
    this.local.flush(step);
    this.#reachability = new Reachability(this.peers, 1, 900, () => 0);
    this.#retelling = new Retelling(this.peers, this.local, this.#reachability, 0);
  }

  get #step(): Step {
    return new Step(this.now);
  }

  /** Another one connects and greets. */
  meet(id: string, generation = 1): Peer {
    const peer = meet(this.peers, id, this.now, { generation, version: 0 });
    this.peers.directory.apply({ member: id, generation, from: 0, to: 0, entries: [] });
    return peer;
  }

  /** One that held this member's log so far is heard by others alone from now on. */
  lose(id: string, holds: number): Peer {
    const peer = this.meet(id);
    peer.holds = holds;
    peer.disconnected(this.now);
    peer.judged('unreachable', this.now);
    return peer;
  }

  /** The log grows by one version each; these claims are broadcast once, which nobody here sees. */
  claim(count = 1): void {
    this.#claimEach(count, (index) => `s${index}`);
  }

  /** A log of some of them is too long for one repetition: it tells of `LONG_PER_PART` in each message. */
  claimLong(count: number): void {
    this.#claimEach(count, longStream);
  }

  beginGeneration(generation: number): void {
    this.local.beginGeneration(generation, this.#step);
    this.#retelling.beginGeneration();
  }

  /** What it broadcasts at this moment. */
  tick(): Step {
    const step = this.#step;
    this.#retelling.tick(step);
    return step;
  }

  /** What it tells while it ticks until then, that moment included. */
  runTo(until: number): Told[] {
    const told: Told[] = [];
    for (; this.now <= until; this.now += TICK_MS)
      for (const message of this.tick().effects.broadcasts)
        if (message.kind === 'delta') told.push([this.now, message.delta.from, message.delta.to]);
    this.now = until;
    return told;
  }

  #claimEach(count: number, streamOf: (index: number) => string): void {
    const step = this.#step;
    for (let claimed = 0; claimed < count; claimed += 1) {
      this.#claims += 1;
      this.local.claim(claimOf(streamOf(this.#claims)), step);
    }
    this.local.flush(step, true);
  }
}
