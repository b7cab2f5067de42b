import type { MemberProfile } from '@headwater/directory';

/** A profile that says whether its member's connections or outbound limit are used up: nobody ranks by it yet. */
type Telling = MemberProfile & { readonly full?: boolean };

export const withFull = (profile: MemberProfile, full: boolean): Telling => ({ ...profile, full });

export const isFull = (profile: Telling): boolean => profile.full === true;
