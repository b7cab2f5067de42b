import * as v from 'valibot';

export const MEDIA = v.object({
  video: v.optional(
    v.object({
      codec: v.string(),
      width: v.optional(v.number()),
      height: v.optional(v.number()),
      frameRate: v.optional(v.number()),
    }),
  ),
  audio: v.optional(
    v.object({ codec: v.string(), sampleRateHz: v.optional(v.number()), channels: v.optional(v.number()) }),
  ),
});

/** One owner, as far as the tables show it. */
export const OWNER = v.object({
  member: v.string(),
  name: v.string(),
  liveness: v.string(),
  through: v.optional(v.string()),
  /** Older members do not tell it. */
  full: v.optional(v.boolean(), false),
  /** Older members do not tell it. */
  state: v.optional(v.string(), 'flowing'),
  sinceMs: v.number(),
  media: MEDIA,
});

/** What is in a stream: `h264 1280x720 25 fps, aac 48 kHz`. */
export function mediaText({ video, audio }: v.InferOutput<typeof MEDIA>): string {
  const size =
    video?.width === undefined || video.height === undefined ? '' : ` ${video.width}x${video.height}`;
  const rate = video?.frameRate === undefined ? '' : ` ${Number(video.frameRate.toFixed(2))} fps`;
  const sampling = audio?.sampleRateHz === undefined ? '' : ` ${audio.sampleRateHz / 1000} kHz`;
  const parts = [video && `${video.codec}${size}${rate}`, audio && `${audio.codec}${sampling}`];
  return parts.filter((part) => part !== undefined).join(', ') || 'not known yet';
}
