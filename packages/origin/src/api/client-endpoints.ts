import * as v from 'valibot';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { pageClients, unknownMember } from './clients.js';
import type { Endpoints } from './endpoint.js';
import { CLIENT, CLIENT_PAGE, CLIENT_QUERY } from './schemas/client.js';
import { said, TEXT } from './schemas/parts.js';
import { SRS_CLIENT, SRS_CLIENTS, SRS_DONE, SRS_FORMAT, SRS_PAGE } from './schemas/srs.js';
import type { SrsApi } from './srs.js';
import { namesOf } from './streams.js';

const ID = { id: 'As `GET /api/v1/clients` has it.' };

export function addClients(endpoints: Endpoints, source: ApiSource, srs: SrsApi): void {
  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/clients',
      id: 'clients',
      tag: 'Clients',
      summary: 'Who plays and publishes, and who pulls for another member: on all members, page by page.',
      description: 'With `format=srs` what SRS answers there, of this member alone.',
      query: v.object({ ...CLIENT_QUERY.entries, ...SRS_PAGE }),
      answer: v.union([CLIENT_PAGE, SRS_CLIENTS]),
      errors: ['MEMBER_UNKNOWN', 'STREAM_NAME_INVALID'],
    },
    async ({ context, query: { format, start, count, ...query } }) => {
      if (format !== undefined) return srs.clients({ start, count });
      const page = await pageClients(source, query);
      if (page === 'member') return apiError(context, 'MEMBER_UNKNOWN', unknownMember(source, query.member));
      if (page === 'stream')
        return apiError(context, 'STREAM_NAME_INVALID', `"${query.stream}" names no stream`);
      return page;
    },
  );

  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/clients/{id}',
      id: 'client',
      tag: 'Clients',
      summary: 'One of them, on whichever member it is.',
      params: ID,
      query: v.object(SRS_FORMAT),
      answer: v.union([CLIENT, SRS_CLIENT]),
      errors: ['CLIENT_UNKNOWN'],
    },
    async ({ context, param, query: { format } }) => {
      const id = param('id');
      if (format !== undefined) return srs.client(id);
      const { answers } = await source.mesh.askAll('clients', { id, after: '', max: 1 });
      for (const { member, answer } of answers) {
        const [client] = answer.clients;
        if (client !== undefined) return { ...client, member, name: namesOf(source)(member) };
      }
      return apiError(context, 'CLIENT_UNKNOWN', `no client has the id ${id}`);
    },
  );

  endpoints.add(
    {
      method: 'delete',
      path: '/api/v1/clients/{id}',
      id: 'kick',
      tag: 'Clients',
      summary: 'Ends one of them, on whichever member it is.',
      description:
        'It is told that an operator did, in its protocol’s way: RTMP by a status, HTTP by 403 where no answer was given yet, WebSocket by 4403. It may come again: to keep it out is a matter of access rules. Also what SRS’s tools ask for, who with `format=srs` hear of an unknown id by SRS’s code.',
      params: ID,
      query: v.object(SRS_FORMAT),
      answer: v.union([
        v.object({
          code: said(v.literal(0), 'For SRS’s tools.'),
          member: said(TEXT, 'Id of the member that it was on.'),
          name: TEXT,
        }),
        SRS_DONE,
      ]),
      errors: ['CLIENT_UNKNOWN'],
      role: 'operate',
    },
    async ({ context, param, query: { format } }) => {
      const id = param('id');
      const { answers, missing } = await source.mesh.askAll('kick', { id });
      const done = answers.find(({ answer }) => answer.done);
      if (format !== undefined) return srs.kicked(done !== undefined);
      const names = namesOf(source);
      if (done !== undefined) return { code: 0 as const, member: done.member, name: names(done.member) };
      const silent = missing.map(({ member }) => names(member)).join(', ');
      const how = silent === '' ? '' : ` (no answer from ${silent})`;
      return apiError(context, 'CLIENT_UNKNOWN', `no client has the id ${id}${how}`);
    },
  );
}
