import { hostPort } from '@headwater/directory';
import type { Mesh } from '@headwater/mesh';
import { pulledBy } from '../pulled-at.js';

/** Other members that count as there, and where this one pulls from each. */
export function othersOf(mesh: Mesh, relayTls: boolean) {
  return mesh
    .members()
    .filter(({ isSelf, liveness }) => !isSelf && liveness !== 'dead' && liveness !== 'left')
    .map((member) => {
      const by = pulledBy(member, relayTls);
      const address = by === null ? null : hostPort(by.host, by.tls?.port ?? by.rtmpPort);
      return { member: member.id, address, connected: member.connected };
    });
}
