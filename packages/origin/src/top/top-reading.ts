import * as v from 'valibot';
import { CLIENT, MEMBER, MISSING } from '../cli/api-answers.js';
import { MEDIA, OWNER } from '../cli/media-text.js';

/** What `headwater top` reads of the API's answers; what an older member does not tell has a default. */

export const TOP_MEMBERS = v.object({
  members: v.array(MEMBER),
});

const MISSING_OR_NONE = v.optional(MISSING, []);

export const TOP_STREAMS = v.object({
  streams: v.array(
    v.object({
      key: v.string(),
      owners: v.array(v.object({ ...OWNER.entries, media: MEDIA })),
      players: v.number(),
      figures: v.optional(
        v.object({
          players: v.number(),
          kbpsIn: v.number(),
          relays: v.number(),
          lastSwitch: v.optional(v.object({ atMs: v.number(), gapMs: v.number(), isExact: v.boolean() })),
        }),
      ),
    }),
  ),
  total: v.optional(v.number()),
  next: v.optional(v.string()),
  missing: MISSING_OR_NONE,
});

export const TOP_CLIENTS = v.object({
  clients: v.array(
    v.object({
      ...CLIENT.entries,
      bytes: v.optional(v.number(), 0),
      framesDropped: v.optional(v.number(), 0),
    }),
  ),
  next: v.optional(v.string()),
  missing: MISSING_OR_NONE,
});

/** An event as the API sends it. */
export const TOP_EVENT = v.looseObject({
  kind: v.string(),
  atMs: v.number(),
  seenBy: v.optional(v.string()),
});

export type TopMember = v.InferOutput<typeof TOP_MEMBERS>['members'][number];
export type TopStream = v.InferOutput<typeof TOP_STREAMS>['streams'][number];
export type TopClient = v.InferOutput<typeof TOP_CLIENTS>['clients'][number];
export type TopEvent = v.InferOutput<typeof TOP_EVENT>;

/** What was read last. */
export interface TopReading {
  readonly members: readonly TopMember[];
  readonly streams: readonly TopStream[];
  /** Streams in the whole mesh. */
  readonly streamsTotal: number;
  readonly clients: readonly TopClient[];
  /** There are streams, or clients, after those of the page. */
  readonly hasMore: boolean;
  /** Newest last. */
  readonly events: readonly TopEvent[];
  /** Members that did not answer, with the reason. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
  /** When the API was last heard, Unix ms. */
  readonly heardMs: number;
  /** Why it is not heard at the moment. */
  readonly problem?: string;
}

export const NOTHING_READ: TopReading = {
  members: [],
  streams: [],
  streamsTotal: 0,
  clients: [],
  hasMore: false,
  events: [],
  missing: [],
  heardMs: 0,
};
