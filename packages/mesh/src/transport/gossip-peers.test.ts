import { type Connection, type PeerId, serviceCapabilities, type Topology } from '@libp2p/interface';
import { describe, expect, it } from 'vitest';
import { GossipPeers } from './gossip-peers.js';

const peer = { toString: () => 'peer' } as PeerId;
const connection = { id: 'its connection' } as Connection;

/** As libp2p keeps them: by the protocol that they asked for. */
const peersWith = (topologies: Readonly<Record<string, Topology[]>>): GossipPeers =>
  new GossipPeers({ registrar: { getTopologies: (protocol) => topologies[protocol] ?? [] } });

describe('GossipPeers', () => {
  it('tells all that listen for members that speak gossip, as far as they want to know', () => {
    const told: unknown[][] = [];
    const peers = peersWith({
      '/meshsub/1.2.0': [
        {},
        {
          onConnect: (...args) => void told.push(['connected', ...args]),
          onDisconnect: (...args) => void told.push(['disconnected', ...args]),
        },
      ],
    });
    peers.connected(peer, connection);
    peers.disconnected(peer);
    expect(told).toEqual([
      ['connected', peer, connection],
      ['disconnected', peer],
    ]);
  });

  it('fails loudly with a gossipsub that speaks another version only', () => {
    const peers = peersWith({ '/meshsub/2.0.0': [{}] });
    const words = 'this version of gossipsub does not speak /meshsub/1.2.0';
    expect(() => peers.connected(peer, connection)).toThrow(words);
    expect(() => peers.disconnected(peer)).toThrow(words);
  });

  it("stands in for libp2p's identify, which gossipsub asks for", () => {
    expect(peersWith({})[serviceCapabilities]).toEqual(['@libp2p/identify']);
  });
});
