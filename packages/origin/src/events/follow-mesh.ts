import { ALL_STREAMS, claimsStand } from '@headwater/directory';
import type { Mesh } from '@headwater/mesh';
import type { MediaPlane } from '../plane/media-plane.js';
import type { EventLog } from './event-log.js';
import { MemberChanges } from './member-changes.js';
import { OwnerChanges } from './owner-changes.js';

/** Puts what happens in the mesh and in this member's media into the log of events. Returns how to stop. */
export function followMesh(
  log: EventLog,
  mesh: Pick<Mesh, 'directory' | 'onMemberChanged' | 'onOwnersChanged' | 'members'>,
  media: Pick<MediaPlane, 'onEvent'>,
): () => void {
  const { directory } = mesh;
  const members = new MemberChanges();
  const owners = new OwnerChanges((id) => {
    const member = directory.member(id);
    return member === undefined || !claimsStand(member.liveness);
  });
  for (const member of mesh.members()) for (const event of members.look(member)) log.tell(event);
  const ends = [
    mesh.onMemberChanged((member) => {
      for (const event of members.look(member)) log.tell(event);
    }),
    mesh.onOwnersChanged((key) => {
      for (const event of owners.look(key, directory.owners(key))) log.tell(event);
    }, ALL_STREAMS),
    media.onEvent((event) => log.tell(event)),
  ];
  return () => {
    for (const end of ends) end();
  };
}
