import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type MediaInfo, type PlayMark, type StreamKey, streamKey } from '@headwater/directory';
import type { WebSocket } from 'ws';
import type { PlayRefusal, PlaySession } from '../../desks/play/play-session.js';
import type { PlayerEnd } from '../../stream/player.js';
import { flvHeader } from '../../wire/flv/flv-header.js';
import { wsFrameHeader } from '../../wire/flv/ws-frame.js';
import type { FlvTarget } from '../http/flv-target.js';
import { closeWebSocket } from './ws-close.js';

/** WebSocket close codes: 4000 to 4999 are the application's; 1001 is "going away". */
const REFUSAL_CLOSE: Readonly<Record<PlayRefusal, number>> = {
  'stream-not-found': 4404,
  'relay-of-unowned': 4404,
  stopping: 1001,
};

/**
 * One play over WebSocket: binary messages, the FLV header first, then whole tags. What comes here is framed already,
 * once for all players, so it goes past `ws`, straight into the stream under it.
 */
export class WsFlvPlay implements PlaySession {
  readonly id = randomUUID();
  readonly protocol = 'ws-flv';
  readonly format = 'ws-flv';
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
  readonly #stream: Duplex;
  #bytesOut = 0;
  #isOver = false;

  constructor(
    socket: WebSocket,
    stream: Duplex,
    target: FlvTarget,
    client: { readonly remote: string; readonly agent: string },
  ) {
    this.#socket = socket;
    this.#stream = stream;
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
    return this.#stream.writableLength;
  }

  begin(media: MediaInfo): void {
    const header = flvHeader(media);
    this.write(Buffer.concat([wsFrameHeader(header.length), header]));
  }

  write(bytes: Buffer): void {
    if (this.#isOver || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#bytesOut += bytes.length;
    this.#stream.write(bytes);
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
