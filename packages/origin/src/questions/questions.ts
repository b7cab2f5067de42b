import type { MediaEvent } from '@headwater/media';
import * as v from 'valibot';
import { KEYS_TOLD_MAX } from '../config/config-in-force.js';
import { CHECKUP } from '../doctor/checkup.js';
import { ASKING_CLIENT_NAMES } from '../explain/asking-client.js';
import { SOUGHT_CLAIMS_MAX, SOUGHT_IDS_MAX, TRACE_ID_FORM } from '../trace/id-trace.js';
import { TRACED_MAX } from '../trace/stream-trace.js';

/** What members ask each other (docs/wire.md, "Questions"), by name: what goes there, and what comes back. */

const PROTOCOL = v.picklist(['rtmp', 'http-flv', 'ws-flv']);
const COUNT = v.pipe(v.number(), v.minValue(0));

export const CLIENT_KIND = v.picklist(['play', 'relay', 'publish']);
export const CLIENT_PROTOCOL = PROTOCOL;

/** One client, as the member has it. */
export const CLIENT_THERE = v.object({
  id: v.string(),
  kind: CLIENT_KIND,
  key: v.string(),
  protocol: PROTOCOL,
  remote: v.string(),
  agent: v.string(),
  sinceMs: v.number(),
  state: v.string(),
  bytes: COUNT,
  queueBytes: COUNT,
  framesDropped: COUNT,
  forwardedTo: v.exactOptional(v.string()),
});

/** Most clients in one answer, so that it has room in any mesh. */
export const CLIENTS_MAX = 501;

/** Most kinds and reasons of who is still on a member that drains; more than any release has. */
const LEFT_MAX = 100;
/** Most sentences of one explanation. */
const STEPS_MAX = 500;

const OK = v.object({ done: v.boolean() });

/** Names of keys, or sentences. */
const KEYS = v.exactOptional(v.array(v.string()));

/** Its workers that did not answer it: what they have is missing. Absent: none. */
const UNANSWERED = v.exactOptional(v.array(v.number()));
/** Streams that one question may name. */
export const FIGURES_MAX = 100;
/** Most events in one answer. */
const HAPPENED_MAX = 200;
/** More than are ever in a mesh. */
const MEMBERS_MAX = 1024;

/** As they come from its source; absent: not known yet, or there are none. */
const PICTURES = {
  /** Per second of media. */
  frameRate: v.exactOptional(COUNT),
  /** From one key frame to the next, ms of media. */
  keyframeMs: v.exactOptional(COUNT),
};

const TOLD_VALUE = {
  value: v.exactOptional(v.union([v.string(), v.number(), v.boolean(), v.array(v.string())])),
  source: v.string(),
  from: v.exactOptional(v.string()),
};

/** One key of a member's configuration. */
export const CONFIG_KEY = v.object({
  key: v.string(),
  isSecret: v.boolean(),
  applies: v.string(),
  ...TOLD_VALUE,
  next: v.exactOptional(v.object(TOLD_VALUE)),
});

export const LAST_SWITCH = v.object({
  atMs: v.number(),
  from: v.nullable(v.string()),
  to: v.string(),
  gapMs: COUNT,
  isExact: v.boolean(),
});

/** Events of media that others are told; what happens to members and owners they see themselves. A reader skips others. */
export const MEDIA_EVENT_KINDS = [
  'publish-started',
  'publish-forwarded',
  'publish-refused',
  'publish-ended',
  'route-given',
  'play-refused',
  'play-ended',
  'relay-started',
  'relay-switched',
  'relay-ended',
] as const satisfies readonly MediaEvent['kind'][];

/** An event as it came: a word for each field, whatever kinds and fields a later release may add. */
const EVENT = v.pipe(
  v.objectWithRest(
    { kind: v.pipe(v.string(), v.maxLength(64)), key: v.string() },
    v.union([v.pipe(v.string(), v.maxLength(2048)), v.number(), v.boolean(), v.null()]),
  ),
  v.transform((event) => event as unknown as MediaEvent),
);

/** Events as a member kept them. */
const TOLD_EVENTS = v.object({
  /** Unix ms. */
  nowMs: v.number(),
  events: v.pipe(
    v.array(
      v.object({
        id: v.string(),
        number: COUNT,
        atMs: v.number(),
        event: v.looseObject({ kind: v.string() }),
      }),
    ),
    v.maxLength(TRACED_MAX),
  ),
});

