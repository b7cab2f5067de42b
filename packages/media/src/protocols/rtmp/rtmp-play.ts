import { randomUUID } from 'node:crypto';
import {
  type MediaAddress,
  type MemberId,
  type PlayMark,
  type StreamKey,
  streamKey,
} from '@headwater/directory';
import { readRelayOf, readReplayMs, readVia } from '../../desks/play/play-mark.js';
import type { PlayRefusal, PlaySession } from '../../desks/play/play-session.js';
import type { PlayerEnd, TrackWants } from '../../stream/player.js';
import type { PlayerQueue } from '../../stream/player-queue.js';
import * as answers from './answers.js';
import type { RtmpConnection } from './rtmp-connection.js';
import type { RtmpPlace } from './rtmp-place.js';
import { redirectUrls, type StreamTarget } from './stream-target.js';

const REFUSAL_CODES: Readonly<Record<PlayRefusal, string>> = {
  'stream-not-found': 'NetStream.Play.StreamNotFound',
  'relay-of-unowned': 'NetStream.Play.StreamNotFound',
  'owner-unreachable': 'NetStream.Play.Failed',
  stopping: 'NetStream.Play.Failed',
  full: 'NetStream.Play.Failed',
  kicked: 'NetStream.Play.Failed',
};

/** One `play` of an RTMP client. */
export class RtmpPlay implements PlaySession {
  readonly protocol = 'rtmp';
  readonly format = 'rtmp';
  readonly key: StreamKey;
  readonly mark: PlayMark;
  readonly remote: string;
  readonly agent: string;
  readonly sinceMs = Date.now();
  readonly followsRedirect: boolean;
  readonly isSecure: boolean;
  readonly forgetsMark = true;
  readonly reachedBy?: string;
  readonly relayOf?: MemberId;
  readonly via?: string;
  readonly replayMs: number;
  readonly messageStreamId: number;
  readonly #place: RtmpPlace;
  readonly #connection: RtmpConnection;
  readonly #target: StreamTarget;
  readonly #isSrsEdge: boolean;
  readonly #mayRedirect: boolean;
  #id: string | null = null;
  #queue: PlayerQueue | null = null;
  #isAnswered = false;
  #isPaused = false;
  #isOver = false;

  /** `mayRedirect`: absent, it may. */
  constructor(place: RtmpPlace, target: StreamTarget, mayRedirect = true) {
    const { connection, connect, stream } = place;
    this.#place = place;
    this.#connection = connection;
    this.messageStreamId = stream.id;
    this.#target = target;
    this.#isSrsEdge = connect.isSrsEdge;
    this.#mayRedirect = mayRedirect;
    this.key = streamKey(target.name);
    this.mark = target.mark;
    this.replayMs = target.mark === 'relay' ? readReplayMs(target.query) : 0;
    const relayOf = target.mark === 'relay' ? readRelayOf(target.query) : undefined;
    if (relayOf !== undefined) this.relayOf = relayOf;
    const via = target.mark === 'none' ? undefined : readVia(target.query);
    if (via !== undefined) this.via = via;
    this.remote = connection.remote;
    this.agent = connect.agent;
    this.followsRedirect = connect.isSrsEdge;
    this.isSecure = connection.isSecure || connect.target.isSecure;
    if (connect.target.host !== undefined) this.reachedBy = connect.target.host;
  }

  /** Made when somebody asks: an edge that is redirected has its answer by then. */
  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  /** Likewise: who is redirected gets no media. */
  get queue(): PlayerQueue {
    this.#queue ??= this.#connection.openQueue();
    return this.#queue;
  }

  /** Edges read commands between media; the 302 may come at any time. It is about the whole connection. */
  get canRedirectNow(): boolean {
    return this.#mayRedirect && this.#place.isAlone();
  }

  /** By `pause`, `receiveAudio` and `receiveVideo`. */
  get wants(): TrackWants {
    const { takesAudio, takesVideo } = this.#place.stream;
    if (this.#isPaused || !(takesAudio || takesVideo)) return 'nothing';
    if (takesAudio && takesVideo) return 'all';
    return takesAudio ? 'audio' : 'video';
  }

  begin(): void {
    this.answer();
  }

  wait(): void {
    this.answer();
  }

  /** One write for all of it, so that the edge wakes up once. */
  redirect(address: MediaAddress): void {
    if (this.#isOver) return;
    const beginning = this.#beginning();
    this.#isOver = true;
    const { tcUrl, url } = redirectUrls(address, this.#target, {
      isSrsEdge: this.#isSrsEdge,
      isSecure: this.isSecure,
      connectQuery: this.#place.connect.target.query,
      ...(this.#isSrsEdge ? {} : { via: this.id }),
    });
    // The query goes to the client alone: it may be a token.
    const [told = ''] = url.split('?', 1);
    this.#place.leave('redirected', told, ...beginning, answers.redirect302(tcUrl, url));
  }

  refuse(code: PlayRefusal, text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#place.leave(code, text, answers.onStatus(this.messageStreamId, 'error', REFUSAL_CODES[code], text));
  }

  end(reason: PlayerEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Who is stuck reads no last words.
    if (reason === 'stuck') this.#connection.destroy(reason, 'the player takes nothing any more');
    else this.#place.leave(reason, 'this member is stopping');
  }

  fault(error: unknown): void {
    this.#isOver = true;
    this.#connection.fault(error);
  }

  /** The play ended by the client's own command, and the connection may go on; or the client is gone. */
  close(): void {
    this.#queue?.close();
    if (!this.#isOver) this.#queue?.clear();
    this.#isOver = true;
  }

  /** Says that the play begins, once. */
  answer(): void {
    if (this.#isOver) return;
    const beginning = this.#beginning();
    if (beginning.length > 0) this.#connection.send(...beginning);
  }

  /** What SRS says at the beginning of every play, also of one that it redirects; nothing where it was said. */
  #beginning(): readonly Buffer[] {
    if (this.#isAnswered) return [];
    this.#isAnswered = true;
    const { app, stream } = this.#target.name;
    return [
      answers.streamBegin(this.messageStreamId),
      this.#status('NetStream.Play.Reset', 'Playing and resetting stream.'),
      this.#status('NetStream.Play.Start', `Started playing ${app}/${stream}.`),
      answers.sampleAccess(this.messageStreamId),
    ];
  }

  /** RTMP 1.0, 7.2.2.8; the order is SRS's. A live stream goes on from where it is when the pause ends. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#connection.send(
      ...(isPaused
        ? [this.#status('NetStream.Pause.Notify', 'Paused.'), answers.streamEof(this.messageStreamId)]
        : [this.#status('NetStream.Unpause.Notify', 'Unpaused.'), answers.streamBegin(this.messageStreamId)]),
    );
  }

  /**
   * A live stream has one place, and the client is there already. Said as a success, since ffmpeg and all players that
   * are made of it take an error for the end of the stream (RTMP 1.0, 7.2.2.7).
   */
  seek(): void {
    this.#connection.send(this.#status('NetStream.Seek.Notify', 'The stream is live: it goes on from now.'));
  }

  /** RTMP 1.0, 7.2.2.4 and 7.2.2.5: a track is wanted again. */
  answerTrack(): void {
    const { app, stream } = this.#target.name;
    this.#connection.send(
      this.#status('NetStream.Seek.Notify', 'The stream is live: it goes on from now.'),
      this.#status('NetStream.Play.Start', `Started playing ${app}/${stream}.`),
    );
  }

  #status(code: string, description: string): Buffer {
    const about = { details: this.#target.name.stream };
    return answers.onStatus(this.messageStreamId, 'status', code, description, about);
  }
}
