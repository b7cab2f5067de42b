import type { MemberProfile } from './member.js';
import type { StreamKey } from './stream-key.js';

/** What is in a stream, as far as its first packets told. Codec names as ffmpeg prints them (`h264`, `aac`). */
export interface MediaInfo {
  readonly video?: {
    readonly codec: string;
    readonly width?: number;
    readonly height?: number;
    readonly frameRate?: number;
  };
  readonly audio?: { readonly codec: string; readonly sampleRateHz?: number; readonly channels?: number };
}

/**
 * "I have a live publisher for this stream since then": made by one origin, about itself only. When something in it
 * changes, the whole claim is made anew, with the same `sinceMs`.
 */
export interface Claim {
  readonly key: StreamKey;
  /** Start of the publish by the owner's own clock, Unix ms. Never compared with another clock's for correctness. */
  readonly sinceMs: number;
  readonly media: MediaInfo;
  /** True: no media at the moment, since none came yet or none for a while. Absent: media flows. */
  readonly silent?: boolean;
}

/** One change in a member's own log. `version` counts the changes of one generation from 1. */
export type Entry =
  | { readonly kind: 'claim'; readonly version: number; readonly claim: Claim }
  | { readonly kind: 'release'; readonly version: number; readonly key: StreamKey }
  | { readonly kind: 'profile'; readonly version: number; readonly profile: MemberProfile };
