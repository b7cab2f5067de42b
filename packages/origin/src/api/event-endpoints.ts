import * as v from 'valibot';
import { didYouMean, nearest } from '../config/nearest.js';
import { EVENT_KINDS } from '../events/origin-event.js';
import { apiError } from './api-error.js';
import type { ApiSource } from './api-source.js';
import { streamCalled } from './clients.js';
import type { Endpoints } from './endpoint.js';
import { EventStreams, FOLLOWERS_MAX } from './event-stream.js';
import { pulseOf } from './pulse.js';
import { queryWord, said, TEXT } from './schemas/parts.js';

const KINDS = Object.entries(EVENT_KINDS)
  .map(([kind, meaning]) => `\`${kind}\`: ${meaning}`)
  .join(' ');

const KNOWN_KINDS = Object.keys(EVENT_KINDS);
const isKind = (word: string): boolean => KNOWN_KINDS.some((kind) => kind.startsWith(word));

export function addEvents(endpoints: Endpoints, source: ApiSource): void {
  const ofMember = new EventStreams(source.events);
  const ofMesh = new EventStreams(source.meshEvents.log, pulseOf(source), () => source.meshEvents.watch());
  endpoints.add(
    {
      method: 'get',
      path: '/api/v1/events',
      id: 'events',
      tag: 'Events',
      summary: 'What happens in the mesh and in this member’s media, as server-sent events.',
      description: `The last 1,000 are kept: who comes again with \`Last-Event-ID\`, as browsers do by themselves, gets what it missed. An event \`gap\` says that more was missed than is kept (\`missed\`), or that the member was started anew (\`missed\` null). Each event has the fields \`id\`, \`at\`, \`atMs\` and \`kind\`, and those of its kind. ${KINDS}`,
      query: v.object({
        since: v.exactOptional(
          said(TEXT, 'Like `Last-Event-ID`; `all`: from the oldest that is kept. None: from now on.'),
        ),
        kinds: v.exactOptional(
          said(
            TEXT,
            'Only these kinds, or those that begin so, with commas between them: `member,stream-claimed`.',
          ),
        ),
        scope: v.exactOptional(
          said(
            queryWord('scope', ['mesh']),
            '`mesh`: also what happened in the media of all other members, a second later at most, with `seenBy`, the name of the member that saw it; and every 2 s an event `pulse` without id that has the load of all members.',
          ),
        ),
        stream: v.exactOptional(
          said(TEXT, 'Only events of this stream: `app/stream`, or `vhost/app/stream`.'),
        ),
      }),
      answer: v.string(),
      mediaType: 'text/event-stream',
      errors: ['QUERY_INVALID', 'STREAM_NAME_INVALID', 'API_BUSY'],
    },
    ({ context, query }) => {
      const { since, stream, scope } = query;
      const kinds = (query.kinds ?? '').split(',').flatMap((kind) => kind.trim() || []);
      // Of those nothing would ever come, which looks as if nothing happened.
      const strange = kinds.find((kind) => !isKind(kind));
      if (strange !== undefined)
        return apiError(
          context,
          'QUERY_INVALID',
          `no kind of event begins with ${strange}${didYouMean(nearest(strange, KNOWN_KINDS))}`,
        );
      const streams = scope === 'mesh' ? ofMesh : ofMember;
      const key = stream === undefined ? undefined : streamCalled(source, stream);
      if (stream !== undefined && key === undefined)
        return apiError(context, 'STREAM_NAME_INVALID', `"${stream}" names no stream`);
      if (streams.isFull)
        return apiError(
          context,
          'API_BUSY',
          `${FOLLOWERS_MAX} clients follow the events of this member already`,
        );
      return streams.follow(context, context.req.header('last-event-id') ?? since, {
        kinds,
        ...(key === undefined ? {} : { key }),
      });
    },
  );
}
