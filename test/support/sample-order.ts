import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inject } from 'vitest';
import type { PlayedFrame } from './ffmpeg.js';
import { FlvReader } from './flv-reader.js';

/** What an FLV tag of AVC has before the picture itself (Adobe FLV 10.1, E.4.3). */
export const AVC_HEADER_BYTES = 5;

/** The made sample's pictures in order, to lay a recording beside. */
export class SampleOrder {
  readonly #positions = new Map<string, number>();

  constructor() {
    const sample = new FlvReader();
    sample.push(readFileSync(inject('sampleFlv')));
    const pictures = sample.pictures.filter(({ body }) => body[1] === 1);
    for (const [index, { body }] of pictures.entries()) {
      const hash = createHash('md5').update(body.subarray(AVC_HEADER_BYTES)).digest('hex');
      this.#positions.set(hash, index);
    }
    if (this.#positions.size !== pictures.length) throw new Error('two pictures of the sample are the same');
  }

  get length(): number {
    return this.#positions.size;
  }

  /** Where in the sample each of these was; fails at one that was never sent. */
  positions(frames: readonly PlayedFrame[]): readonly number[] {
    return frames.map((frame, index) => {
      const position = this.#positions.get(frame.hash);
      if (position === undefined) throw new Error(`frame ${index} (${frame.sizeBytes} bytes) was never sent`);
      return position;
    });
  }

  /** Steps from one frame to the next that are not the next picture (the sample repeats); empty where nothing is lost or doubled. */
  breaks(frames: readonly PlayedFrame[]): readonly string[] {
    const positions = this.positions(frames);
    return positions.flatMap((position, index) => {
      const before = positions[index - 1];
      if (before === undefined || position === (before + 1) % this.length) return [];
      return [`after frame ${index - 1}: picture ${before}, then ${position}`];
    });
  }
}
