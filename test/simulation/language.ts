import type { MemberId } from '@headwater/directory';
import type { BroadcastMessage, DirectMessage } from '@headwater/mesh/core';
import { type Decoded, decodeBroadcast, decodeDirect, encode } from '@headwater/mesh/wire';

/** How one version of the program writes and reads messages. */
export interface Language {
  encode(message: DirectMessage | BroadcastMessage): Uint8Array;
  decodeDirect(bytes: Uint8Array, sender: MemberId): Decoded<DirectMessage>;
  decodeBroadcast(bytes: Uint8Array, author: MemberId): Decoded<BroadcastMessage>;
}

export const PRESENT: Language = { encode, decodeDirect, decodeBroadcast };

/**
 * As members of the next version speak, and read us. The same until there is a codec with kinds, fields and limits that
 * this version does not know: that one goes here, and nothing else need change.
 */
export const NEXT: Language = { ...PRESENT };
