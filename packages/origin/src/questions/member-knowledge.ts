import type { PlayRequest } from '@headwater/directory';
import type { Mesh } from '@headwater/mesh';
import { routeOf } from '../api/source-of-member.js';
import type { ConfigInForce } from '../config/config-in-force.js';
import type { OriginConfig } from '../config/origin-config.js';
import { checkUp } from '../doctor/checkup.js';
import { DiskRoom } from '../doctor/disk-room.js';
import { othersOf } from '../doctor/members-to-reach.js';
import type { EventLog } from '../events/event-log.js';
import { RelayBook } from '../events/relay-book.js';
import { guardConfig } from '../guard-config.js';
import type { MediaPlane } from '../plane/media-plane.js';
import type { MemberKnowledge } from './member-answers.js';

export interface KnowledgeParts {
  /** The configuration in force. */
  readonly current: () => OriginConfig;
  readonly inForce: ConfigInForce;
  readonly mesh: Mesh;
  readonly media: MediaPlane;
  readonly events: EventLog;
  readonly isDraining: () => boolean;
}

/** What a running member knows beside its media, as it is asked for by people. */
export function memberKnowledge(parts: KnowledgeParts): MemberKnowledge {
  const { current, inForce, mesh, media, events, isDraining } = parts;
  const { directory } = mesh;
  const relays = new RelayBook();
  // Another one takes a restart.
  const disk = new DiskRoom(current().dataDir);
  events.onTold(({ event, atMs }) => relays.note(event, atMs));
  return {
    events,
    watched: { directory, events, relays, members: () => mesh.members() },
    config: () => inForce.tell(),
    checkup: () =>
      checkUp({
        config: current(),
        disk,
        isOwnSeed: (seed) => mesh.isOwnSeed(seed),
        status: () => mesh.status(),
        workers: () => media.workers(),
        others: () => othersOf(mesh, current().relay.tls),
      }),
    explain: () => ({
      ...current(),
      order: current().play.order,
      rules: guardConfig(current(), mesh.id),
      directory,
      members: () => mesh.members(),
      status: () => mesh.status(),
      isDraining,
      told: () => media.told(),
      route: (request: Omit<PlayRequest, 'mode'>) => routeOf(current(), mesh, media, request),
    }),
  };
}
