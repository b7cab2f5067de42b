import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import type { Whereabouts } from '../input.js';
import type { Peer } from '../peer.js';
import { Peers } from '../peers.js';
import { helloOf } from './hello-of.js';

export interface Meeting {
  readonly generation?: number;
  readonly addresses?: readonly string[];
  readonly from?: Whereabouts;
  /** What was measured of the way to it and back, ms, often enough to be believed; null: nothing was. */
  readonly roundTripMs?: number | null;
}

/** So many equal measures leave no doubt. */
const MEASURES = 40;

/** What `self` knows of others, without a mesh: the test does to each of them what its messages would do. */
export class KnownPeers {
  readonly directory: Directory;
  readonly peers: Peers;
  now = 10_000;

  constructor(random: () => number = () => 0, self = 'self') {
    this.directory = new Directory(self, profileOf(self), { membersMax: 256, streamsPerMemberMax: 8 });
    const patience = { suspectAfterMs: 1_800, deadAfterMs: 900 };
    this.peers = new Peers(this.directory, patience, { ms: 0 }, random);
  }

  /** It connects and greets. */
  meet(id: string, { from = {}, roundTripMs = 0, ...hello }: Meeting = {}): Peer {
    const peer = this.peers.connected(id, this.now);
    peer.connected(from, this.now);
    if (roundTripMs !== null)
      for (let count = 0; count < MEASURES; count += 1) peer.heartbeats.roundTrip.take(roundTripMs);
    this.greet(peer, hello);
    return peer;
  }

  /** One that is connected greets. */
  greet(peer: Peer, { generation = 1, addresses = [`${peer.id}:1`] }: Meeting = {}): void {
    const held = this.directory.position(peer.id).generation;
    peer.follower.told({ generation, version: 0 }, this.now);
    this.directory.setLiveness(peer.id, 'alive');
    peer.greeted(helloOf(peer.id, { generation, addresses }), held, this.now);
  }

  /** Its connection closes, and it is believed to be dead at once. */
  die(peer: Peer): void {
    peer.disconnected(this.now);
    peer.noteHeard(this.now);
    peer.judged('dead', this.now);
    this.directory.setLiveness(peer.id, 'dead');
  }
}
