import type { Claim, Entry, MemberProfile } from '@headwater/directory';
import { ENTRIES_PER_MESSAGE_MAX } from './limits.js';

/** UTF-8 takes one byte per ASCII character and at most three per UTF-16 unit; five more for a length and a type. */
function textBytes(text: string): number {
  let bytes = 5;
  for (let index = 0; index < text.length; index += 1) bytes += text.charCodeAt(index) < 0x80 ? 1 : 3;
  return bytes;
}

/** Numbers and framing of one claim without media, and what the codec names and numbers of its media add at most. */
const CLAIM_BYTES = 40;
const MEDIA_BYTES = 120;

export const claimBytes = ({ key, media }: Claim): number =>
  textBytes(key) + CLAIM_BYTES + (media.video || media.audio ? MEDIA_BYTES : 0);

const profileBytes = (profile: MemberProfile): number =>
  [profile.relayAddress, ...profile.addresses, ...(profile.relayAddresses ?? [])].reduce(
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

/** Cuts a sequence into parts that each fit in one message, one at a time. The last may be empty where there is nothing. */
export class Parts<T> {
  readonly #items: Iterator<T>;
  readonly #sizeOf: (item: T) => number;
  readonly #bytesMax: number;
  /** Taken of the sequence, and in no part yet. */
  #next: IteratorResult<T, unknown>;

  constructor(items: Iterator<T>, sizeOf: (item: T) => number, bytesMax: number) {
    this.#items = items;
    this.#sizeOf = sizeOf;
    this.#bytesMax = bytesMax;
    this.#next = items.next();
  }

  next(): { readonly items: readonly T[]; readonly last: boolean } {
    const items: T[] = [];
    let bytes = 0;
    while (this.#next.done !== true && items.length < ENTRIES_PER_MESSAGE_MAX) {
      bytes += this.#sizeOf(this.#next.value);
      if (bytes > this.#bytesMax && items.length > 0) break;
      items.push(this.#next.value);
      this.#next = this.#items.next();
    }
    return { items, last: this.#next.done === true };
  }
}
