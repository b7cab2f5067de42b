import type { Frame } from '../../wire/frame.js';

/**
 * How a publisher leaves a member that drains. `asked`: it was asked to reconnect elsewhere, and may do so when it likes.
 * `at-keyframe`: it is closed at its next keyframe. Others have time until they are closed.
 *
 * |             | can reconnect  | `others` are closed | `all` are closed | keyframe | drain cancelled |
 * | ----------- | -------------- | ------------------- | ---------------- | -------- | --------------- |
 * | staying     | asked          | closed              | closed           | -        | -               |
 * | asked       | asked          | at-keyframe         | closed           | -        | staying         |
 * | at-keyframe | at-keyframe    | -                   | closed           | closed   | staying         |
 */
export type Departure = 'staying' | 'asked' | 'at-keyframe';

export type Closing = 'all' | 'others';

/** What becomes of a publisher when publishers are closed. */
export function afterClosing(departure: Departure, closing: Closing): 'closed' | 'at-keyframe' {
  return closing === 'others' && departure !== 'staying' ? 'at-keyframe' : 'closed';
}

/**
 * Whether a publisher is closed rather than its next frame be taken: players have the GOP before it whole, and the frame goes
 * where it publishes next. Without video every sound is as good.
 */
export function isClosedBefore(
  departure: Departure,
  { kind, isHeader, isKeyframe }: Pick<Frame, 'kind' | 'isHeader' | 'isKeyframe'>,
  hasVideo: boolean,
): boolean {
  if (departure !== 'at-keyframe' || isHeader) return false;
  return kind === 'video' ? isKeyframe : kind === 'audio' && !hasVideo;
}
