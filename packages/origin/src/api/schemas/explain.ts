import * as v from 'valibot';
import { ASKING_CLIENT_NAMES } from '../../explain/asking-client.js';
import { MISSING, NUMBER, queryWord, said, TEXT } from './parts.js';

const IP = v.pipe(v.string(), v.ip('address is an IP address'));
const VHOST = v.exactOptional(said(TEXT, 'The vhost, where vhosts are configured.'));

export const EXPLAIN_QUERY = v.object({
  vhost: VHOST,
  client: v.optional(
    said(
      queryWord('client', ASKING_CLIENT_NAMES),
      'Who plays; by default `ffmpeg`, which stands for any RTMP player.',
    ),
    'ffmpeg',
  ),
  address: v.exactOptional(said(IP, 'IP address of the player, for rules that ask for it.')),
  from: v.exactOptional(said(TEXT, 'The member that it plays from, by name or id; absent: the asked one.')),
});

export const EXPLAINED = v.object({
  key: TEXT,
  member: said(TEXT, 'Id of the member that the play would come to.'),
  name: TEXT,
  client: v.picklist(ASKING_CLIENT_NAMES),
  route: said(TEXT, '`local`, `redirect`, `relay`, `wait` or `refuse`.'),
  reason: TEXT,
  access: said(
    TEXT,
    'Of the rules: `open` (there are none), `allowed`, `refused`, or `depends` on a token, a hook or an address.',
  ),
  target: v.exactOptional(said(TEXT, 'Name of the member that it is sent to, or relayed from.')),
  steps: said(
    v.array(
      v.object({
        about: said(TEXT, '`claims`, `order`, `access`, `capacity`, `drain`, `reach` or `route`.'),
        text: TEXT,
      }),
    ),
    'What would happen, and why: sentences in the order in which a play meets them.',
  ),
});

export type ApiExplained = v.InferOutput<typeof EXPLAINED>;

export const DIAGNOSIS = v.object({
  findings: said(
    v.array(
      v.object({
        weight: said(
          v.picklist(['critical', 'warning', 'note']),
          '`critical`: plays or publishes fail, or soon will.',
        ),
        code: said(TEXT, 'Never changes its meaning.'),
        name: said(TEXT, 'Name of the member that it is about.'),
        text: said(TEXT, 'What is wrong, and what to do.'),
      }),
    ),
    'In order of weight; empty: nothing is wrong.',
  ),
  members: said(v.array(TEXT), 'Names of the members that were looked at.'),
});

export const TRACE_QUERY = v.object({
  vhost: VHOST,
  since: v.exactOptional(
    said(
      v.pipe(TEXT, v.regex(/^\d{1,15}$/, 'since is a time in Unix ms'), v.transform(Number)),
      'Unix ms: only what came after it.',
    ),
  ),
});

const TRACED = {
  events: said(
    v.array(
      v.looseObject({
        id: said(TEXT, 'As in the events of that member.'),
        by: said(TEXT, 'Id of the member that tells of it.'),
        byName: TEXT,
        atMs: said(NUMBER, 'Unix ms by the clock of the asked member.'),
        ownAtMs: said(NUMBER, 'By its own clock.'),
        kind: TEXT,
        subject: v.exactOptional(said(TEXT, 'Id of the client or relay that it is about.')),
      }),
    ),
    'Of all members, oldest first; each with the fields of its kind.',
  ),
  clocks: said(
    v.array(
      v.object({
        member: TEXT,
        name: TEXT,
        aheadMs: said(NUMBER, 'By how much its clock is ahead of that of the asked member.'),
        withinMs: said(NUMBER, 'How wrong that may be: half the round trip.'),
      }),
    ),
    'Of each member that answered.',
  ),
  missing: MISSING,
};

export const TRACE = v.object({ key: TEXT, ...TRACED });

export const ID_TRACE = v.object({
  id: TEXT,
  ids: said(v.array(TEXT), 'All that belong together: of the play or publish on each member, and of relays.'),
  ...TRACED,
});
