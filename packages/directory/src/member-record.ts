import { ClaimSet } from './claim-set.js';
import type { LogPosition } from './delta.js';
import {
  claimsStand,
  type Liveness,
  type MemberId,
  type MemberLoad,
  type MemberProfile,
  NO_LOAD,
} from './member.js';
import { type Candidate, choose } from './rendezvous.js';
import type { StreamKey } from './stream-key.js';

/** All that is known of one member, for who asks. */
export interface MemberState {
  readonly id: MemberId;
  readonly position: LogPosition;
  readonly profile: MemberProfile | null;
  readonly liveness: Liveness;
  readonly load: MemberLoad;
  /** How many streams it claims; none of them stand while it is dead or left. */
  readonly claims: number;
  /** Members that reach both this one and us; empty where it is reached directly, or by nobody. */
  readonly through: readonly MemberId[];
}

/** What the directory keeps of one member. */
export class MemberRecord {
  readonly id: MemberId;
  generation = 0;
  version = 0;
  profile: MemberProfile | null = null;
  liveness: Liveness = 'alive';
  load: MemberLoad = NO_LOAD;
  /** Members that reach both it and us. */
  through: readonly MemberId[] = [];
  /** Those that stand, while the member does. */
  claims: ClaimSet;
  /** Those of a snapshot that is not complete yet. */
  staged: ClaimSet | null = null;
  readonly #self: MemberRecord;
  readonly #all: ReadonlyMap<MemberId, MemberRecord>;

  /** `self`: absent where the record is this member's own. `all`: every record of the directory. `setId`: of its claims. */
  constructor(id: MemberId, setId: number, all: ReadonlyMap<MemberId, MemberRecord>, self?: MemberRecord) {
    this.id = id;
    this.claims = new ClaimSet(setId, this);
    this.#all = all;
    this.#self = self ?? this;
  }

  /** Claims are found by players only while their member is there, and known by name and address. */
  get stands(): boolean {
    return claimsStand(this.liveness) && this.profile !== null;
  }

  /** Where it lives, is reached directly, and can take more plays; else null. */
  get withRoom(): Candidate | null {
    const { id, liveness, profile } = this;
    if (liveness !== 'alive' || profile === null || profile.draining || profile.full === true) return null;
    return { member: id, profile };
  }

  /**
   * The member to pull this stream through, where this one is out of reach: alive, not full, staying rather than draining,
   * near rather than far. Null: directly, also where there is none.
   */
  throughFor(key: StreamKey): MemberId | null {
    if (this.liveness !== 'unreachable') return null;
    const candidates: Candidate[] = [];
    for (const id of this.through) {
      const { liveness, profile = null } = this.#all.get(id) ?? {};
      if (liveness === 'alive' && profile !== null && profile.full !== true && id !== this.#self.id)
        candidates.push({ member: id, profile });
    }
    // Stryker disable next-line OptionalChaining: this member itself always has a profile.
    const zone = this.#self.profile?.zone;
    const staying = candidates.filter(({ profile }) => !profile.draining);
    return choose(key, staying.length > 0 ? staying : candidates, zone)?.member ?? null;
  }

  get state(): MemberState {
    const { id, generation, version, profile, liveness, load, claims, through } = this;
    const position = { generation, version };
    return { id, position, profile, liveness, load, claims: claims.size, through };
  }
}
