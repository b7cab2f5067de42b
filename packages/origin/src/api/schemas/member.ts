import * as v from 'valibot';
import { FLAG, NUMBER, SINCE_MS, said, TEXT, TEXTS } from './parts.js';

const WORKER = v.object({
  worker: said(NUMBER, 'From 1; the one that replaces another has its number.'),
  state: v.picklist(['starting', 'listening', 'draining', 'hung', 'waiting']),
  pid: v.exactOptional(NUMBER),
  sinceMs: SINCE_MS,
  connections: said(
    NUMBER,
    'While it is being replaced, those of the process before included; likewise what follows.',
  ),
  players: NUMBER,
  publishers: NUMBER,
  outboundKbps: NUMBER,
  rssBytes: NUMBER,
  cpuSeconds: said(NUMBER, 'Processor time of all processes that it has had, s.'),
  loopDelay: v.exactOptional(
    said(
      v.object({ p50: NUMBER, p99: NUMBER, max: NUMBER }),
      'How late its event loop was in the last second, s; 0 while it has no connections.',
    ),
  ),
  restarts: NUMBER,
  lastEnd: v.exactOptional(TEXT),
});

export const MEMBER = v.object({
  id: TEXT,
  name: TEXT,
  self: said(FLAG, 'It is the member that was asked.'),
  role: v.string(),
  liveness: said(
    v.string(),
    '`alive`, `suspect`, `unreachable`, `dead` or `left`, as the asked member sees it.',
  ),
  generation: NUMBER,
  version: NUMBER,
  streams: said(NUMBER, 'That it owns.'),
  players: NUMBER,
  publishers: NUMBER,
  outboundKbps: NUMBER,
  connected: FLAG,
  draining: FLAG,
  full: said(
    FLAG,
    'Its connections or its outbound limit are used up, or none of its workers takes connections.',
  ),
  through: v.exactOptional(
    said(TEXTS, 'Where it is `unreachable`: names of members that reach both it and the asked one.'),
  ),
  program: TEXT,
  zone: v.exactOptional(TEXT),
  rttMs: v.exactOptional(said(NUMBER, 'Round trip from the asked member.')),
  meshAddresses: TEXTS,
  addresses: v.array(
    v.object({
      network: TEXT,
      host: TEXT,
      rtmpPort: NUMBER,
      httpPort: NUMBER,
      rtmpsPort: v.exactOptional(NUMBER),
      httpsPort: v.exactOptional(NUMBER),
    }),
  ),
  relayAddresses: said(
    v.array(v.object({ network: TEXT, host: TEXT, rtmpPort: NUMBER, rtmpsPort: v.exactOptional(NUMBER) })),
    'Where it says that the other members pull from, network by network.',
  ),
  pulledAt: v.exactOptional(said(TEXT, '`host:port` that the asked member pulls from, where it does.')),
  pulledByTls: v.exactOptional(said(v.literal(true), 'It is pulled from by TLS; absent: without.')),
  workers: v.exactOptional(said(v.array(WORKER), 'Its media workers: only of the member that was asked.')),
});

export const MEMBERS_ANSWER = v.object({ members: v.array(MEMBER) });

const VALUE = v.union([TEXT, NUMBER, FLAG, TEXTS]);
const GIVEN = {
  value: v.exactOptional(said(VALUE, 'Absent: none. Secrets are masked.')),
  source: said(TEXT, '`default`, `file`, `environment`, `command-line`, or `operator` where the API set it.'),
  from: v.exactOptional(said(TEXT, '`FILE:LINE`, or the name of a variable.')),
};

/** What a member runs with. */
export const CONFIG_ANSWER = v.object({
  member: TEXT,
  name: TEXT,
  keys: said(
    v.array(
      v.object({
        key: said(TEXT, 'As in the configuration’s reference.'),
        isSecret: FLAG,
        applies: said(
          TEXT,
          'When a change counts: `live` from the next reload on, `restart` from the next start.',
        ),
        ...GIVEN,
        next: v.exactOptional(
          said(v.object(GIVEN), 'What was read since, and counts from the next start on.'),
        ),
      }),
    ),
    'In the order of the reference; empty where the member was not started by the command line.',
  ),
});

export type ApiConfig = v.InferOutput<typeof CONFIG_ANSWER>;

/** What came of something that a member was asked to do. */
export const DONE_ANSWER = v.object({ member: TEXT, name: TEXT, done: v.literal(true) });

/** What came of reading the configuration anew. */
export const RELOADED_ANSWER = v.object({
  ...DONE_ANSWER.entries,
  applied: said(v.array(TEXT), 'Keys that changed, and are in force.'),
  needsRestart: said(v.array(TEXT), 'Keys that changed, and count from the next start on.'),
  restartReasons: said(v.record(TEXT, TEXT), 'Why, for each of these keys.'),
});

/** How a drain gets on. */
export const DRAIN_ANSWER = v.object({
  member: TEXT,
  name: TEXT,
  draining: FLAG,
  step: v.exactOptional(
    said(
      v.string(),
      '`relays-move`, `publishers-leave`, `players-leave` or `over`; absent: it does not drain.',
    ),
  ),
  ends: v.exactOptional(said(FLAG, 'Its process ends afterwards, and nobody cancels that.')),
  tookMs: v.exactOptional(NUMBER),
  leftMs: v.exactOptional(said(NUMBER, 'Until its deadline.')),
  publishers: NUMBER,
  relays: said(NUMBER, 'Pulls of other members.'),
  players: NUMBER,
  stillHere: said(
    v.array(v.object({ kind: TEXT, because: TEXT, count: NUMBER, text: TEXT })),
    'Who is left and why: `kind` is `publisher`, `relay` or `player`, `because` a stable code, `text` its sentence.',
  ),
  unanswered: v.exactOptional(
    said(v.array(NUMBER), 'Its media workers that did not answer: whom they have is missing.'),
  ),
});

export type ApiDrain = v.InferOutput<typeof DRAIN_ANSWER>;
export type ApiMember = v.InferOutput<typeof MEMBER>;
