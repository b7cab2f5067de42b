import {
  ADDRESSES_PER_MEMBER_MAX,
  DIALS_AHEAD_MAX,
  DIALS_PER_SECOND_MAX,
  ENVELOPES_KEPT_BYTES_MAX,
  ENVELOPES_KEPT_MAX,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  PEERS_MAX,
  PENDING_DELTAS_MAX,
} from '@headwater/mesh/core';
import { QUEUE_BYTES_MAX } from '../network/connection.js';
import type { Checker } from './checker.js';

/** Lines that a member may write into its log, for each minute that it runs and each other member there is. */
const LOG_LINES_PER_MEMBER_AND_MINUTE = 90;

/** Of what a member holds inside: see `Gauges`. */
const LIMITS = {
  peers: PEERS_MAX,
  records: MEMBERS_MAX,
  // On the average of 10 s.
  dialsPerSecond: DIALS_PER_SECOND_MAX + DIALS_AHEAD_MAX / 10,
  pendingDeltas: PENDING_DELTAS_MAX,
  envelopes: ENVELOPES_KEPT_MAX,
  envelopeBytes: ENVELOPES_KEPT_BYTES_MAX,
  addresses: 3 * ADDRESSES_PER_MEMBER_MAX,
  speakers: MEMBERS_MAX,
} as const;

/** Nothing that others do makes a member grow without limit. */
export const bounds: Checker = {
  name: 'bounds',
  when: 'always',
  *check(world) {
    for (const { id, endpoint, gauges, factsTotal, startedAt, notes, states } of world.honest()) {
      const known = states.length;
      if (known > MEMBERS_MAX) yield `${id} knows ${known} members`;
      if (endpoint.queuedBytesMax > QUEUE_BYTES_MAX + MESSAGE_BYTES_MAX)
        yield `${id} has ${endpoint.queuedBytesMax} bytes waiting for one member`;
      const { via, envelopes } = notes.checkedMost;
      if (envelopes > ENVELOPES_KEPT_MAX)
        yield `${id} checked ${envelopes} envelopes that ${via} gave for one question`;
      for (const [what, limit] of Object.entries(LIMITS))
        if (gauges[what as keyof typeof LIMITS] > limit)
          yield `${id} holds ${gauges[what as keyof typeof LIMITS]} ${what}`;
      const minutes = 1 + (world.now - startedAt) / 60_000;
      if (factsTotal > minutes * world.members.size * LOG_LINES_PER_MEMBER_AND_MINUTE)
        yield `${id} wrote ${factsTotal} lines into its log in ${minutes.toFixed(1)} minutes`;
    }
  },
};
