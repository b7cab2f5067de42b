import { spawnSync } from 'node:child_process';
import type { TaskMeta } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** What a skipped test lacked, and how to get it; the summary of a run lists it. */
    missing?: string;
  }
}

const answers = spawnSync('ffmpeg', ['-version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;

/** Options of a `describe` or test that publishes or plays with ffmpeg and ffprobe: without them it is skipped, loudly. */
export const NEEDS_FFMPEG: { readonly skip: boolean; readonly meta: Partial<TaskMeta> } = answers
  ? { skip: false, meta: {} }
  : { skip: true, meta: { missing: 'needs ffmpeg (get it: apt-get install ffmpeg)' } };
