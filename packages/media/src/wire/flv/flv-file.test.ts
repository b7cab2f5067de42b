import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Frame } from '../frame.js';
import { FlvFile } from './flv-file.js';
import { BOTH_TRACKS, flvHeader } from './flv-header.js';
import { flvTag } from './flv-tag.js';

const SAMPLE = fileURLToPath(new URL('../../../../origin/assets/demo.flv', import.meta.url));

let sample: FlvFile;
beforeAll(async () => {
  sample = await FlvFile.read(SAMPLE);
});

function take(file: FlvFile, count: number, fromMs = 0): Frame[] {
  const frames: Frame[] = [];
  for (const frame of file.loop(fromMs)) {
    if (frames.push(frame) === count) break;
  }
  return frames;
}

/** Distances of the frames of one track. */
function steps(frames: readonly Frame[], kind: Frame['kind']): number[] {
  const times = frames
    .filter((frame) => frame.kind === kind && !frame.isHeader)
    .map((frame) => frame.timestampMs);
  return times.slice(1).map((time, i) => (time - (times[i] ?? 0)) | 0);
}

describe('the sample', () => {
  it('holds whole frames of both tracks, a keyframe each second, and its headers first', () => {
    expect(Math.abs(sample.durationMs - 10_240)).toBeLessThan(1);
    const video = sample.frames.filter((frame) => frame.kind === 'video' && !frame.isHeader);
    expect(video).toHaveLength(256);
    expect(sample.frames.filter((frame) => frame.kind === 'audio' && !frame.isHeader)).toHaveLength(441);
    expect(video.flatMap((frame, i) => (frame.isKeyframe ? [i] : []))).toEqual([
      0, 25, 50, 75, 100, 125, 150, 175, 200, 225, 250,
    ]);
    expect(sample.frames.slice(0, 3).every((frame) => frame.isHeader)).toBe(true);
  });

  it('loops without a gap or an overlap in either track, for an hour', () => {
    const frames = take(sample, 697 * 350);
    expect(new Set(steps(frames, 'video'))).toEqual(new Set([40]));
    const audio = steps(frames, 'audio');
    expect(Math.min(...audio.slice(0, 441 * 3))).toBeGreaterThanOrEqual(22);
    expect(audio.reduce((most, step) => Math.max(most, step), 0)).toBeLessThanOrEqual(24);
    expect(audio.reduce((least, step) => Math.min(least, step), 99)).toBeGreaterThanOrEqual(22);
    expect(frames.at(-1)?.timestampMs).toBeGreaterThan(3_500_000);
  });

  it('tells its headers once', () => {
    const frames = take(sample, 2000);
    expect(frames.filter((frame) => frame.isHeader)).toHaveLength(
      sample.frames.filter((frame) => frame.isHeader).length,
    );
  });
});

describe('FlvFile', () => {
  const video = (time: number) => flvTag('video', time, Buffer.from([0x17, 1, 0, 0, 0]));
  const audio = (time: number) => flvTag('audio', time, Buffer.from([0xaf, 1, 0]));

  it('begins at 0 wherever the file does, and goes on over the wrap of 32 bits', () => {
    const file = new FlvFile(
      Buffer.concat([flvHeader(BOTH_TRACKS), video(5000), audio(5010), video(5040), audio(5050)]),
    );
    expect(file.frames.map((frame) => frame.timestampMs)).toEqual([0, 10, 40, 50]);
    expect(file.durationMs).toBe(80);
    expect(take(file, 6, 2 ** 32 - 80).map((frame) => frame.timestampMs)).toEqual([
      2 ** 32 - 80,
      2 ** 32 - 70,
      2 ** 32 - 40,
      2 ** 32 - 30,
      0,
      10,
    ]);
  });

  it('lasts as long as its longest track', () => {
    const file = new FlvFile(
      Buffer.concat([flvHeader(BOTH_TRACKS), video(0), audio(0), video(40), audio(500), audio(1000)]),
    );
    expect(file.durationMs).toBe(1500);
  });

  it('refuses what has no media', () => {
    expect(() => new FlvFile(flvHeader(BOTH_TRACKS))).toThrow(RangeError);
    expect(() => new FlvFile(Buffer.from('RIFF'))).toThrow(
      expect.objectContaining({ code: 'flv-signature' }),
    );
  });
});
