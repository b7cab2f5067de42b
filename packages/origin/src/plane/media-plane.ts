import type { MemberLoad, StreamKey } from '@headwater/directory';
import type { ReadSecrets } from '@headwater/guard';
import type {
  ClientView,
  MediaEventListener,
  MediaFigures,
  MediaPorts,
  MediaSettings,
  StreamTotal,
  StreamView,
} from '@headwater/media';
import type { OriginConfig } from '../config/origin-config.js';

/** How long the parts of this member may take to answer one question, ms. Who takes longer is named instead. */
export const ANSWER_MS = 500;

/** What the workers that answered have said, put together. */
export interface Answer<T> {
  readonly value: T;
  /** Numbers of the workers that did not answer in time: what they have is missing in `value`. Empty: it is whole. */
  readonly unanswered: readonly number[];
}

/** What the whole member does, as its workers told last: about a second ago at most, while they are well. */
export interface MediaTold extends MemberLoad {
  /** Of all listeners. */
  readonly connections: number;
  /** It can take no more plays: its connections or its outbound limit are used up. */
  readonly isFull: boolean;
  /** What handlers of connections threw although they never should, since the start. */
  readonly faults: number;
}

/**
 * `starting`: it does not take connections yet. `listening`: it does. `draining`: it takes no new ones, and ends when its
 * last one has. `hung`: it does not answer. `waiting`: it ended, and starts again after a pause.
 */
export type WorkerState = 'starting' | 'listening' | 'draining' | 'hung' | 'waiting';

/** One media worker, as people see it. */
export interface WorkerView {
  /** From 1; the one that replaces another has its number. */
  readonly worker: number;
  readonly state: WorkerState;
  /** Absent while it has no process. */
  readonly pid?: number;
  readonly sinceMs: number;
  /** This and what follows of all its processes: one that is being replaced serves those who are there. */
  readonly connections: number;
  readonly players: number;
  readonly publishers: number;
  readonly outboundKbps: number;
  readonly rssBytes: number;
  /** Processor time of all processes that it has had, s; as of the last second. */
  readonly cpuSeconds: number;
  /** How late its event loop was in the second that it told of last, s. Absent: it told of none. */
  readonly loopDelay?: { readonly p50: number; readonly p99: number; readonly max: number };
  /** How often its number was started anew. */
  readonly restarts: number;
  /** Why the one before ended; absent where none did. */
  readonly lastEnd?: string;
}

/** Which of the clients here are meant. What is left out does not matter. */
export interface ClientFilter {
  readonly id?: string;
  readonly key?: StreamKey;
  readonly kind?: ClientView['kind'];
  readonly protocol?: ClientView['protocol'];
  /** The beginning of its `address:port`. */
  readonly address?: string;
}

/** What the parts of a member's media are asked for. No question takes longer than `ANSWER_MS`, and none rejects. */
export interface MediaQuestions {
  /** As it is now. */
  load(): Promise<Answer<MemberLoad>>;
  /** The streams published here that other members pull from this one, once for each pull. */
  pulls(): Promise<Answer<readonly StreamKey[]>>;
  /**
   * The first `max` streams here (published, relayed, played or waited for), in the order of their keys, that are not before
   * `from`. Workers work on it in slices.
   */
  streamKeys(from: StreamKey, max: number): Promise<Answer<readonly StreamKey[]>>;
  /** One stream with no more than so many of its players; null where it is not here. */
  stream(key: StreamKey, playersMax: number): Promise<Answer<StreamView | null>>;
  /** Players and other members' pulls of these streams, in their order. */
  playerCounts(keys: readonly StreamKey[]): Promise<Answer<readonly number[]>>;
  /** The first `max` clients in the order of their ids that come after `after`; empty: from the first on. */
  clients(filter: ClientFilter, after: string, max: number): Promise<Answer<readonly ClientView[]>>;
  /** Ends the client with this id, with words that say that an operator did. False where it is not here. */
  kick(id: string): Promise<Answer<boolean>>;
  /** Ends the publisher of a stream here likewise. False where there is none. */
  endPublish(key: StreamKey): Promise<Answer<boolean>>;
  /** The first `max` streams here in numbers, in the order of their keys, that are not before `from`. */
  streamTotals(from: StreamKey, max: number): Promise<Answer<readonly StreamTotal[]>>;
  /** How many publishers were asked to reconnect and are here still. */
  publishersAsked(): Promise<Answer<number>>;
}

/**
 * The media of one member, in whichever processes it runs: this one, or its workers. What is at hand is read at once; the
 * rest is asked for. Nothing here rejects but `start`, `configure` and `resumeRtmp`.
 */
export interface MediaPlane {
  readonly ask: MediaQuestions;
  /** Opens the listeners; resolves when all workers take connections. Rejects with `ListenError`; then nothing is left open. */
  start(): Promise<void>;
  /** Closes listeners and sessions, releases all claims, ends all workers. */
  stop(): Promise<void>;
  readonly ports: MediaPorts;
  /** Why not all of it takes connections, as a sentence; null where it does. */
  readonly waitingFor: string | null;
  /**
   * Refuses publishers from now on; those who are there stay. `forwards`: those who come are forwarded to another origin, and
   * `closePublishers('others')` hands over those who are there.
   */
  refusePublishers(forwards: boolean): void;
  /** Asks those who can to go to another member. They stay until they do, or are closed. */
  askPublishersToReconnect(): void;
  /**
   * Closes publishers and releases their claims, and ends what is passed on to other members. Players stay. `others`: those
   * who were asked to reconnect are closed at their next keyframe.
   */
  closePublishers(which: 'all' | 'others'): void;
  /** Takes publishers again, and leaves those alone who are here still: a drain was cancelled. */
  acceptPublishers(): void;
  /**
   * Other settings from now on, `config` being what they are of. Rejects with `CertificateError` where media runs in this
   * process, and then nothing changes; workers keep what they have where they cannot use them, and say so in the log.
   */
  configure(settings: MediaSettings, config: OriginConfig, secrets: ReadSecrets): Promise<void>;
  /** Takes no new connections by RTMP and RTMPS; those that there are stay. */
  pauseRtmp(): void;
  /** Takes them again. Rejects with `ListenError` where another process has the port by now. */
  resumeRtmp(): Promise<void>;
  /** Called for each event of media on this member, of whichever worker. Returns how to stop being called. */
  onEvent(listener: MediaEventListener): () => void;
  /** Of the log of its workers, where it has any. */
  setLogLevel(level: string): void;
  told(): MediaTold;
  /** Empty where media runs in this process. */
  workers(): readonly WorkerView[];
  /** What was done since the start, by workers that ended too, and is held now; as told last. Totals never go down. */
  figures(): MediaFigures;
}
