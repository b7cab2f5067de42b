import type { OwnLog } from '@headwater/directory';
import type { Dispute } from './dispute.js';
import type { Taken } from './follower.js';
import type { DeltaPart, More, Pull, SnapshotPart } from './messages.js';
import type { Peer } from './peer.js';
import type { Penalties } from './penalties.js';
import type { Step } from './step.js';

/** Both sides of repair: asking owners for what is missing here, and answering for one's own log. */
export class Repair {
  readonly #local: { readonly log: OwnLog };
  readonly #penalties: Penalties;
  readonly #dispute: Dispute;
  #pulls = 0;

  constructor(local: { readonly log: OwnLog }, penalties: Penalties, dispute: Dispute) {
    this.#local = local;
    this.#dispute = dispute;
    this.#penalties = penalties;
  }

  /** Tells what some words of a member changed. */
  take(peer: Peer, taken: Taken, step: Step): void {
    step.effects.changed(taken.changed);
    if (taken.isProfileNew) step.effects.changedMembers.add(peer.id);
    if (taken.isRefused) this.#penalties.offence(peer, 'claims more streams than one member may', step);
    if (peer.isGreeted && peer.follower.isWhole) peer.synced();
  }

  /** `isUrgent`: what is missing cannot be news that is merely late. */
  pullIfBehind(peer: Peer, isUrgent: boolean, step: Step): void {
    if (!peer.isGreeted || peer.hasLeft) return;
    const pull = peer.follower.nextPull(this.#pulls + 1, isUrgent, step.now);
    if (pull === null) return;
    this.#pulls += 1;
    step.effects.send(peer.id, pull);
  }

  heardPart(peer: Peer, part: DeltaPart | SnapshotPart, step: Step): void {
    if (part.kind === 'delta-part' && part.delta.member !== peer.id) {
      this.#penalties.offence(peer, 'spoke for another member', step);
      return;
    }
    const taken = peer.follower.part(part, step.now);
    this.take(peer, taken, step);
    if (taken.more) step.effects.send(peer.id, { kind: 'more', pull: part.pull });
    if (part.last) this.pullIfBehind(peer, false, step);
  }

  heardPull(peer: Peer, pull: Pull, step: Step): void {
    if (!peer.answering.allows(step.now)) {
      this.#penalties.offence(peer, 'asks for repair too often', step);
      return;
    }
    const { log } = this.#local;
    if (pull.held.generation > log.generation)
      this.#dispute.told(peer.id, pull.held.generation, null, step.now);
    peer.answering.begin(log, pull);
    this.heardMore(peer, { kind: 'more', pull: pull.pull }, step);
  }

  heardMore(peer: Peer, { pull }: More, step: Step): void {
    for (const part of peer.answering.next(pull)) step.effects.send(peer.id, part);
  }
}
