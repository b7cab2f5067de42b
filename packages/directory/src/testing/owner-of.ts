import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import { type Liveness, type MemberProfile, NO_LOAD } from '../member.js';
import type { Owner } from '../owner.js';

/** What of an owner is not as usual. */
export interface OwnerTraits extends Partial<MemberProfile> {
  readonly liveness?: Liveness;
  readonly sinceMs?: number;
  readonly silent?: boolean;
}

/** An owner of the stream `s` as tests need it: everything by the member's name. */
export function ownerOf(
  member: string,
  { liveness = 'alive', sinceMs = 1, silent = false, ...profile }: OwnerTraits = {},
): Owner {
  return {
    member,
    liveness,
    load: NO_LOAD,
    claim: claimOf('s', sinceMs, silent),
    profile: profileOf(member, profile),
  };
}
