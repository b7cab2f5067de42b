import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasTool } from '@headwater/testing/tools';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the made sample; empty where there is no ffmpeg to make it. */
    sampleFlv: string;
  }
}

/** Frames per second, and per GOP: a keyframe each second, as live encoders do. */
export const SAMPLE_FPS = 25;
const SAMPLE_SECONDS = 40;

/**
 * Made once per run, so that no test encodes: H.264 and AAC, small, every picture different, so that a recording can be
 * laid beside it frame by frame.
 */
export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-test-media-'));
  const path = join(directory, 'sample.flv');
  if (hasTool('ffmpeg')) {
    const pictures = `testsrc2=size=320x180:rate=${SAMPLE_FPS}:duration=${SAMPLE_SECONDS}`;
    const sound = `sine=frequency=440:sample_rate=44100:duration=${SAMPLE_SECONDS}`;
    const gop = String(SAMPLE_FPS);
    execFileSync(
      'ffmpeg',
      // biome-ignore format: one option and its value per line
      [
        '-v', 'error', '-nostdin', '-y',
        '-f', 'lavfi', '-i', pictures,
        '-f', 'lavfi', '-i', sound,
        '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p',
        '-g', gop, '-keyint_min', gop, '-sc_threshold', '0', '-b:v', '200k', '-maxrate', '200k', '-bufsize', '200k',
        '-c:a', 'aac', '-b:a', '32k', '-ac', '1',
        '-f', 'flv', path,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'], timeout: 120_000 },
    );
  }
  project.provide('sampleFlv', hasTool('ffmpeg') ? path : '');
  return () => rmSync(directory, { recursive: true, force: true });
}
