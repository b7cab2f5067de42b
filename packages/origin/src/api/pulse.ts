import { claimsStand, NO_LOAD } from '@headwater/directory';
import type { ApiSource } from './api-source.js';
import type { Pulse } from './event-stream.js';

/** What one pulse says is the same for everybody who asks within this time, ms. */
const SHARED_MS = 500;

/** How all members do at the moment, as far as this one knows without asking. */
export function pulseOf({ members, status }: Pick<ApiSource, 'members' | 'status'>): Pulse {
  let made: object = {};
  let untilMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (nowMs < untilMs) return made;
    untilMs = nowMs + SHARED_MS;
    made = {
      kind: 'pulse',
      disputed: status().disputed,
      members: members().map(({ id, liveness, load, streams, rttMs }) => {
        const isThere = claimsStand(liveness);
        return {
          member: id,
          liveness,
          streams: isThere ? streams : 0,
          ...(isThere ? load : NO_LOAD),
          ...(rttMs === undefined ? {} : { rttMs }),
        };
      }),
    };
    return made;
  };
}
