import { execFileSync } from 'node:child_process';
import { inject } from 'vitest';
import { type PlayedFrame, parseFrame } from './ffmpeg.js';

/** The made sample's pictures in order, to lay a recording beside. */
export class SampleOrder {
  readonly #positions = new Map<string, number>();

  constructor() {
    const args = ['-v', 'error', '-nostdin', '-i', inject('sampleFlv'), '-map', '0:v', '-c', 'copy'];
    const output = execFileSync('ffmpeg', [...args, '-f', 'framemd5', '-'], { encoding: 'utf8' });
    const frames = output.split('\n').flatMap((line) => parseFrame(line) ?? []);
    for (const [index, frame] of frames.entries()) this.#positions.set(frame.hash, index);
    if (this.#positions.size !== frames.length) throw new Error('two pictures of the sample are the same');
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
