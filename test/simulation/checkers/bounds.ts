import { MEMBERS_MAX, MESSAGE_BYTES_MAX } from '@headwater/mesh/core';
import { QUEUE_BYTES_MAX } from '../network/connection.js';
import type { Checker } from './checker.js';

/** Lines that a member may write into its log, for each minute that it runs and each other member there is. */
const LOG_LINES_PER_MEMBER_AND_MINUTE = 90;

/** Nothing that others do makes a member grow without limit. */
export const bounds: Checker = {
  name: 'bounds',
  when: 'always',
  *check(world) {
    for (const { id, core, endpoint, factsTotal, startedAt } of world.honest()) {
      const known = [...core.directory.members()].length;
      if (known > MEMBERS_MAX) yield `${id} knows ${known} members`;
      if (endpoint.queuedBytesMax > QUEUE_BYTES_MAX + MESSAGE_BYTES_MAX)
        yield `${id} has ${endpoint.queuedBytesMax} bytes waiting for one member`;
      const minutes = 1 + (world.now - startedAt) / 60_000;
      if (factsTotal > minutes * world.members.size * LOG_LINES_PER_MEMBER_AND_MINUTE)
        yield `${id} wrote ${factsTotal} lines into its log in ${minutes.toFixed(1)} minutes`;
    }
  },
};
