import type { MemberId } from '@headwater/directory';
import type { Mesh } from '@headwater/mesh';
import type { MemberFacts } from './messages.js';

/** How often it is looked whether members are reached otherwise, ms. */
const LOOK_EVERY_MS = 500;

/** Calls `changed` when what `factsOf` tells has changed by more than a little. Returns how to stop. */
export function watchFacts(mesh: Mesh, changed: () => void): () => void {
  let before = '';
  const look = setInterval(() => {
    const facts = JSON.stringify(factsOf(mesh).map(({ rttMs, ...fact }) => [fact, nearness(rttMs)]));
    if (facts === before) return;
    before = facts;
    changed();
  }, LOOK_EVERY_MS);
  return () => clearInterval(look);
}

/** Members are sorted by how near they are; a change of a few percent is none. */
const nearness = (rttMs: number | undefined): number =>
  rttMs === undefined ? -1 : Math.round(Math.log2(rttMs + 0.1));

/** What workers know of members beside their claims. */
export function factsOf(mesh: Mesh): readonly MemberFacts[] {
  return mesh.members().map((member) => {
    const { id, isSelf, liveness, connected, profile, rttMs, dialledAt, remoteIp } = member;
    return {
      id: id satisfies MemberId,
      isSelf,
      liveness,
      connected,
      profile,
      ...(rttMs !== undefined && { rttMs }),
      ...(dialledAt !== undefined && { dialledAt }),
      ...(remoteIp !== undefined && { remoteIp }),
    };
  });
}
