import * as v from 'valibot';
import { FLAG, MISSING, NUMBER, said, TEXT, TEXTS } from './parts.js';

export const LINKS_ANSWER = v.object({
  members: said(
    v.array(
      v.object({
        member: said(TEXT, 'Id of the member that says this.'),
        name: TEXT,
        peers: v.array(
          v.object({
            member: TEXT,
            name: TEXT,
            liveness: said(TEXT, 'As that member sees it.'),
            connected: FLAG,
            rttMs: v.exactOptional(said(NUMBER, 'Round trip, ms.')),
          }),
        ),
        pulls: said(
          v.array(
            v.object({
              owner: said(TEXT, 'Name of the member that it pulls from.'),
              streams: NUMBER,
              keys: said(TEXTS, 'The first of them.'),
            }),
          ),
          'Streams that its relays are fed with.',
        ),
      }),
    ),
    'In the order of their names.',
  ),
  missing: MISSING,
});

export type ApiLinks = v.InferOutput<typeof LINKS_ANSWER>;
