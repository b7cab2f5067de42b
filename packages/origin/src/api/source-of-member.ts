import { ownerThrough, type PlayRequest, type Route, relayWay, route } from '@headwater/directory';
import { playModeOf, vhostOf } from '@headwater/media';
import type { Mesh } from '@headwater/mesh';
import type { OriginConfig } from '../config/origin-config.js';
import type { EventLog } from '../events/event-log.js';
import { MeshEvents } from '../events/mesh-events.js';
import type { MediaPlane } from '../plane/media-plane.js';
import { MeshWide } from '../questions/mesh-wide.js';
import { accessOf } from './access-of.js';
import type { ApiSource } from './api-source.js';

/** The route that this member would give; owners of a relay by the way on which they would be pulled. */
export function routeOf(
  config: OriginConfig,
  mesh: Mesh,
  media: MediaPlane,
  request: Omit<PlayRequest, 'mode'>,
): Route {
  const mode = playModeOf(request.key, config);
  const given = route(mesh.directory, { ...request, mode, isFull: media.told().isFull });
  if (given.kind !== 'relay' || !config.relay.tree) return given;
  const owners = given.owners.map((owner) => {
    const way = relayWay(mesh.directory, owner);
    return way.kind === 'through' ? ownerThrough(owner, way.head.member) : owner;
  });
  return { ...given, owners };
}

/** What the API of a running member shows. `current`: the configuration that is in force. */
export function apiSource(
  current: () => OriginConfig,
  mesh: Mesh,
  media: MediaPlane,
  events: EventLog,
  isDraining: () => boolean,
): ApiSource {
  const { name, vhosts } = current();
  const wide = new MeshWide(mesh);
  return {
    name,
    mesh: wide,
    events,
    access: () => accessOf(current()),
    meshEvents: new MeshEvents({
      own: events,
      name,
      mesh: wide,
      nameOf: (member) => mesh.directory.member(member)?.profile?.name ?? member,
      self: mesh.id,
      now: Date.now,
    }),
    directory: mesh.directory,
    members: () => mesh.members(),
    status: () => mesh.status(),
    isDraining,
    media,
    route: (request) => routeOf(current(), mesh, media, request),
    resolveVhost: (vhost) => vhostOf([vhost ?? null], vhosts),
  };
}
