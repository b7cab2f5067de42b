import { join } from 'node:path';
import { FlvFile, RtmpPublisher } from '@headwater/media';
import { REPOSITORY } from '../support/repository.js';
import type { Scope } from '../support/scope.js';

/** 640x360, 25 frames a second, H.264 and AAC, about 577 kbit/s. */
export const SAMPLE = join(REPOSITORY, 'packages/origin/assets/demo.flv');

/** Publishes the sample over RTMP in real time until the scope ends. Rejects where the server refuses. */
export async function publishSample(scope: Scope, url: string): Promise<void> {
  const file = await FlvFile.read(SAMPLE);
  const publisher = await RtmpPublisher.open(url);
  const stopping = new AbortController();
  const done = publisher.pace(file.loop(), stopping.signal).catch(() => {});
  scope.defer(async () => {
    stopping.abort();
    await done;
    await publisher.close();
  });
}

/** What the sample's media comes to, bytes a second without any framing. */
export async function sampleBytesPerSecond(): Promise<number> {
  const file = await FlvFile.read(SAMPLE);
  const bytes = file.frames.reduce((sum, frame) => sum + frame.payload.length, 0);
  return (bytes / file.durationMs) * 1000;
}
