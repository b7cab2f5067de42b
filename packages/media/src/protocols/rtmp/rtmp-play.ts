import { randomUUID } from 'node:crypto';
import { type MediaAddress, type PlayMark, type StreamKey, streamKey } from '@headwater/directory';
import { readReplayMs } from '../../desks/play/play-mark.js';
import type { PlayRefusal, PlaySession } from '../../desks/play/play-session.js';
import { MEDIA_STREAM_ID } from '../../stream/packet.js';
import type { PlayerEnd } from '../../stream/player.js';
import type { PlayerQueue } from '../../stream/player-queue.js';
import * as answers from './answers.js';
import type { ConnectCommand } from './connect-command.js';
import type { RtmpConnection } from './rtmp-connection.js';
import { redirectUrls, type StreamTarget } from './stream-target.js';

const REFUSAL_CODES: Readonly<Record<PlayRefusal, string>> = {
  'stream-not-found': 'NetStream.Play.StreamNotFound',
  'relay-of-unowned': 'NetStream.Play.StreamNotFound',
  stopping: 'NetStream.Play.Failed',
};

/** One `play` of an RTMP client. */
export class RtmpPlay implements PlaySession {
  readonly id = randomUUID();
  readonly protocol = 'rtmp';
  readonly format = 'rtmp';
  readonly key: StreamKey;
  readonly mark: PlayMark;
  readonly remote: string;
  readonly agent: string;
  readonly sinceMs = Date.now();
  readonly followsRedirect: boolean;
  /** Edges read commands between media; the 302 may come at any time. */
  readonly canRedirectNow = true;
  readonly forgetsMark = true;
  readonly reachedBy?: string;
  readonly replayMs: number;
  readonly queue: PlayerQueue;
  readonly #connection: RtmpConnection;
  readonly #target: StreamTarget;
  readonly #isSrsEdge: boolean;
  #isAnswered = false;
  #isOver = false;

  constructor(connection: RtmpConnection, connect: ConnectCommand, target: StreamTarget) {
    this.#connection = connection;
    this.#target = target;
    this.#isSrsEdge = connect.isSrsEdge;
    this.queue = connection.openQueue();
    this.key = streamKey(target.name);
    this.mark = target.mark;
    this.replayMs = target.mark === 'relay' ? readReplayMs(target.query) : 0;
    this.remote = connection.remote;
    this.agent = connect.agent;
    this.followsRedirect = connect.isSrsEdge;
    if (connect.target.host !== undefined) this.reachedBy = connect.target.host;
  }

  begin(): void {
    this.answer();
  }

  wait(): void {
    this.answer();
  }

  redirect(address: MediaAddress): void {
    if (this.#isOver) return;
    this.answer();
    this.#isOver = true;
    const { tcUrl, url } = redirectUrls(address, this.#target, this.#isSrsEdge);
    this.#connection.end('redirected', url, answers.redirect302(tcUrl, url));
  }

  refuse(code: PlayRefusal, text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.end(code, text, answers.onStatus(MEDIA_STREAM_ID, 'error', REFUSAL_CODES[code], text));
  }

  end(reason: PlayerEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Who is stuck reads no last words.
    if (reason === 'stuck') this.#connection.destroy(reason, 'the player takes nothing any more');
    else this.#connection.end(reason, 'this member is stopping');
  }

  /** The play ended by the client's own command, and the connection may go on; or the client is gone. */
  close(): void {
    this.queue.close();
    if (!this.#isOver) this.queue.clear();
    this.#isOver = true;
  }

  /** Says that the play begins, once: as SRS does for every play, also one that it redirects. */
  answer(): void {
    if (this.#isAnswered || this.#isOver) return;
    this.#isAnswered = true;
    const { app, stream } = this.#target.name;
    const about = { details: stream };
    this.#connection.send(
      answers.streamBegin(MEDIA_STREAM_ID),
      answers.onStatus(
        MEDIA_STREAM_ID,
        'status',
        'NetStream.Play.Reset',
        'Playing and resetting stream.',
        about,
      ),
      answers.onStatus(
        MEDIA_STREAM_ID,
        'status',
        'NetStream.Play.Start',
        `Started playing ${app}/${stream}.`,
        about,
      ),
      answers.sampleAccess(MEDIA_STREAM_ID),
    );
  }
}
