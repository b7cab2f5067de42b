import type { ServerResponse } from 'node:http';
import type { MediaAddress } from '@headwater/directory';
import type { Asker } from '../../arrival/client.js';
import type { PlayRefusal, PlaySession } from '../../desks/play/play-session.js';
import type { Fence } from '../../fence.js';
import type { PlayerEnd } from '../../stream/player.js';
import { flvHeader, type Tracks } from '../../wire/flv/flv-header.js';
import { FlvPlay } from '../flv-play.js';
import { SocketWriter } from '../socket-writer.js';
import { type FlvTarget, redirectLocation } from './flv-target.js';
import { answerText, endByFault, FLV_HEADERS } from './http-answer.js';

const REFUSAL_STATUS: Readonly<Record<PlayRefusal, number>> = {
  'stream-not-found': 404,
  'relay-of-unowned': 404,
  'owner-unreachable': 503,
  stopping: 503,
  full: 503,
  kicked: 403,
};

/** One GET of a stream. Its answer is held back until there is media, or it is known that there will be none. */
export class HttpFlvPlay extends FlvPlay implements PlaySession {
  readonly protocol = 'http-flv';
  readonly format = 'flv';
  readonly followsRedirect = true;
  readonly #target: FlvTarget;
  readonly #res: ServerResponse;
  readonly #fence: Fence;
  readonly #mayRedirect: boolean;

  constructor(res: ServerResponse, target: FlvTarget, client: Asker, fence: Fence, mayRedirect = true) {
    super(res.req.socket, target, client);
    this.#mayRedirect = mayRedirect;
    this.#res = res;
    this.#target = target;
    this.#fence = fence;
  }

  get canRedirectNow(): boolean {
    return this.#mayRedirect && !this.#res.headersSent;
  }

  begin(tracks: Tracks): void {
    if (this.isOver || this.#res.headersSent) return;
    // No length and no chunks: the stream ends with the connection, so each write is nothing but shared bytes.
    this.#res.removeHeader('Transfer-Encoding');
    this.#res.writeHead(200, { ...FLV_HEADERS, Connection: 'close' });
    this.#res.flushHeaders();
    // Past the response, which holds each write back for a tick. It has no socket while one before it is unfinished.
    this.writer = new SocketWriter(this.#res.socket ?? this.#res, (error) => this.fault(error));
    this.writer.send(flvHeader(tracks));
    this.writer.carry(this.queue);
  }

  redirect(address: MediaAddress): void {
    if (this.isOver) return;
    this.isOver = true;
    answerRedirect(this.#res, this.#target, address, this.isSecure, this.id);
  }

  refuse(code: PlayRefusal, text: string): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.writer === null) answerText(this.#res, REFUSAL_STATUS[code], text);
    else this.#finish(this.writer);
  }

  end(reason: PlayerEnd): void {
    if (this.isOver) return;
    if (reason === 'stopping') {
      this.refuse('stopping', 'this member is stopping; play from another one');
      return;
    }
    this.isOver = true;
    if (reason === 'tracks-changed' && this.writer !== null) this.#finish(this.writer);
    else this.#res.req.socket.destroy();
  }

  /** The guard takes back what it allowed. */
  revoke(): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.writer === null) this.#res.req.socket.destroy();
    else this.#finish(this.writer);
  }

  fault(error: unknown): void {
    this.isOver = true;
    this.#fence.caught(this, error, () => endByFault(this.#res));
  }

  /** A response without a length ends cleanly with the connection, once all that waits is sent. */
  #finish(writer: SocketWriter): void {
    writer.finish(
      () => this.#res.end(),
      () => this.#res.req.socket.destroy(),
    );
  }
}

/** 302 to the same stream at another member. */
export function answerRedirect(
  res: ServerResponse,
  target: FlvTarget,
  address: MediaAddress,
  isSecure: boolean,
  via?: string,
): void {
  const location = redirectLocation(target, address, isSecure, via);
  answerText(res, 302, `the stream is at ${location}`, { Location: location });
}
