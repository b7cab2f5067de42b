import type { ApiSource } from './api-source.js';
import type { Endpoints } from './endpoint.js';
import { LINKS_ANSWER } from './schemas/link.js';
import { namesOf } from './streams.js';

export function addLinks(endpoints: Endpoints, source: ApiSource): void {
  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/links',
      id: 'links',
      tag: 'Mesh',
      summary: 'Whom each member hears, and which members it pulls streams from.',
      description:
        'Every member is asked: what a member cannot reach, another may. Who does not answer is in `missing`.',
      answer: LINKS_ANSWER,
    },
    async () => {
      const { answers, missing } = await source.mesh.askAll('links', {});
      const names = namesOf(source);
      return {
        members: answers
          .map(({ member, answer: { peers, pulls } }) => ({
            member,
            name: names(member),
            peers: peers.map((peer) => ({ ...peer, name: names(peer.member) })),
            pulls,
          }))
          .sort((a, b) => a.name.localeCompare(b.name) || a.member.localeCompare(b.member)),
        missing: missing.map((one) => ({ ...one, name: names(one.member) })),
      };
    },
  );
}
