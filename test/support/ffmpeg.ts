import { awaitCondition, withDeadline } from '@headwater/testing/await-condition';
import { inject } from 'vitest';
import { TestProcess } from './child-process.js';
import { cleanEnvironment } from './origin-process.js';
import type { Scope } from './scope.js';

/** Reads the made sample as a live encoder would send it, for ever. */
function liveSample(): string[] {
  const path = inject('sampleFlv');
  if (path === '') throw new Error('there is no sample: ffmpeg is missing');
  return ['-v', 'warning', '-nostdin', '-re', '-stream_loop', '-1', '-i', path];
}

/** ffmpeg publishing the sample to one URL by RTMP. */
export function publish(scope: Scope, url: string): TestProcess {
  return ffmpeg(scope, [...liveSample(), '-c', 'copy', '-f', 'flv', url]);
}

/**
 * One ffmpeg, so one encode, publishing to several URLs at once; goes on while any of them takes it. `within`: words before
 * the command that run it elsewhere, on a host of a lab.
 */
export function publishTee(
  scope: Scope,
  urls: readonly string[],
  within: readonly string[] = [],
): TestProcess {
  const outputs = urls.map((url) => `[f=flv:onfail=ignore]${url}`).join('|');
  return ffmpeg(scope, [...liveSample(), '-map', '0', '-c', 'copy', '-f', 'tee', outputs], () => {}, within);
}

export interface PlayedFrame {
  /** Decoding time, in ms. */
  readonly dtsMs: number;
  readonly sizeBytes: number;
  /** MD5 of its compressed bytes. */
  readonly hash: string;
}

/** ffmpeg playing a URL, every video frame noted as it comes. */
export class Player {
  readonly process: TestProcess;
  readonly frames: PlayedFrame[] = [];

  constructor(scope: Scope, url: string, within: readonly string[]) {
    this.process = ffmpeg(
      scope,
      // biome-ignore format: one option and its value per line
      [
        '-v', 'warning', '-nostdin', '-analyzeduration', '500000', '-i', url,
        '-map', '0:v', '-c', 'copy', '-copyts', '-flush_packets', '1', '-f', 'framemd5', '-',
      ],
      (line) => {
        const frame = parseFrame(line);
        if (frame !== null) this.frames.push(frame);
      },
      within,
    );
  }

  /** Waits until it has played this many frames in all; fails as soon as ffmpeg ends before that. */
  async played(count: number): Promise<void> {
    await awaitCondition(
      `a player to have ${count} frames`,
      () => this.frames.length >= count || this.process.exit !== null,
      {
        progress: () => this.frames.length,
        instead: () => `${this.frames.length} frames\n${this.process.testimony()}`,
      },
    );
    if (this.frames.length < count)
      throw new Error(`the player ended after ${this.frames.length} frames\n${this.process.testimony()}`);
  }

  /** Waits for this many frames more than there are now. */
  playsOn(count: number): Promise<void> {
    return this.played(this.frames.length + count);
  }

  get isRunning(): boolean {
    return this.process.exit === null;
  }

  /** Where decoding time stood still or went back, as pairs; empty where it never did. */
  get stepsBack(): readonly (readonly [number, number])[] {
    const steps: (readonly [number, number])[] = [];
    for (const [index, frame] of this.frames.entries()) {
      const before = this.frames[index - 1];
      if (before !== undefined && frame.dtsMs <= before.dtsMs) steps.push([before.dtsMs, frame.dtsMs]);
    }
    return steps;
  }
}

export function play(scope: Scope, url: string, within: readonly string[] = []): Player {
  return new Player(scope, url, within);
}

/** What ffprobe counts in a file, or in the first `seconds` of a stream: frames really decoded, by kind. */
export async function probeFrames(
  scope: Scope,
  url: string,
  seconds?: number,
): Promise<{ readonly video: number; readonly audio: number }> {
  const args = [
    '-v',
    'error',
    '-count_frames',
    ...(seconds === undefined ? [] : ['-read_intervals', `%+${seconds}`]),
    '-analyzeduration',
    '500000',
  ];
  const entries = ['-show_entries', 'stream=codec_type,nb_read_frames', '-of', 'json', url];
  const probe = new TestProcess(scope, 'ffprobe', [...args, ...entries], { env: cleanEnvironment() });
  await withDeadline(`ffprobe to have counted the frames of ${url}`, probe.exited);
  if (probe.exit?.code !== 0) throw new Error(probe.testimony());
  const { streams } = JSON.parse(probe.stdout.join('\n')) as {
    streams: { codec_type: string; nb_read_frames?: string }[];
  };
  const count = (kind: string) =>
    Number(streams.find((stream) => stream.codec_type === kind)?.nb_read_frames ?? 0);
  return { video: count('video'), audio: count('audio') };
}

function ffmpeg(
  scope: Scope,
  options: readonly string[],
  onLine: (line: string) => void = () => {},
  within: readonly string[] = [],
): TestProcess {
  const [command = '', ...args] = [...within, 'ffmpeg', ...options];
  const process = new TestProcess(scope, command, args, { env: cleanEnvironment() }, onLine);
  // One that waits for media minds no SIGTERM, and it has nothing to tidy up.
  process.stopSignal = 'SIGKILL';
  return process;
}

/** A line of ffmpeg's framemd5: `stream, dts, pts, duration, size, hash`, comments with `#`; FLV's time base is 1 ms. */
export function parseFrame(line: string): PlayedFrame | null {
  if (line.startsWith('#')) return null;
  const [, dts, , , size, hash] = line.split(',').map((field) => field.trim());
  if (dts === undefined || size === undefined || hash === undefined) return null;
  return { dtsMs: Number(dts), sizeBytes: Number(size), hash };
}
