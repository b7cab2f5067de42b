import { Directory, type LogPosition, ownerOrder } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import type { Peer } from '../peer.js';
import { Peers } from '../peers.js';
import { helloOf } from './hello-of.js';

/** All that a member has of others, with nobody in it yet. */
export function peersOf(self: string, streamsPerMemberMax = 100_000): Peers {
  const limits = { membersMax: 8, streamsPerMemberMax };
  const directory = new Directory(self, profileOf(self), limits, ownerOrder('primary', undefined));
  return new Peers(directory, { suspectAfterMs: 1_800, deadAfterMs: 900 }, { ms: 0 }, () => 0);
}

/** Another member connects and greets. */
export function meet(
  peers: Peers,
  id: string,
  now = 0,
  position: LogPosition = { generation: 1, version: 1 },
): Peer {
  const peer = peers.connected(id, now);
  peer.connected({}, now);
  peer.greeted(helloOf(id, { ...position, addresses: [] }), 0, now);
  return peer;
}
