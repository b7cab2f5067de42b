import type { MemberLoad } from '@headwater/directory';
import type { MediaLog } from '@headwater/media';
import type { OriginConfig } from './config/origin-config.js';
import { nextFull, takesNobody } from './fullness.js';
import type { OwnProfile } from './own-profile.js';
import type { MediaPlane } from './plane/media-plane.js';

/** How often the member's load is measured and told, ms; also the least time between two changes of whether it is full. */
const INTERVAL_MS = 1000;

export interface OwnLoadParts {
  readonly media: Pick<MediaPlane, 'told' | 'workers'>;
  readonly mesh: { setLoad(load: MemberLoad): void };
  readonly profile: Pick<OwnProfile, 'isFull' | 'setFull'>;
  readonly limits: () => OriginConfig['limits'];
  readonly log: Pick<MediaLog, 'warn'>;
}

/** Tells all members what this one serves, and whether it is full. Returns how to stop. */
export function tellLoad({ media, mesh, profile, limits, log }: OwnLoadParts): () => void {
  const timer = setInterval(() => {
    const { players, publishers, outboundKbps, connections } = media.told();
    mesh.setLoad({ players, publishers, outboundKbps });
    const used = { connections, outboundKbps };
    const isClosed = takesNobody(media.workers());
    const isFull = isClosed || nextFull(profile.isFull, used, limits());
    if (isFull === profile.isFull) return;
    profile.setFull(isFull);
    const why = isClosed ? { reason: 'no media worker takes connections' } : {};
    log.warn({ ...used, limits: limits(), ...why }, isFull ? 'member full' : 'member has room again');
  }, INTERVAL_MS);
  return () => clearInterval(timer);
}
