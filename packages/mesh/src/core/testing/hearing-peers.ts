import { NO_LOAD } from '@headwater/directory';
import { joinDigests, startDigest } from '../member-digest.js';
import type { Heartbeat } from '../messages.js';
import type { Peer } from '../peer.js';
import { Reachability, type Verdict } from '../reachability.js';
import { KnownPeers, type Meeting } from './known-peers.js';

/** The generation of `self`. */
export const OWN_GENERATION = 7;

/** What a heartbeat says, as far as it matters to who is reached through whom. */
export interface Saying {
  /** Digests of the starts that its sender hears beside this member; null: it does not tell. */
  readonly hears?: readonly Uint8Array[] | null;
  /** The starts of this member that it hears. */
  readonly ofSelf?: readonly number[];
  /** When the heartbeat from here was sent that it answers, by default just now; null: it answers none. */
  readonly saidAfter?: number | null;
  readonly isDisputed?: boolean;
  readonly lateMs?: number;
}

/** The same members, and what is concluded from what they say of each other. */
export class HearingPeers extends KnownPeers {
  readonly reachability: Reachability;
  /** Which of those that can be asked is asked next, 0..1. */
  pick = 0;

  constructor() {
    super();
    this.reachability = new Reachability(this.peers, OWN_GENERATION, 900, () => this.pick);
  }

  override meet(id: string, meeting: Meeting = {}): Peer {
    const peer = super.meet(id, meeting);
    this.note(peer);
    return peer;
  }

  note(peer: Peer): void {
    this.reachability.note(peer, this.now);
  }

  /** A heartbeat of a member comes. Returns whether it waits for this one's word. */
  says(peer: Peer, saying: Saying = {}): boolean {
    const {
      hears = [],
      ofSelf = [OWN_GENERATION],
      saidAfter = this.now,
      isDisputed = false,
      lateMs,
    } = saying;
    const { now } = this;
    const self = ofSelf.map((generation) => startDigest(this.peers.self, generation));
    const heartbeat: Heartbeat = {
      kind: 'heartbeat',
      position: { generation: 1, version: 0 },
      load: NO_LOAD,
      sentAt: 0,
      echo: null,
      ...(hears !== null && { hears: joinDigests([...self, ...hears]) }),
      ...(lateMs !== undefined && { lateMs }),
    };
    peer.detector.heard(now);
    peer.detector.spoke(now);
    this.note(peer);
    const proof = saidAfter === null ? null : { saidAfter, saidAt: now };
    return this.reachability.heard(peer, heartbeat, proof, isDisputed, now);
  }

  /** So much later these say something. */
  pass(ms: number, ...sayings: readonly (readonly [Peer, Saying?])[]): void {
    this.now += ms;
    for (const [peer, saying] of sayings) this.says(peer, saying);
  }

  /** The connection with a member closes. */
  close(peer: Peer): void {
    this.reachability.closedUnheard(peer, this.now);
    peer.disconnected(this.now);
    this.note(peer);
  }

  /** The same, and nobody answers where it was. */
  refuse(peer: Peer): void {
    this.close(peer);
    peer.detector.refused();
  }

  judge(peer: Peer): Verdict {
    return this.reachability.judge(peer, this.now);
  }
}
