import { readFile } from 'node:fs/promises';
import type { Frame } from '../frame.js';
import { isSequenceEnd, makeFrame } from '../make-frame.js';
import { FlvParser } from '../nms/flv.js';

/** Largest tag of a file, bytes: what 24 bits can say. */
const TAG_BYTES_MAX = 0xffffff;
/** Distance of the frames of a track that has only one. */
const FRAME_MS_DEFAULT = 40;

/** A whole FLV file in memory, for loops and tests. */
export class FlvFile {
  /** In file order, timestamps from 0. */
  readonly frames: readonly Frame[];
  /** From the first frame's start to the end of the longest track's last frame, not rounded, ms. */
  readonly durationMs: number;

  constructor(bytes: Buffer) {
    const frames: Frame[] = [];
    const parser = new FlvParser(TAG_BYTES_MAX, ({ kind, timestampMs, payload }) => {
      const frame = makeFrame(kind, timestampMs, payload);
      // A loop has no end.
      if (payload.length > 0 && !isSequenceEnd(frame)) frames.push(frame);
    });
    parser.feed(bytes);
    const media = frames.filter((frame) => !frame.isHeader && frame.kind !== 'data');
    const startMs = media.reduce(
      (least, frame) => Math.min(least, frame.timestampMs),
      Number.POSITIVE_INFINITY,
    );
    if (media.length === 0) throw new RangeError('the FLV file has neither audio nor video');
    this.frames = frames.map((frame) => ({
      ...frame,
      timestampMs: Math.max(0, frame.timestampMs - startMs),
    }));
    const videoMs = trackDurationMs(this.frames, 'video');
    const audioMs = trackDurationMs(this.frames, 'audio');
    // Audio's whole ms hide its true distances, so where both are as long, video's is the better figure.
    this.durationMs = Math.abs(videoMs - audioMs) < 1 ? videoMs : Math.max(videoMs, audioMs);
  }

  /** Rejects as `readFile` does, with `FlvError` where it is no FLV, and `RangeError` where nothing is in it. */
  static async read(path: string): Promise<FlvFile> {
    return new FlvFile(await readFile(path));
  }

  /**
   * The file over and over, timestamps going on from `fromMs`, in time order. Headers come in the first round only:
   * they hold for all. Where both tracks are equally long there is neither gap nor overlap.
   */
  *loop(fromMs = 0): Generator<Frame, never> {
    for (let round = 0; ; round += 1) {
      const offsetMs = fromMs + Math.round(round * this.durationMs);
      for (const frame of this.frames) {
        if (round > 0 && frame.isHeader) continue;
        yield { ...frame, timestampMs: (frame.timestampMs + offsetMs) >>> 0 };
      }
    }
  }
}

/** A track's length with its last frame: as many mean distances as it has frames. Files have whole ms, the mean has not. */
function trackDurationMs(frames: readonly Frame[], kind: Frame['kind']): number {
  const times = frames
    .filter((frame) => frame.kind === kind && !frame.isHeader)
    .map((frame) => frame.timestampMs);
  const first = times[0];
  const last = times.at(-1);
  if (first === undefined || last === undefined) return 0;
  if (times.length === 1) return FRAME_MS_DEFAULT;
  return ((last - first) / (times.length - 1)) * times.length;
}
