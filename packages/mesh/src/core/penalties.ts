import { CUT_OFF_MS, TWIN_TOLD_EVERY_MS } from './limits.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Step } from './step.js';
import { WarningPace } from './warning-pace.js';

/** What is done about members that do what no well-behaved one does. */
export class Penalties {
  readonly #peers: Peers;
  readonly #twinWarning = new WarningPace(TWIN_TOLD_EVERY_MS);

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  /** Something of this member's was dropped. It is logged now and then, and cut off when it goes on. */
  offence(peer: Peer | undefined, reason: string, step: Step): void {
    if (peer === undefined) return;
    const verdict = peer.offences.add(step.now);
    const offences = peer.offences.total;
    const fields = { ...this.#peers.naming(peer), addresses: peer.addresses, reason, offences };
    if (verdict === 'log') step.effects.log('warn', 'message dropped', fields);
    if (verdict !== 'cut-off') return;
    step.effects.log('error', 'member cut off', { ...fields, refusedMs: CUT_OFF_MS });
    step.effects.disconnects.push({ peer: peer.id, reason: 'cut-off', refuseMs: CUT_OFF_MS });
  }

  /**
   * Something of this member's is over a limit of this program and is dropped. A later one may have raised the limit: no
   * offence. People are told now and then.
   */
  excess(peer: Peer, reason: string, step: Step): void {
    if (peer.excessWarning.take(step.now))
      step.effects.log('warn', 'member over a limit', { ...this.#peers.naming(peer), reason });
  }

  /** Somebody knows a later start of this member than this one. */
  twinOfSelf(ownGeneration: number, generation: number, heardFrom: readonly string[], step: Step): void {
    if (!this.#twinWarning.take(step.now)) return;
    step.effects.log('error', 'another member uses this identity key', {
      member: this.#peers.self,
      ownGeneration,
      otherGeneration: generation,
      heardFrom,
      reason: 'two running origins have one identity key, or the clock and the kept generation went back',
      hint: 'this one is not ready and takes no publishers meanwhile; give each origin a dataDir of its own: remove the identity key from the copied one and restart it',
    });
  }

  /** Words of an earlier start of a member come long after a later start was seen. */
  twins(peer: Peer, generation: number, step: Step): void {
    if (!peer.twinWarning.take(step.now)) return;
    step.effects.log('error', 'two members use the same identity key', {
      ...this.#peers.naming(peer),
      addresses: peer.addresses,
      generations: [generation, this.#peers.directory.position(peer.id).generation],
      reason: 'words of two starts of one member come at the same time',
      hint: 'give each origin a dataDir of its own; remove the identity key from the copied one and restart it',
    });
  }
}
