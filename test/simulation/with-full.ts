import type { MemberProfile } from '@headwater/directory';

/** The same profile of a member that has room, or has none. */
export function withFull({ full: _before, ...others }: MemberProfile, full: boolean): MemberProfile {
  return full ? { ...others, full } : others;
}
