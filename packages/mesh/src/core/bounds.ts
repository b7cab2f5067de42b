import type { Gauges } from './gauges.js';
import {
  ADDRESSES_PER_MEMBER_MAX,
  DIALS_PER_SECOND_MAX,
  ENVELOPES_KEPT_BYTES_MAX,
  ENVELOPES_KEPT_MAX,
  MEMBERS_MAX,
  PEERS_MAX,
  PENDING_DELTAS_MAX,
} from './limits.js';

/** What each gauge is bounded by; those that are not here are parts of others. */
export const BOUNDS: Readonly<Partial<Record<keyof Gauges, number>>> = {
  peers: PEERS_MAX,
  records: MEMBERS_MAX,
  dialsPerSecond: DIALS_PER_SECOND_MAX,
  pendingDeltas: PENDING_DELTAS_MAX,
  envelopes: ENVELOPES_KEPT_MAX,
  envelopeBytes: ENVELOPES_KEPT_BYTES_MAX,
  addresses: 3 * ADDRESSES_PER_MEMBER_MAX,
};
