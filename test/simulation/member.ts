import type { Claim, MemberId, MemberLoad, MemberProfile, StreamKey } from '@headwater/directory';
import type { RunningCore } from './running-core.js';

/** How one start of a member ended. `silent`: with its machine, which told nobody. */
export type Ending = 'left' | 'killed' | 'silent';

export interface EndedStart {
  readonly generation: number;
  readonly at: number;
  readonly ending: Ending;
}

/** A member over all its starts, with the truth about it: what its directory should say everywhere. */
export class Member {
  readonly id: MemberId;
  /** It is admitted, but does not do what it should: nothing is expected of it, or of what others think of it. */
  readonly isHostile: boolean;
  addresses: readonly string[];
  profile: MemberProfile;
  load: MemberLoad = { players: 0, publishers: 0, outboundKbps: 0 };
  /** Its wall clock against the others', ms. */
  wallSkewMs: number;
  /** As its data directory keeps it. */
  lastGeneration = 0;
  running: RunningCore | null = null;
  /** When it was last made to stand still, and until when it did so for longer than is excused. */
  stalledAt = Number.NEGATIVE_INFINITY;
  hungUntil = Number.NEGATIVE_INFINITY;
  readonly ended: EndedStart[] = [];
  readonly claims = new Map<StreamKey, Claim>();
  /** All keys that it ever claimed in the present generation. */
  readonly claimedKeys = new Set<StreamKey>();

  constructor(id: MemberId, profile: MemberProfile, wallSkewMs: number, isHostile: boolean) {
    this.id = id;
    this.profile = profile;
    this.addresses = [`${id}:7946`];
    this.wallSkewMs = wallSkewMs;
    this.isHostile = isHostile;
  }

  /** Greater than at each start before, also when the clock went back: as `loadIdentity` counts starts. */
  nextGeneration(wallNow: number): number {
    this.lastGeneration = Math.max(Math.floor(wallNow + this.wallSkewMs), this.lastGeneration + 1);
    return this.lastGeneration;
  }

  /** When this start ended; null while it goes on. */
  endOf(generation: number): EndedStart | null {
    if (this.running?.generation === generation) return null;
    return this.ended.find((end) => end.generation === generation) ?? null;
  }
}
