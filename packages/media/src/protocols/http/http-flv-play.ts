import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  type MediaAddress,
  type MediaInfo,
  type PlayMark,
  type StreamKey,
  streamKey,
} from '@headwater/directory';
import type { PlayRefusal, PlaySession } from '../../desks/play/play-session.js';
import type { PlayerEnd } from '../../stream/player.js';
import { flvHeader } from '../../wire/flv/flv-header.js';
import { type FlvTarget, redirectLocation } from './flv-target.js';
import { answerText, FLV_HEADERS } from './http-answer.js';

const REFUSAL_STATUS: Readonly<Record<PlayRefusal, number>> = {
  'stream-not-found': 404,
  'relay-of-unowned': 404,
  stopping: 503,
};

/** One GET of a stream. Its answer is held back until there is media, or it is known that there will be none. */
export class HttpFlvPlay implements PlaySession {
  readonly id = randomUUID();
  readonly protocol = 'http-flv';
  readonly format = 'flv';
  readonly followsRedirect = true;
  /** The mark travels in the redirect's query. */
  readonly forgetsMark = false;
  readonly sinceMs = Date.now();
  readonly key: StreamKey;
  readonly mark: PlayMark;
  readonly reachedBy?: string;
  readonly remote: string;
  readonly agent: string;
  readonly #target: FlvTarget;
  readonly #res: ServerResponse;
  #socket: Socket | null = null;
  #bytesOut = 0;
  #isOver = false;

  constructor(
    res: ServerResponse,
    target: FlvTarget,
    client: { readonly remote: string; readonly agent: string },
  ) {
    this.#res = res;
    this.#target = target;
    this.key = streamKey(target.name);
    this.mark = target.mark;
    this.remote = client.remote;
    this.agent = client.agent;
    if (target.reachedBy !== undefined) this.reachedBy = target.reachedBy;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  get queuedBytes(): number {
    return this.#socket?.writableLength ?? this.#res.writableLength;
  }

  get canRedirectNow(): boolean {
    return !this.#res.headersSent;
  }

  begin(media: MediaInfo): void {
    if (this.#isOver || this.#res.headersSent) return;
    // No length and no chunks: the stream ends with the connection, so each write is nothing but shared bytes.
    this.#res.removeHeader('Transfer-Encoding');
    this.#res.writeHead(200, { ...FLV_HEADERS, Connection: 'close' });
    this.#res.flushHeaders();
    // Past the response, which holds each write back for a tick. It has no socket while one before it is unfinished.
    this.#socket = this.#res.socket;
    this.write(flvHeader(media));
  }

  write(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#bytesOut += bytes.length;
    if (this.#socket === null) this.#res.write(bytes);
    else if (this.#socket.writable) this.#socket.write(bytes);
  }

  wait(): void {}

  redirect(address: MediaAddress): void {
    if (this.#isOver) return;
    this.#isOver = true;
    answerRedirect(this.#res, this.#target, address);
  }

  refuse(code: PlayRefusal, text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#res.headersSent) this.#res.end();
    else answerText(this.#res, REFUSAL_STATUS[code], text);
  }

  end(reason: PlayerEnd): void {
    if (reason === 'stuck') {
      this.#isOver = true;
      this.#res.req.socket.destroy();
    } else {
      this.refuse('stopping', 'this member is stopping; play from another one');
    }
  }

  /** The connection is gone. */
  close(): void {
    this.#isOver = true;
  }
}

/** 302 to the same stream at another member. */
export function answerRedirect(res: ServerResponse, target: FlvTarget, address: MediaAddress): void {
  const location = redirectLocation(target, address);
  answerText(res, 302, `the stream is at ${location}`, { Location: location });
}
