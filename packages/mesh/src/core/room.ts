import type { Peer } from './peer.js';

/** Who asks for room: somebody connected; a member that another one says to hear; a name, and no more than that. */
export type Newcomer = 'connected' | 'vouched' | 'hearsay';

/**
 * Who goes where there is no room for one more; null: nobody. Never one that lives, as far as is known here.
 *
 * | goes, in this order                       | for a connection | for a vouched name | for hearsay |
 * | ----------------------------------------- | ---------------- | ------------------ | ----------- |
 * | strangers that were dialled in vain       | yes              | yes                | yes         |
 * | the dead, those first that died first     | yes              | yes                | no          |
 * | those that left, likewise                 | yes              | yes                | no          |
 * | strangers that were not dialled yet       | yes              | no                 | no          |
 * | connected strangers that say no hello     | yes              | no                 | no          |
 */
export function whoGoes(peers: Iterable<Peer>, newcomer: Newcomer): Peer | null {
  let goes: Peer | null = null;
  let best: readonly [rank: number, since: number] | null = null;
  for (const peer of peers) {
    const rank = rankOf(peer);
    if (rank === null || rank > LAST_RANK[newcomer]) continue;
    const since = peer.goneSince ?? peer.knownSince;
    if (best !== null && (rank > best[0] || (rank === best[0] && since >= best[1]))) continue;
    best = [rank, since];
    goes = peer;
  }
  return goes;
}

const LAST_RANK: Readonly<Record<Newcomer, number>> = { hearsay: 0, vouched: 2, connected: 4 };

function rankOf(peer: Peer): number | null {
  const { life, link } = peer.state;
  if (life.kind === 'stranger') {
    if (link.kind !== 'none') return 4;
    return peer.redial.isTried ? 0 : 3;
  }
  if (link.kind !== 'none') return null;
  if (life.kind === 'dead') return 1;
  return life.kind === 'left' ? 2 : null;
}
