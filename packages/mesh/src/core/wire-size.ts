import type { Claim, Entry, MemberProfile } from '@headwater/directory';
import { ENTRIES_PER_MESSAGE_MAX } from './limits.js';

/** UTF-8 takes at most three bytes per UTF-16 unit; five more for a length and a type. */
const textBytes = (text: string): number => text.length * 3 + 5;

/** Numbers, codec names and framing of one claim. */
const CLAIM_BYTES = 160;

export const claimBytes = (claim: Claim): number => textBytes(claim.key) + CLAIM_BYTES;

const profileBytes = (profile: MemberProfile): number =>
  [profile.relayAddress, ...profile.addresses].reduce(
    (sum, address) => sum + textBytes(address.network) + textBytes(address.host) + 20,
    textBytes(profile.name) +
      textBytes(profile.program) +
      textBytes(profile.zone ?? '') +
      textBytes(profile.apiAddress ?? '') +
      64,
  );

/** No less than what the entry takes on the wire, bytes. */
export function entryBytes(entry: Entry): number {
  if (entry.kind === 'claim') return claimBytes(entry.claim);
  return entry.kind === 'release' ? textBytes(entry.key) + 20 : profileBytes(entry.profile);
}

/** How many items from `start` on fit in `bytesMax`; at least one where there is one. */
export function fitting<T>(
  items: readonly T[],
  start: number,
  sizeOf: (item: T) => number,
  bytesMax: number,
): number {
  let bytes = 0;
  let end = start;
  for (; end < items.length && end - start < ENTRIES_PER_MESSAGE_MAX; end += 1) {
    bytes += sizeOf(items[end] as T);
    if (bytes > bytesMax && end > start) break;
  }
  return end - start;
}
