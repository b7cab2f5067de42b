import type { MemberId } from '@headwater/directory';
import type { BroadcastMessage, DirectMessage } from '@headwater/mesh/core';
import { type Decoded, decodeBroadcast, decodeDirect, encode } from '@headwater/mesh/wire';
import { asNextVersion } from '@headwater/testing/next-version';

/** How one version of the program writes and reads messages. */
export interface Language {
  encode(message: DirectMessage | BroadcastMessage): Uint8Array;
  decodeDirect(bytes: Uint8Array, sender: MemberId): Decoded<DirectMessage>;
  decodeBroadcast(bytes: Uint8Array, author: MemberId): Decoded<BroadcastMessage>;
}

export const PRESENT: Language = { encode, decodeDirect, decodeBroadcast };

/** A change of a profile, of which the next version's bytes would make a kind of entry that this one does not know. */
const changesProfile = (message: DirectMessage | BroadcastMessage): boolean =>
  message.kind === 'delta' &&
  message.delta.from > 0 &&
  message.delta.entries.some(({ kind }) => kind === 'profile');

/** As members of the next version speak: with kinds, fields and limits that this version does not know. */
export const NEXT: Language = {
  ...PRESENT,
  encode: (message) => (changesProfile(message) ? encode(message) : asNextVersion(encode(message))),
};
