import { NotFoundError, type Peer, type PeerStore } from '@libp2p/interface';

/**
 * libp2p writes down what it meets (each stream's protocol, each dial's success) in a store with locks and a database behind
 * it, which nobody here reads: members are known by the core. That was a tenth of what a link cost. From now on nothing is
 * written down; reading finds nobody.
 */
export function quiet(store: PeerStore): void {
  const nothing = (id: Peer['id']): Promise<Peer> =>
    Promise.resolve({ id, addresses: [], protocols: [], metadata: new Map(), tags: new Map() });
  store.merge = nothing;
  store.patch = nothing;
  store.save = nothing;
  store.get = () => Promise.reject(new NotFoundError('nobody is written down'));
}
