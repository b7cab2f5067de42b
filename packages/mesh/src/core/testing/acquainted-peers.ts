import { Acquaintances } from '../acquaintances.js';
import { PEERS_MAX } from '../limits.js';
import type { Acquaintance } from '../messages.js';
import type { Peer } from '../peer.js';
import { Step } from '../step.js';
import { KnownPeers } from './known-peers.js';

/** What somebody says of a member, without telling whether it hears it. */
export const named = (id: string, more: Partial<Acquaintance> = {}): Acquaintance => ({
  id,
  position: { generation: 1, version: 0 },
  addresses: [`${id}:1`],
  ...more,
});

export const heard = (id: string, more: Partial<Acquaintance> = {}): Acquaintance =>
  named(id, { heard: true, ...more });

export const unheard = (id: string, more: Partial<Acquaintance> = {}): Acquaintance =>
  named(id, { heard: false, ...more });

/** The same members, and what is learnt of them. This one listens on `self:1` and `self:2`. */
export class AcquaintedPeers extends KnownPeers {
  readonly acquaintances = new Acquaintances(this.peers, ['self:1', 'self:2']);

  /** `dialled`: where it was reached. */
  alive(id: string, addresses = [`${id}:1`], dialled?: string): Peer {
    const from = dialled === undefined ? {} : { dialled };
    const peer = this.meet(id, { addresses, from, roundTripMs: null });
    peer.noteHeard(this.now);
    return peer;
  }

  dead(id: string): Peer {
    const peer = this.alive(id);
    this.die(peer);
    return peer;
  }

  left(id: string): Peer {
    const peer = this.alive(id);
    peer.left(1, this.now);
    peer.disconnected(this.now);
    peer.noteHeard(this.now);
    return peer;
  }

  /** All others live, up to as many as there may be, but for some. */
  fill(besides = 0): void {
    for (let index = this.peers.size; index < PEERS_MAX - besides; index += 1) this.alive(`live${index}`);
  }

  /** What is to be done after this. */
  effectsOf(act: (step: Step) => unknown): Step['effects'] {
    const step = new Step(this.now);
    act(step);
    return step.effects;
  }

  connect(id: string): Peer | null {
    return this.acquaintances.connected(id, new Step(this.now));
  }

  tell(from: Peer, ...members: readonly Acquaintance[]): void {
    for (const one of members) this.acquaintances.learn(one, from, new Step(this.now));
  }

  tick(peer: Peer): Step['effects'] {
    return this.effectsOf((step) => this.acquaintances.tick(peer, step));
  }

  isKept(peer: Peer): boolean {
    return this.peers.get(peer.id) === peer;
  }

  isKnown(id: string): boolean {
    return this.peers.get(id) !== undefined;
  }

  /** Whose word counts that it hears it; null: nobody's. */
  voucherOf(id: string): string | null {
    return this.peers.get(id)?.vouch.by(this.now) ?? null;
  }
}
