import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../frame.js';
import { encodeAmf0 } from '../rtmp/amf0.js';
import { FlvFile } from './flv-file.js';
import { BOTH_TRACKS, flvHeader } from './flv-header.js';
import { flvTag } from './flv-tag.js';

const SAMPLE = fileURLToPath(new URL('../../../../origin/assets/demo.flv', import.meta.url));

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
  it('holds whole frames of both tracks, a keyframe each second, and its headers first', async () => {
    const sample = await FlvFile.read(SAMPLE);
    expect(Math.abs(sample.durationMs - 10_240)).toBeLessThan(1);
    const video = sample.frames.filter((frame) => frame.kind === 'video' && !frame.isHeader);
    expect(video).toHaveLength(256);
    expect(sample.frames.filter((frame) => frame.kind === 'audio' && !frame.isHeader)).toHaveLength(441);
    expect(video.flatMap((frame, i) => (frame.isKeyframe ? [i] : []))).toEqual([
      0, 25, 50, 75, 100, 125, 150, 175, 200, 225, 250,
    ]);
    expect(sample.frames.slice(0, 3).every((frame) => frame.isHeader)).toBe(true);
  });

  it('loops without a gap or an overlap in either track, for an hour', async () => {
    const sample = await FlvFile.read(SAMPLE);
    const frames = take(sample, 697 * 350);
    expect(new Set(steps(frames, 'video'))).toEqual(new Set([40]));
    const audio = steps(frames, 'audio');
    expect(Math.min(...audio.slice(0, 441 * 3))).toBeGreaterThanOrEqual(22);
    expect(audio.reduce((most, step) => Math.max(most, step), 0)).toBeLessThanOrEqual(24);
    expect(audio.reduce((least, step) => Math.min(least, step), 99)).toBeGreaterThanOrEqual(22);
    expect(frames.at(-1)?.timestampMs).toBeGreaterThan(3_500_000);
  });

  it('tells its headers once', async () => {
    const sample = await FlvFile.read(SAMPLE);
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

  const file = (...tags: readonly Buffer[]) => new FlvFile(Buffer.concat([flvHeader(BOTH_TRACKS), ...tags]));
  const header = (time: number) => flvTag('video', time, Buffer.from([0x17, 0, 0, 0, 0]));
  const data = (time: number) => flvTag('data', time, encodeAmf0('onTextData', {}));

  it('counts neither headers nor data for its time, and puts those before its begin at 0', () => {
    const { frames, durationMs } = file(header(0), data(10), video(1000), video(1040), data(9000));
    expect(frames.map((frame) => [frame.kind, frame.timestampMs])).toEqual([
      ['video', 0],
      ['data', 0],
      ['video', 0],
      ['video', 40],
      ['data', 8000],
    ]);
    expect(durationMs).toBe(80);
  });

  it('begins with the earlier of its tracks, wherever that stands', () => {
    expect(file(video(500), audio(480), video(540)).frames.map((frame) => frame.timestampMs)).toEqual([
      20, 0, 60,
    ]);
  });

  it('leaves out ends of a codec and empty tags: a loop has no end', () => {
    const { frames } = file(
      video(0),
      flvTag('video', 20, Buffer.from([0x17, 2, 0, 0, 0])),
      flvTag('audio', 30, Buffer.alloc(0)),
      video(40),
    );
    expect(frames.map((frame) => frame.timestampMs)).toEqual([0, 40]);
  });

  it('lasts 40 ms where it has one frame, and as long as the one track that it has', () => {
    expect(file(audio(7)).durationMs).toBe(40);
    expect(file(audio(0), audio(20), audio(40)).durationMs).toBe(60);
    expect(file(header(0), video(0), video(50)).durationMs).toBe(100);
  });

  it('lasts as long as its pictures where the sound is less than a millisecond longer', () => {
    const pictures = [video(0), video(20), video(40)];
    const sounds = (count: number, lastMs: number) =>
      Array.from({ length: count }, (_, i) => audio(i === count - 1 ? lastMs : i));
    // 54 / 8 * 9 and 51 / 5 * 6.
    expect(file(...pictures, ...sounds(9, 54)).durationMs).toBe(60);
    expect(file(...pictures, ...sounds(6, 51)).durationMs).toBeCloseTo(61.2);
    expect(file(video(0), video(1), video(2), audio(0), audio(2)).durationMs).toBe(4);
    expect(file(video(0), video(30), audio(0), audio(61)).durationMs).toBe(122);
  });

  it('loops from where it is told to, from 0 by itself, each frame as it is', () => {
    const loop = file(header(0), video(0), video(40));
    expect(take(loop, 5).map(({ timestampMs, isHeader }) => [timestampMs, isHeader])).toEqual([
      [0, true],
      [0, false],
      [40, false],
      [80, false],
      [120, false],
    ]);
    expect(take(loop, 2, 1000).map(({ timestampMs }) => timestampMs)).toEqual([1000, 1000]);
    expect(take(loop, 2)[1]).toEqual(loop.frames[1]);
  });

  it('refuses what has no media', () => {
    expect(() => file(header(0), data(0))).toThrow(
      new RangeError('the FLV file has neither audio nor video'),
    );
    expect(() => new FlvFile(flvHeader(BOTH_TRACKS))).toThrow(RangeError);
    expect(() => new FlvFile(Buffer.from('RIFF'))).toThrow(
      expect.objectContaining({ code: 'flv-signature' }),
    );
  });
});
