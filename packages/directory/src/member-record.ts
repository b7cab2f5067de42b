import type { Claim } from './claim.js';
import type { LogPosition } from './delta.js';
import {
  claimsStand,
  type Liveness,
  type MemberId,
  type MemberLoad,
  type MemberProfile,
  NO_LOAD,
} from './member.js';
import type { Owner } from './owner.js';
import type { StreamKey } from './stream-key.js';

/** What the directory keeps of one member. */
export interface MemberRecord {
  readonly id: MemberId;
  generation: number;
  version: number;
  profile: MemberProfile | null;
  liveness: Liveness;
  through: readonly MemberId[];
  load: MemberLoad;
  readonly claims: Map<StreamKey, Claim>;
}

/** All that is known of one member, for who asks. */
export interface MemberState {
  readonly id: MemberId;
  readonly position: LogPosition;
  readonly profile: MemberProfile | null;
  readonly liveness: Liveness;
  readonly load: MemberLoad;
  /** Members that reach both it and this one, where it is unreachable from here; else none. */
  readonly through: readonly MemberId[];
  /** How many streams it claims; none of them stand where it is dead or left. */
  readonly claims: number;
}

export function newRecord(id: MemberId): MemberRecord {
  return {
    id,
    generation: 0,
    version: 0,
    profile: null,
    liveness: 'alive',
    through: [],
    load: NO_LOAD,
    claims: new Map(),
  };
}

export function stateOf(record: MemberRecord): MemberState {
  return {
    id: record.id,
    position: { generation: record.generation, version: record.version },
    profile: record.profile,
    liveness: record.liveness,
    through: record.through,
    load: record.load,
    claims: record.claims.size,
  };
}

/** Claims are found by players only while their member is not known to be gone, and known by name and address. */
export const isIndexed = (record: MemberRecord): boolean =>
  claimsStand(record.liveness) && record.profile !== null;

/** A claim seen together with its member's record, so that a change of liveness or load needs no copying. */
export class StandingClaim implements Owner {
  readonly #record: MemberRecord;
  readonly claim: Claim;

  constructor(record: MemberRecord, claim: Claim) {
    this.#record = record;
    this.claim = claim;
  }
  get member(): MemberId {
    return this.#record.id;
  }
  get profile(): MemberProfile {
    // Only members with a profile get their claims indexed.
    return this.#record.profile as MemberProfile;
  }
  get liveness(): Liveness {
    return this.#record.liveness;
  }
  get load(): MemberLoad {
    return this.#record.load;
  }
}
