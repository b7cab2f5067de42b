import { cpuSeconds } from './cpu-seconds.js';
import type { MediaPlane } from './plane/media-plane.js';
import { residentMemory } from './resident-memory.js';

/** What all processes of this member use: this one, and its workers as of their last second. */
export interface MemberUse {
  residentBytes(): number;
  /** Processor time since the start, also of workers that have ended. */
  cpuSeconds(): number;
}

export function memberUse(media: Pick<MediaPlane, 'workers'>): MemberUse {
  const ownBytes = residentMemory();
  return {
    residentBytes: () => media.workers().reduce((sum, { rssBytes }) => sum + rssBytes, ownBytes()),
    cpuSeconds: () => media.workers().reduce((sum, worker) => sum + worker.cpuSeconds, cpuSeconds()),
  };
}
