import type { MemberId, Owner, StreamKey } from '@headwater/directory';
import type { OriginEvent } from './origin-event.js';

/** One owner of a stream, shared by all of its streams: with 100,000 of them each word counts. */
interface KnownOwner {
  readonly member: MemberId;
  readonly isSilent: boolean;
  name: string;
}

/** Finds out what is new of a stream's owners, each time that it is told of one. */
export class OwnerChanges {
  readonly #known = new Map<StreamKey, KnownOwner | readonly KnownOwner[]>();
  readonly #owners = new Map<string, KnownOwner>();
  readonly #isGone: (member: MemberId) => boolean;

  /** `isGone`: it is dead, or has left. */
  constructor(isGone: (member: MemberId) => boolean) {
    this.#isGone = isGone;
  }

  /** What has happened since the last look at this stream. */
  look(key: StreamKey, owners: readonly Owner[]): readonly OriginEvent[] {
    const known = this.#known.get(key);
    const before: readonly KnownOwner[] = known === undefined ? [] : asList(known);
    const now = owners.map((owner) => this.#ownerOf(owner));
    const [only, ...others] = now;
    if (only === undefined) this.#known.delete(key);
    else this.#known.set(key, others.length === 0 ? only : now);
    const events: OriginEvent[] = [];
    for (const { member, name } of before) {
      if (now.some((owner) => owner.member === member)) continue;
      const reason = this.#isGone(member) ? 'member-gone' : 'released';
      events.push({ kind: 'stream-released', key, member, name, reason });
    }
    for (const owner of now) {
      const { member, name, isSilent } = owner;
      const earlier = before.find((one) => one.member === member);
      if (earlier === owner) continue;
      if (earlier === undefined) events.push({ kind: 'stream-claimed', key, member, name });
      if (earlier !== undefined || !isSilent)
        events.push({ kind: isSilent ? 'stream-silent' : 'stream-flowing', key, member, name });
    }
    return events;
  }

  #ownerOf({ member, claim, profile }: Owner): KnownOwner {
    const isSilent = claim.silent === true;
    const id = `${isSilent ? '-' : '+'}${member}`;
    const known = this.#owners.get(id);
    if (known !== undefined) {
      known.name = profile.name;
      return known;
    }
    const owner = { member, isSilent, name: profile.name };
    this.#owners.set(id, owner);
    return owner;
  }
}

const asList = (known: KnownOwner | readonly KnownOwner[]): readonly KnownOwner[] =>
  'member' in known ? [known] : known;
