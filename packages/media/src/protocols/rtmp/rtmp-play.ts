import { randomUUID } from 'node:crypto';
import { type MediaAddress, type PlayMark, type StreamKey, streamKey } from '@headwater/directory';
import { readReplayMs } from '../../desks/play/play-mark.js';
import type { PlayRefusal, PlaySession } from '../../desks/play/play-session.js';
import { MEDIA_STREAM_ID } from '../../stream/packet.js';
import type { PlayerEnd } from '../../stream/player.js';
import * as answers from './answers.js';
import type { ConnectCommand } from './connect-command.js';
import type { RtmpConnection } from './rtmp-connection.js';
import { redirectUrls, type StreamTarget } from './stream-target.js';

const REFUSAL_CODES: Readonly<Record<PlayRefusal, string>> = {
  'stream-not-found': 'NetStream.Play.StreamNotFound',
  'relay-of-unowned': 'NetStream.Play.StreamNotFound',
  stopping: 'NetStream.Play.Failed',
};

/** The same for every play. */
const STREAM_BEGIN = answers.streamBegin(MEDIA_STREAM_ID);
const SAMPLE_ACCESS = answers.sampleAccess(MEDIA_STREAM_ID);

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
  readonly #connection: RtmpConnection;
  readonly #target: StreamTarget;
  readonly #isSrsEdge: boolean;
  /** What the connection had sent before this play. */
  readonly #bytesBefore: number;
  #isAnswered = false;
  #isOver = false;

  constructor(connection: RtmpConnection, connect: ConnectCommand, target: StreamTarget) {
    this.#connection = connection;
    this.#target = target;
    this.#isSrsEdge = connect.isSrsEdge;
    this.#bytesBefore = connection.bytesOut;
    this.key = streamKey(target.name);
    this.mark = target.mark;
    this.replayMs = target.mark === 'relay' ? readReplayMs(target.query) : 0;
    this.remote = connection.remote;
    this.agent = connect.agent;
    this.followsRedirect = connect.isSrsEdge;
    if (connect.target.host !== undefined) this.reachedBy = connect.target.host;
  }

  get bytesOut(): number {
    return this.#connection.bytesOut - this.#bytesBefore;
  }

  get queuedBytes(): number {
    return this.#connection.queuedBytes;
  }

  begin(): void {
    this.answer();
  }

  wait(): void {
    this.answer();
  }

  write(bytes: Buffer): void {
    if (!this.#isOver) this.#connection.write(bytes);
  }

  /** One write for all of it, so that the edge wakes up once. */
  redirect(address: MediaAddress): void {
    if (this.#isOver) return;
    const beginning = this.#beginning();
    this.#isOver = true;
    const { tcUrl, url } = redirectUrls(address, this.#target, this.#isSrsEdge);
    this.#connection.end('redirected', url, ...beginning, answers.redirect302(tcUrl, url));
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

  /** The play ended by the client's own command; the connection may go on. */
  close(): void {
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
    const status = (code: string, text: string): Buffer =>
      answers.onStatus(MEDIA_STREAM_ID, 'status', code, text, { details: stream });
    return [
      STREAM_BEGIN,
      status('NetStream.Play.Reset', 'Playing and resetting stream.'),
      status('NetStream.Play.Start', `Started playing ${app}/${stream}.`),
      SAMPLE_ACCESS,
    ];
  }
}
