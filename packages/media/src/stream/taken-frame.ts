import type { Frame } from '../wire/frame.js';

/** A frame on its source's own line, with what the stream needs to know of it. */
export interface TakenFrame {
  /**
   * Its time is on the source's line, 32 bits unsigned. Metadata has none, 0; other headers and data have that of the
   * frame that they stand before.
   */
  readonly frame: Frame;
  /** Players may start here. */
  readonly isStart: boolean;
  /**
   * Codec or decoder configuration of a track differ from what was before. No frame of that kind from before this one may be
   * given to a joiner with the headers of now, and none from here on with the old ones. Sound alone may change:
   * pictures from before are still good then.
   */
  readonly startsAnew: boolean;
}

/** The frame with this time in place of its own. */
export function stamped(frame: Frame, timestampMs: number): Frame {
  if (frame.timestampMs === timestampMs) return frame;
  const { kind, payload, isHeader, isKeyframe } = frame;
  return { kind, timestampMs, payload, isHeader, isKeyframe };
}
