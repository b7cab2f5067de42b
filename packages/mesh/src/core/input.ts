import type {
  Claim,
  MemberId,
  MemberLoad,
  MemberProfile,
  OwnerPolicy,
  StreamKey,
} from '@headwater/directory';
import type { BroadcastMessage, DeltaNews, DirectMessage } from './messages.js';

/** What visiting a seed came to. A name may mean several members. */
export interface SeedOutcome {
  /** Members now connected at its addresses. */
  readonly reached: readonly MemberId[];
  /** One of its addresses is this member's own. */
  readonly isSelf: boolean;
  /** Why some address could not be reached, for people; absent where all could. */
  readonly failure?: string;
}

/** What a connection itself tells of where a member is. */
export interface Whereabouts {
  /** The address at which it was dialled. */
  readonly dialled?: string;
  /** The IP that it dialled from. */
  readonly seenAs?: string;
  /** The IP at the other end, whoever dialled. */
  readonly remoteIp?: string;
}

/** A member's own signed news, given by another member that was asked for them. */
export interface HandedOn {
  /** Who gave it. */
  readonly peer: MemberId;
  /** Who signed it. */
  readonly author: MemberId;
  readonly message: DeltaNews;
  readonly signedBytes: Uint8Array;
}

/** All that can happen to a member. */
export type Input =
  | { readonly kind: 'tick' }
  /** A new connection, also beside one that exists. */
  | { readonly kind: 'connected'; readonly peer: MemberId; readonly from: Whereabouts }
  /** The last connection with this member is gone. */
  | { readonly kind: 'disconnected'; readonly peer: MemberId; readonly reason: string }
  /** `startedAt`: as the effect told it; absent: that of the last dial. */
  | {
      readonly kind: 'dial-failed';
      readonly peer: MemberId;
      readonly reason: string;
      readonly startedAt?: number;
    }
  | { readonly kind: 'seed-visited'; readonly seed: string; readonly outcome: SeedOutcome }
  | { readonly kind: 'direct'; readonly peer: MemberId; readonly message: DirectMessage }
  /** `author` signed it; `signedBytes`: its envelope, as others can check it too. */
  | {
      readonly kind: 'broadcast';
      readonly author: MemberId;
      readonly message: BroadcastMessage;
      readonly signedBytes: Uint8Array;
    }
  /** One of the effects' `verifications`, found to be genuine. */
  | ({ readonly kind: 'handed-on' } & HandedOn)
  /** A member sent something that is no message at all. */
  | { readonly kind: 'offence'; readonly peer: MemberId; readonly reason: string }
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'release'; readonly key: StreamKey }
  | { readonly kind: 'profile'; readonly profile: MemberProfile }
  | { readonly kind: 'load'; readonly load: MemberLoad }
  /** It is to be found by these seeds from now on, and orders owners so. */
  | { readonly kind: 'configured'; readonly seeds: readonly string[]; readonly order: OwnerPolicy }
  /** What the effects asked for is on disk: from now on it is this member's generation. */
  | { readonly kind: 'generation-kept'; readonly generation: number }
  | { readonly kind: 'leave' };
