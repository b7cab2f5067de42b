import type { MemberId } from '@headwater/directory';
import type { Mesh } from '@headwater/mesh';
import type { MemberFacts } from './messages.js';

/** How often it is looked whether members are reached otherwise, ms. */
const LOOK_EVERY_MS = 500;

/** A member is nearer or farther when so many looks in a row found it so: a single round trip says little. */
const LOOKS_UNTIL_MOVED = 10;

/** Calls `changed` when what `factsOf` tells has changed by more than a little. Returns how to stop. */
export function watchFacts(mesh: Mesh, changed: () => void): () => void {
  const told = new ToldFacts();
  const look = setInterval(() => {
    if (told.look(factsOf(mesh))) changed();
  }, LOOK_EVERY_MS);
  return () => clearInterval(look);
}

/** What was told of members last, to be compared with what is so now. */
export class ToldFacts {
  #told: ReadonlyMap<MemberId, MemberFacts> = new Map();
  /** At how many looks in a row a member was nearer or farther than what was told. */
  readonly #moved = new Map<MemberId, number>();

  /** To be called each `LOOK_EVERY_MS`. Whether it is to be told: counts as told then. */
  look(facts: readonly MemberFacts[]): boolean {
    let isChanged = facts.length !== this.#told.size;
    for (const fact of facts) isChanged = this.#differs(fact) || isChanged;
    if (!isChanged) return false;
    this.#told = new Map(facts.map((fact) => [fact.id, fact]));
    this.#moved.clear();
    return true;
  }

  #differs(fact: MemberFacts): boolean {
    const told = this.#told.get(fact.id);
    if (told === undefined || !isSameBut(told, fact)) return true;
    if (nearness(told.rttMs) === nearness(fact.rttMs)) {
      this.#moved.delete(fact.id);
      return false;
    }
    const looks = (this.#moved.get(fact.id) ?? 0) + 1;
    this.#moved.set(fact.id, looks);
    return looks >= LOOKS_UNTIL_MOVED;
  }
}

/** Alike but for how near the member is, where that was known or not. A profile is a new object where it has changed. */
const isSameBut = (told: MemberFacts, fact: MemberFacts): boolean =>
  told.liveness === fact.liveness &&
  told.connected === fact.connected &&
  told.profile === fact.profile &&
  told.dialledAt === fact.dialledAt &&
  told.remoteIp === fact.remoteIp &&
  (told.rttMs === undefined) === (fact.rttMs === undefined);

/** Members are sorted by how near they are; a change of a few percent is none. */
const nearness = (rttMs: number | undefined): number =>
  rttMs === undefined ? -1 : Math.round(Math.log2(rttMs + 0.1));

/** What workers know of members beside their claims. */
export function factsOf(mesh: Mesh): readonly MemberFacts[] {
  return mesh.members().map((member) => {
    const { id, isSelf, liveness, connected, profile, rttMs, dialledAt, remoteIp } = member;
    return {
      id: id satisfies MemberId,
      isSelf,
      liveness,
      connected,
      profile,
      ...(rttMs !== undefined && { rttMs }),
      ...(dialledAt !== undefined && { dialledAt }),
      ...(remoteIp !== undefined && { remoteIp }),
    };
  });
}