export const QUESTIONS = {
  /** How a stream does there. */
  stream: {
    ask: v.object({ key: v.string() }),
    answer: v.object({
      source: v.picklist(['publisher', 'relay', 'none']),
      relayFrom: v.exactOptional(v.string()),
      relayThrough: v.exactOptional(v.string()),
      players: COUNT,
      bytesIn: COUNT,
      kbpsIn: COUNT,
      ...PICTURES,
      /** Of the first players, as far as they were looked at. */
      queueBytes: COUNT,
      queueBytesOfSlowest: COUNT,
      framesDropped: COUNT,
      playersLookedAt: COUNT,
      unanswered: UNANSWERED,
    }),
  },
  /** Who plays and publishes there, in the order of ids. */
  clients: {
    ask: v.object({
      after: v.string(),
      max: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(CLIENTS_MAX)),
      id: v.exactOptional(v.string()),
      key: v.exactOptional(v.string()),
      kind: v.exactOptional(CLIENT_KIND),
      protocol: v.exactOptional(PROTOCOL),
      address: v.exactOptional(v.string()),
    }),
    answer: v.object({
      clients: v.pipe(v.array(CLIENT_THERE), v.maxLength(CLIENTS_MAX)),
      unanswered: UNANSWERED,
    }),
  },
  /** What would happen to a play there, and why. */
  explain: {
    ask: v.object({
      key: v.string(),
      client: v.picklist(ASKING_CLIENT_NAMES),
      address: v.exactOptional(v.pipe(v.string(), v.ip())),
    }),
    answer: v.object({
      route: v.string(),
      reason: v.string(),
      access: v.string(),
      target: v.exactOptional(v.string()),
      steps: v.pipe(v.array(v.object({ about: v.string(), text: v.string() })), v.maxLength(STEPS_MAX)),
    }),
  },
  /** The newest events of a stream that it keeps, oldest first, and its clock. */
  'stream-events': {
    ask: v.object({ key: v.string() }),
    answer: TOLD_EVENTS,
  },
  /** What it keeps of plays, publishes and relays by their ids, oldest first, and its clock. */
  'id-events': {
    ask: v.object({
      ids: v.pipe(v.array(v.pipe(v.string(), v.regex(TRACE_ID_FORM))), v.maxLength(SOUGHT_IDS_MAX)),
      claims: v.pipe(
        v.array(v.object({ key: v.string(), member: v.string(), name: v.string() })),
        v.maxLength(SOUGHT_CLAIMS_MAX),
      ),
    }),
    answer: TOLD_EVENTS,
  },
  /** What it finds out about itself, and whom it reaches. */
  checkup: { ask: v.object({}), answer: CHECKUP },
  /** What the member runs with, and where each value came from. No secret is told. */
  config: {
    ask: v.object({}),
    answer: v.object({ keys: v.pipe(v.array(CONFIG_KEY), v.maxLength(KEYS_TOLD_MAX)) }),
  },
  /** Whom the member hears, and what it pulls from whom. */
  links: {
    ask: v.object({}),
    answer: v.object({
      peers: v.pipe(
        v.array(
          v.object({
            member: v.string(),
            liveness: v.string(),
            connected: v.boolean(),
            rttMs: v.exactOptional(COUNT),
          }),
        ),
        v.maxLength(MEMBERS_MAX),
      ),
      pulls: v.pipe(
        v.array(v.object({ owner: v.string(), streams: COUNT, keys: v.array(v.string()) })),
        v.maxLength(MEMBERS_MAX),
      ),
    }),
  },
  /** How some streams do there; those that are not there are left out. */
  figures: {
    ask: v.object({ keys: v.pipe(v.array(v.string()), v.maxLength(FIGURES_MAX)) }),
    answer: v.object({
      streams: v.pipe(
        v.array(
          v.object({
            key: v.string(),
            players: COUNT,
            kbpsIn: COUNT,
            ...PICTURES,
            isPulled: v.boolean(),
            lastSwitch: v.exactOptional(LAST_SWITCH),
          }),
        ),
        v.maxLength(FIGURES_MAX),
      ),
    }),
  },
  /** What happened in its media after the event that `since` has by the member's id; of who is not in there the last. */
  happened: {
    ask: v.object({
      since: v.record(v.string(), v.string()),
      max: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(HAPPENED_MAX)),
    }),
    answer: v.object({
      events: v.pipe(v.array(v.object({ atMs: v.number(), event: EVENT })), v.maxLength(HAPPENED_MAX)),
      /** Id of the last event that was looked at. */
      last: v.string(),
    }),
  },
  /** Ends a client; `done` is false where it is not there. */
  kick: { ask: v.object({ id: v.string() }), answer: OK },
  /** Ends a stream's publisher; `done` is false where there is none. */
  'end-publish': { ask: v.object({ key: v.string() }), answer: OK },
  /** Begins to drain; `done` is false where it does already. */
  drain: {
    ask: v.object({
      deadlineMs: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400_000))),
    }),
    answer: OK,
  },
  /** How a drain gets on there. */
  'drain-progress': {
    ask: v.object({}),
    answer: v.object({
      draining: v.boolean(),
      step: v.exactOptional(v.string()),
      ends: v.exactOptional(v.boolean()),
      tookMs: v.exactOptional(COUNT),
      leftMs: v.exactOptional(COUNT),
      publishers: COUNT,
      relays: COUNT,
      players: COUNT,
      stillHere: v.pipe(
        v.array(v.object({ kind: v.string(), because: v.string(), count: COUNT })),
        v.maxLength(LEFT_MAX),
      ),
      unanswered: UNANSWERED,
    }),
  },
  'cancel-drain': { ask: v.object({}), answer: OK },
  'log-level': {
    ask: v.object({ level: v.picklist(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']) }),
    answer: OK,
  },
  /** `done` is false where the member cannot, with the reasons. Members of earlier builds say nothing but `done`. */
  reload: {
    ask: v.object({}),
    answer: v.object({
      done: v.boolean(),
      applied: KEYS,
      needsRestart: KEYS,
      problems: KEYS,
    }),
  },
} as const;

export type QuestionName = keyof typeof QUESTIONS;
export type Ask<Q extends QuestionName> = v.InferOutput<(typeof QUESTIONS)[Q]['ask']>;
export type AnswerTo<Q extends QuestionName> = v.InferOutput<(typeof QUESTIONS)[Q]['answer']>;

/** How one member answers all of them. */
export type QuestionAnswers = {
  readonly [Q in QuestionName]: (ask: Ask<Q>) => Promise<AnswerTo<Q>> | AnswerTo<Q>;
};
