import { createHash } from 'node:crypto';
import { type GossipSub, type GossipSubComponents, gossipsub } from '@chainsafe/libp2p-gossipsub';
import { ENVELOPE_BYTES_MAX } from '../wire/envelope.js';
import { QUEUE_BYTES_MAX } from './link.js';

export const TOPIC = 'headwater/1/deltas';

/** How often gossipsub looks after scores, ms: there are none to decay, only what it noted of messages to be let go. */
const SCORES_LOOK_MS = 10_000;

/**
 * gossipsub for a mesh in which everybody is connected to everybody: the author sends to all at once (flood), and the
 * few forwards (D) only bridge what a missing connection leaves out: one neighbour that has the message is enough, and
 * what it does not bring, the next heartbeat shows to be missing. Each forward costs 0.1-0.3 ms of CPU.
 *
 * Scoring is off: it counts members on one IP as an attack, and our own count of offences says who is cut off.
 * Messages carry our own signature, so gossipsub adds none.
 */
export function deltaGossip(): (components: GossipSubComponents) => GossipSub {
  return gossipsub({
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: ({ data }) => createHash('sha256').update(data).digest(),
    floodPublish: true,
    D: 1,
    Dlo: 1,
    Dhi: 2,
    Dscore: 0,
    Dout: 0,
    Dlazy: 2,
    fallbackToFloodsub: false,
    doPX: false,
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    allowedTopics: [TOPIC],
    seenTTL: 30_000,
    maxOutboundBufferSize: QUEUE_BYTES_MAX,
    maxInboundDataLength: 2 * ENVELOPE_BYTES_MAX,
    // Stryker disable next-line BooleanLiteral: tags go to the peer store, which keeps nothing (quiet-peer-store.ts).
    tagMeshPeers: false,
    scoreParams: {
      IPColocationFactorWeight: 0,
      behaviourPenaltyWeight: 0,
      appSpecificWeight: 0,
      decayInterval: SCORES_LOOK_MS,
    },
    decodeRpcLimits: {
      maxSubscriptions: 8,
      maxMessages: 64,
      maxIhaveMessageIDs: 5_000,
      maxIwantMessageIDs: 5_000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 0,
    },
  });
}
