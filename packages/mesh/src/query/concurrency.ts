import type { MemberId } from '@headwater/directory';

/** How much may be under way at once, with one member and in all. */
export class Concurrency {
  readonly #perMemberMax: number;
  readonly #max: number;
  readonly #byMember = new Map<MemberId, number>();
  #all = 0;

  constructor(perMemberMax: number, max: number) {
    this.#perMemberMax = perMemberMax;
    this.#max = max;
  }

  get size(): number {
    return this.#all;
  }

  /** One more, to be given back by calling what comes back, once; null where there is no room. */
  take(member: MemberId): (() => void) | null {
    const count = this.#byMember.get(member) ?? 0;
    if (this.#all >= this.#max || count >= this.#perMemberMax) return null;
    this.#byMember.set(member, count + 1);
    this.#all += 1;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#give(member);
    };
  }

  #give(member: MemberId): void {
    this.#all -= 1;
    const left = (this.#byMember.get(member) ?? 0) - 1;
    if (left > 0) this.#byMember.set(member, left);
    else this.#byMember.delete(member);
  }
}
