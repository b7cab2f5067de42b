import type { Claim } from './claim.js';
import type { Liveness, MemberId, MemberLoad, MemberProfile } from './member.js';
import type { Owner } from './owner.js';
import type { StreamKeys } from './owners-change.js';
import type { StreamKey } from './stream-key.js';

/** The member whose claims they are. */
interface Claimant {
  readonly id: MemberId;
  readonly profile: MemberProfile | null;
  readonly liveness: Liveness;
  readonly load: MemberLoad;
  /** Those that stand, while the member does. */
  readonly claims: ClaimSet;
  readonly stands: boolean;
  /** The member to pull this stream through; null: directly. */
  throughFor(key: StreamKey): MemberId | null;
}

/**
 * The claims of one member, of one generation or one snapshot. They stand or fall together, by one pointer: those of the set
 * that the member's record names stand, while the member itself does. Other sets wait to be completed, or to be swept.
 */
export class ClaimSet implements StreamKeys {
  /** Differs from that of each other set of the directory. */
  readonly id: number;
  readonly record: Claimant;
  readonly #claims = new Map<StreamKey, HeldClaim>();
  /** How many of its streams no other set has; kept by `StreamIndex`. */
  soleCount = 0;

  constructor(id: number, record: Claimant) {
    this.id = id;
    this.record = record;
  }

  get stands(): boolean {
    return this.record.claims === this && this.record.stands;
  }

  get size(): number {
    return this.#claims.size;
  }

  has(key: StreamKey): boolean {
    return this.#claims.has(key);
  }

  get(key: StreamKey): HeldClaim | undefined {
    return this.#claims.get(key);
  }

  keys(): Iterable<StreamKey> {
    return this.#claims.keys();
  }

  values(): IterableIterator<HeldClaim> {
    return this.#claims.values();
  }

  /** In place of what it had on that stream. */
  put(claim: Claim): HeldClaim {
    const held = new HeldClaim(this, claim);
    this.#claims.set(claim.key, held);
    return held;
  }

  delete(key: StreamKey): void {
    this.#claims.delete(key);
  }
}

/** A claim seen together with its member's record, so that a change of liveness, load or profile needs no copying. */
export class HeldClaim implements Owner {
  readonly set: ClaimSet;
  readonly claim: Claim;
  #alone: readonly [HeldClaim] | null = null;

  constructor(set: ClaimSet, claim: Claim) {
    this.set = set;
    this.claim = claim;
  }

  get stands(): boolean {
    return this.set.stands;
  }

  /** The owners of a stream that nobody else claims. */
  get alone(): readonly Owner[] {
    this.#alone ??= [this];
    return this.#alone;
  }

  get member(): MemberId {
    return this.set.record.id;
  }

  get profile(): MemberProfile {
    // Claims of members without a profile do not stand, so nobody sees them.
    return this.set.record.profile as MemberProfile;
  }

  get liveness(): Liveness {
    return this.set.record.liveness;
  }

  get load(): MemberLoad {
    return this.set.record.load;
  }

  get through(): MemberId | null {
    return this.set.record.throughFor(this.claim.key);
  }
}
