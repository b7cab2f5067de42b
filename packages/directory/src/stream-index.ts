import type { ClaimSet, HeldClaim } from './claim-set.js';
import { OrderedKeys } from './ordered-keys.js';
import type { Owner, OwnerOrder } from './owner.js';
import type { StreamKey } from './stream-key.js';

/** The sets that share some streams, and how many streams they share. */
interface Sharing {
  readonly id: string;
  readonly sets: readonly ClaimSet[];
  count: number;
}

/**
 * Finds the claims on a stream. Claims of all sets are here, standing or not, so that whether a whole set stands is one bit
 * for a million streams; who reads leaves out those that do not.
 */
export class StreamIndex {
  #order: OwnerOrder;
  /** A stream that one set alone claims has that claim itself. */
  readonly #slots = new Map<StreamKey, HeldClaim | SharedStream>();
  readonly #keys = new OrderedKeys();
  readonly #sharings = new Map<string, Sharing>();
  /** What the order of owners goes by has changed so often. */
  #epoch = 0;

  constructor(order: OwnerOrder) {
    this.#order = order;
  }

  /** Owners are put in this order from now on. */
  orderBy(order: OwnerOrder): void {
    this.#order = order;
    this.reorder();
  }

  /** A member's liveness, profile or standing set changed. */
  reorder(): void {
    // Stryker disable next-line AssignmentOperator: any number that it was not yet would do.
    this.#epoch += 1;
  }

  /** Standing claims, best first. */
  owners(key: StreamKey): readonly Owner[] {
    const slot = this.#slots.get(key);
    if (slot === undefined) return NOBODY;
    if (slot instanceof SharedStream) return slot.owners(this.#order, this.#epoch);
    return slot.stands ? slot.alone : NOBODY;
  }

  /** Whether several sets claim it, standing or not. */
  isShared(key: StreamKey): boolean {
    return this.#slots.get(key) instanceof SharedStream;
  }

  *streams(): Iterable<StreamKey> {
    for (const [key, slot] of this.#slots) if (slot.stands) yield key;
  }

  /** The next streams in the order of their keys, standing or not. */
  keysFrom(key: StreamKey, max: number): readonly StreamKey[] {
    return this.#keys.from(key, max);
  }

  /** How many streams that several sets claim have a standing claim. */
  get sharedCount(): number {
    let count = 0;
    for (const sharing of this.#sharings.values())
      if (sharing.sets.some((set) => set.stands)) count += sharing.count;
    return count;
  }

  /** In place of what its set had on that stream. */
  put(claim: HeldClaim): void {
    const { key } = claim.claim;
    const slot = this.#slots.get(key);
    if (slot instanceof SharedStream) {
      if (!slot.replace(claim)) this.#share(slot, [...slot.claims, claim]);
    } else if (slot === undefined) {
      this.#slots.set(key, claim);
      this.#keys.add(key);
      claim.set.soleCount += 1;
    } else if (slot.set === claim.set) this.#slots.set(key, claim);
    else {
      slot.set.soleCount -= 1;
      const shared = new SharedStream();
      this.#slots.set(key, shared);
      this.#share(shared, [slot, claim]);
    }
  }

  /** It is there. */
  remove(claim: HeldClaim): void {
    const { key } = claim.claim;
    const slot = this.#slots.get(key);
    if (slot instanceof SharedStream) {
      const left = slot.claims.filter((other) => other !== claim);
      const last = left.length === 1 ? left[0] : undefined;
      this.#share(slot, last === undefined ? left : []);
      if (last === undefined) return;
      this.#slots.set(key, last);
      last.set.soleCount += 1;
    } else {
      this.#slots.delete(key);
      this.#keys.delete(key);
      claim.set.soleCount -= 1;
    }
  }

  /** Counts a stream among those that these sets share, and no longer among those of before. */
  #share(stream: SharedStream, claims: readonly HeldClaim[]): void {
    const before = stream.sharing;
    stream.claims = claims;
    stream.sharing = claims.length === 0 ? null : this.#sharingOf(claims);
    stream.forgetOrder();
    if (stream.sharing !== null) stream.sharing.count += 1;
    if (before === null) return;
    before.count -= 1;
    if (before.count === 0) this.#sharings.delete(before.id);
  }

  #sharingOf(claims: readonly HeldClaim[]): Sharing {
    const sets = claims.map(({ set }) => set).sort((a, b) => a.id - b.id);
    const id = sets.map((set) => set.id).join();
    const present = this.#sharings.get(id);
    if (present !== undefined) return present;
    const sharing: Sharing = { id, sets, count: 0 };
    this.#sharings.set(id, sharing);
    return sharing;
  }
}

const NOBODY: readonly Owner[] = [];

/** A stream that several sets claim. Its owners are put in order when somebody asks, once for each change of anything. */
class SharedStream {
  claims: readonly HeldClaim[] = [];
  sharing: Sharing | null = null;
  /** In order; null where that is to be found out. */
  #owners: readonly Owner[] | null = null;
  #epoch = 0;

  get stands(): boolean {
    return this.claims.some((claim) => claim.stands);
  }

  owners(order: OwnerOrder, epoch: number): readonly Owner[] {
    if (this.#owners === null || this.#epoch !== epoch) {
      this.#owners = this.claims.filter((claim) => claim.stands).sort(order);
      this.#epoch = epoch;
    }
    return this.#owners;
  }

  forgetOrder(): void {
    this.#owners = null;
  }

  /** Puts a claim in place of the same set's. Returns whether there was one. */
  replace(claim: HeldClaim): boolean {
    const at = this.claims.findIndex(({ set }) => set === claim.set);
    if (at < 0) return false;
    this.claims = this.claims.with(at, claim);
    this.forgetOrder();
    return true;
  }
}
