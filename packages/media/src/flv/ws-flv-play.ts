import { randomUUID } from 'node:crypto';
import { type MediaInfo, type PlayMark, type StreamKey, streamKey } from '@headwater/directory';
import type { WebSocket } from 'ws';
import type { PlayRefusal, PlaySession } from '../play/play-session.js';
import type { PlayerEnd } from '../stream/player.js';
import { flvHeader } from './flv-header.js';
import type { FlvTarget } from './flv-target.js';
import { closeWebSocket } from './ws-close.js';

/** WebSocket close codes: 4000 to 4999 are the application's; 1001 is "going away". */
const REFUSAL_CLOSE: Readonly<Record<PlayRefusal, number>> = {
  'stream-not-found': 4404,
  'relay-of-unowned': 4404,
  stopping: 1001,
};

/** One play over WebSocket: binary messages, the FLV header first, then whole tags. */
export class WsFlvPlay implements PlaySession {
  readonly id = randomUUID();
  readonly protocol = 'ws-flv';
  readonly format = 'flv';
  readonly followsRedirect = false;
  readonly canRedirectNow = false;
  readonly forgetsMark = false;
  readonly sinceMs = Date.now();
  readonly key: StreamKey;
  readonly mark: PlayMark;
  readonly reachedBy?: string;
  readonly remote: string;
  readonly agent: string;
  readonly #socket: WebSocket;
  #bytesOut = 0;
  #isOver = false;

  constructor(
    socket: WebSocket,
    target: FlvTarget,
    client: { readonly remote: string; readonly agent: string },
  ) {
    this.#socket = socket;
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
    return this.#socket.bufferedAmount;
  }

  begin(media: MediaInfo): void {
    this.write(flvHeader(media));
  }

  write(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#bytesOut += bytes.length;
    this.#socket.send(bytes, SEND_BINARY, IGNORE_ERROR);
  }

  wait(): void {}

  /** The desk never redirects a WebSocket: `canRedirectNow` is false. */
  redirect(): void {
    this.refuse('stream-not-found', 'the stream is on another member');
  }

  refuse(code: PlayRefusal, text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    closeWebSocket(this.#socket, REFUSAL_CLOSE[code], text);
  }

  end(reason: PlayerEnd): void {
    if (reason === 'stuck') {
      this.#isOver = true;
      this.#socket.terminate();
    } else {
      this.refuse('stopping', 'this member is stopping; play from another one');
    }
  }

  /** The connection is gone. */
  close(): void {
    this.#isOver = true;
  }
}

const SEND_BINARY = { binary: true, compress: false } as const;
/** A failed send is followed by `close`, which is heard. */
const IGNORE_ERROR = (): void => {};
