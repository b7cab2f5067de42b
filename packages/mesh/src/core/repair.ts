import type { OwnLog } from '@headwater/directory';
import type { Dispute } from './dispute.js';
import type { Taken } from './follower.js';
import { PARTS_PER_STEP } from './limits.js';
import type { DeltaPart, More, Pull, SnapshotPart } from './messages.js';
import type { Peer } from './peer.js';
import type { Penalties } from './penalties.js';
import type { Step } from './step.js';

/** Both sides of repair: asking owners for what is missing here, and answering for one's own log. */
export class Repair {
  readonly #local: { readonly log: OwnLog };
  readonly #penalties: Penalties;
  readonly #dispute: Dispute;
  /** Whose answers have parts to go out, whose turn it is first. */
  readonly #answering = new Set<Peer>();
  /** Of whom news that waited can be taken now. */
  readonly #taking = new Set<Peer>();
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
    if (taken.isRefused) this.#penalties.excess(peer, 'claims more streams than are kept of one', step);
    this.#taking.delete(peer);
    if (peer.follower.isPendingDue) this.#taking.add(peer);
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
      this.#penalties.excess(peer, 'asks for repair too often', step);
      return;
    }
    const { log } = this.#local;
    if (pull.held.generation > log.generation)
      this.#dispute.told(peer.id, pull.held.generation, null, step.now);
    peer.holds = pull.held.generation === log.generation ? pull.held.version : 0;
    peer.answering.begin(log, pull);
    this.#answering.add(peer);
    this.#sendParts(step);
  }

  heardMore(peer: Peer, { pull }: More, step: Step): void {
    if (!peer.answering.more(pull)) return;
    this.#answering.add(peer);
    this.#sendParts(step);
  }

  /** Whether `work` has something to do. */
  get isWorking(): boolean {
    return this.#answering.size > 0 || this.#taking.size > 0;
  }

  /** Goes on with what takes more than one step: answers to others, and news that came before those they build upon. */
  work(step: Step): void {
    this.#sendParts(step);
    const [peer] = this.#taking;
    if (peer !== undefined) this.take(peer, peer.follower.takePending(step.now), step);
  }

  /** Sends some of the parts that may go out, of one asker after the other. */
  #sendParts(step: Step): void {
    for (let left = PARTS_PER_STEP; left > 0; ) {
      const [peer] = this.#answering;
      if (peer === undefined) return;
      this.#answering.delete(peer);
      const part = peer.answering.next();
      if (part === null) continue;
      step.effects.send(peer.id, part);
      left -= 1;
      if (peer.answering.isDue) this.#answering.add(peer);
    }
  }
}
