import type { OwnLog } from '@headwater/directory';
import { Answer } from './answer.js';
import type { Conduct } from './conduct.js';
import type { Effects } from './effects.js';
import type { Taken } from './follower.js';
import type { DeltaPart, More, Pull, SnapshotPart } from './messages.js';
import type { Peer } from './peer.js';

/** Both sides of repair: asking owners for what is missing here, and answering for one's own log. */
export class Repair {
  readonly #log: OwnLog;
  readonly #conduct: Conduct;
  #pulls = 0;

  constructor(log: OwnLog, conduct: Conduct) {
    this.#log = log;
    this.#conduct = conduct;
  }

  /** Tells what some words of a member changed. */
  take(peer: Peer, taken: Taken, now: number, effects: Effects): void {
    effects.changed(taken.changed);
    if (taken.isProfileNew) effects.changedMembers.add(peer.id);
    if (taken.isRefused) this.#conduct.excess(peer, 'claims more streams than are kept of one', now, effects);
    if (peer.isGreeted && peer.follower.isWhole) peer.wasSynced = true;
  }

  /** `isUrgent`: what is missing cannot be news that is merely late. */
  pullIfBehind(peer: Peer, isUrgent: boolean, now: number, effects: Effects): void {
    if (!peer.isGreeted || peer.leftGeneration > 0) return;
    const pull = peer.follower.nextPull(this.#pulls + 1, isUrgent, now);
    if (pull === null) return;
    this.#pulls += 1;
    effects.send(peer.id, pull);
  }

  heardPart(peer: Peer, part: DeltaPart | SnapshotPart, now: number, effects: Effects): void {
    if (part.kind === 'delta-part' && part.delta.member !== peer.id) {
      this.#conduct.offence(peer, 'spoke for another member', now, effects);
      return;
    }
    const taken = peer.follower.part(part, now);
    this.take(peer, taken, now, effects);
    if (taken.more) effects.send(peer.id, { kind: 'more', pull: part.pull });
    if (part.last) this.pullIfBehind(peer, false, now, effects);
  }

  heardPull(peer: Peer, pull: Pull, now: number, effects: Effects): void {
    if (!peer.pulls.take(now)) {
      this.#conduct.excess(peer, 'asks for repair too often', now, effects);
      return;
    }
    if (pull.held.generation > this.#log.generation)
      this.#conduct.twinOfSelf(pull.held.generation, peer.name, now, effects);
    peer.answer = new Answer(this.#log, pull);
    this.heardMore(peer, { kind: 'more', pull: pull.pull }, effects);
  }

  heardMore(peer: Peer, { pull }: More, effects: Effects): void {
    if (peer.answer?.pull !== pull) return;
    const parts = peer.answer.next();
    for (const part of parts) effects.send(peer.id, part);
    if (parts.at(-1)?.last !== false) peer.answer = null;
  }
}
