import type { OwnLog } from '@headwater/directory';
import { Answer } from './answer.js';
import type { Conduct } from './conduct.js';
import type { Effects } from './effects.js';
import type { Taken } from './follower.js';
import { PARTS_PER_STEP } from './limits.js';
import type { DeltaPart, More, Pull, SnapshotPart } from './messages.js';
import type { Peer } from './peer.js';

/** Both sides of repair: asking owners for what is missing here, and answering for one's own log. */
export class Repair {
  readonly #log: OwnLog;
  readonly #conduct: Conduct;
  /** Whose answers have parts to go out, whose turn it is first. */
  readonly #answering = new Set<Peer>();
  /** Of whom news that waited can be taken now. */
  readonly #taking = new Set<Peer>();
  #pulls = 0;

  constructor(log: OwnLog, conduct: Conduct) {
    this.#log = log;
    this.#conduct = conduct;
  }

  /** Tells what some words of a member changed. */
  take(peer: Peer, taken: Taken, now: number, effects: Effects): void {
    effects.changed(taken.changed);
    if (taken.isProfileNew) effects.changedMembers.add(peer.id);
    if (taken.isRefused) this.#conduct.offence(peer, 'claims more streams than one member may', now, effects);
    this.#taking.delete(peer);
    if (peer.follower.isPendingDue) this.#taking.add(peer);
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
      this.#conduct.offence(peer, 'asks for repair too often', now, effects);
      return;
    }
    if (pull.held.generation > this.#log.generation)
      this.#conduct.twinOfSelf(pull.held.generation, peer.name, now, effects);
    peer.answer = new Answer(this.#log, pull);
    this.#answering.add(peer);
    this.#sendParts(effects);
  }

  heardMore(peer: Peer, { pull }: More, effects: Effects): void {
    if (peer.answer?.pull !== pull) return;
    peer.answer.more();
    this.#answering.add(peer);
    this.#sendParts(effects);
  }

  /** Whether `work` has something to do. */
  get isWorking(): boolean {
    return this.#answering.size > 0 || this.#taking.size > 0;
  }

  /** Goes on with what takes more than one step: answers to others, and news that came before those they build upon. */
  work(now: number, effects: Effects): void {
    this.#sendParts(effects);
    const [peer] = this.#taking;
    if (peer !== undefined) this.take(peer, peer.follower.takePending(now), now, effects);
  }

  /** Sends some of the parts that may go out, of one asker after the other. */
  #sendParts(effects: Effects): void {
    for (let left = PARTS_PER_STEP; left > 0; ) {
      const [peer] = this.#answering;
      if (peer === undefined) return;
      this.#answering.delete(peer);
      const part = peer.answer?.next() ?? null;
      if (part === null) continue;
      effects.send(peer.id, part);
      left -= 1;
      if (part.last) peer.answer = null;
      else if (peer.answer?.isDue === true) this.#answering.add(peer);
    }
  }
}
