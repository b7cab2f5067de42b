import { parseStreamKey } from '@headwater/directory';
import type { ToldKey } from '../config/config-in-force.js';
import type { Checkup } from '../doctor/checkup.js';
import type { DrainProgress } from '../drain-control.js';
import type { EventLog, KeptEvent } from '../events/event-log.js';
import { type ExplainView, explainPlay } from '../explain/explain-play.js';
import type { Answer, MediaPlane } from '../plane/media-plane.js';
import type { ReloadResult } from '../reload/reloading.js';
import { eventsOfIds } from '../trace/id-trace.js';
import { eventsOfStream } from '../trace/stream-trace.js';
import type { QuestionAnswers } from './questions.js';
import { figuresHere, happenedHere, linksHere, picturesOf, type WatchedHere } from './watched-here.js';

/** What an operator may have a member do, beside what its media plane does. */
export interface MemberControl {
  /** False where it drains already. `deadlineMs`: absent: as configured. */
  drain(deadlineMs: number | undefined): boolean;
  /** How that gets on. */
  drainProgress(): Promise<DrainProgress>;
  /** False where it does not drain, or is stopping. */
  cancelDrain(): boolean;
  setLogLevel(level: string): void;
  /** Reads its configuration again. */
  reload(): Promise<ReloadResult>;
}

/** What this member knows beside its media. */
export interface MemberKnowledge {
  /** As it is now: what of the configuration may change has changed. */
  explain(): ExplainView;
  readonly events: EventLog;
  readonly watched: WatchedHere;
  checkup(): Promise<Checkup>;
  /** What it runs with; empty where it was not started by the command line. */
  config(): readonly ToldKey[];
}

/** Players of a stream that are looked at for their queues. */
const PLAYERS_LOOKED_AT_MAX = 1000;

/** How this member answers what it is asked: by others, and by its own API. */
export function memberAnswers(
  media: Pick<MediaPlane, 'ask'>,
  control: MemberControl,
  knowledge: MemberKnowledge,
): QuestionAnswers {
  return {
    stream: async ({ key }) => {
      const [{ value: view, unanswered }, { value: counts }] = await Promise.all([
        media.ask.stream(key, PLAYERS_LOOKED_AT_MAX),
        media.ask.playerCounts([key]),
      ]);
      const players = view?.players ?? [];
      return {
        source: view?.source ?? 'none',
        ...(view?.relayFrom === undefined ? {} : { relayFrom: view.relayFrom }),
        ...(view?.relayThrough === undefined ? {} : { relayThrough: view.relayThrough }),
        players: counts[0] ?? 0,
        bytesIn: view?.bytesIn ?? 0,
        kbpsIn: view?.kbpsIn ?? 0,
        ...picturesOf(view),
        queueBytes: sum(players.map(({ queueBytes }) => queueBytes)),
        queueBytesOfSlowest: Math.max(0, ...players.map(({ queueBytes }) => queueBytes)),
        framesDropped: sum(players.map(({ framesDropped }) => framesDropped)),
        playersLookedAt: players.length,
        ...(unanswered.length > 0 && { unanswered: [...unanswered] }),
      };
    },
    clients: async ({ after, max, ...filter }) => {
      const { value, unanswered } = await media.ask.clients(filter, after, max);
      return { clients: [...value], ...(unanswered.length > 0 && { unanswered: [...unanswered] }) };
    },
    explain: ({ key, client, address }) => {
      const about = { key, app: parseStreamKey(key)?.app ?? '', client };
      const asked = address === undefined ? about : { ...about, address };
      const { steps, ...explained } = explainPlay(knowledge.explain(), asked, Date.now());
      return { ...explained, steps: [...steps] };
    },
    'stream-events': ({ key }) => told(knowledge.events, eventsOfStream(knowledge.events, key, 0)),
    'id-events': (sought) => told(knowledge.events, eventsOfIds(knowledge.events, sought)),
    checkup: () => knowledge.checkup(),
    config: () => ({ keys: [...knowledge.config()] }),
    links: () => linksHere(knowledge.watched),
    figures: ({ keys }) => figuresHere(media, knowledge.watched, keys),
    happened: ({ since, max }) => happenedHere(knowledge.watched, since, max),
    kick: async ({ id }) => doneBy(await media.ask.kick(id)),
    'end-publish': async ({ key }) => doneBy(await media.ask.endPublish(key)),
    drain: ({ deadlineMs }) => ({ done: control.drain(deadlineMs) }),
    'drain-progress': async () => {
      const { stillHere, unanswered, ...progress } = await control.drainProgress();
      return {
        ...progress,
        stillHere: [...stillHere],
        ...(unanswered.length > 0 && { unanswered: [...unanswered] }),
      };
    },
    'cancel-drain': () => ({ done: control.cancelDrain() }),
    'log-level': ({ level }) => {
      control.setLogLevel(level);
      return { done: true };
    },
    reload: async () => {
      const result = await control.reload();
      return result.done
        ? { done: true, applied: [...result.applied], needsRestart: [...result.needsRestart] }
        : { done: false, problems: [...result.problems] };
    },
  };
}

const told = (log: EventLog, events: readonly KeptEvent[]) => ({
  nowMs: Date.now(),
  events: events.map((kept) => ({ id: log.idOf(kept.number), ...kept, event: { ...kept.event } })),
});

/** Not done is said only by a member that knows: where a worker may have whom it is about, there is no answer. */
function doneBy({ value: done, unanswered }: Answer<boolean>): { done: boolean } {
  if (!done && unanswered.length > 0) throw new Error(`no answer from workers ${unanswered.join(', ')}`);
  return { done };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
