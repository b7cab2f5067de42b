import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Asker } from '../../arrival/client.js';
import type { PlayRefusal, PlaySession } from '../../desks/play/play-session.js';
import type { Fence } from '../../fence.js';
import type { PlayerEnd } from '../../stream/player.js';
import { flvHeader, type Tracks } from '../../wire/flv/flv-header.js';
import { wsMessage } from '../../wire/flv/ws-frame.js';
import { FlvPlay } from '../flv-play.js';
import type { FlvTarget } from '../http/flv-target.js';
import { SocketWriter } from '../socket-writer.js';
import { closeWebSocket } from './ws-close.js';

/** WebSocket close codes: 4000 to 4999 are the application's; 1001 is "going away", 1013 "try again later". */
const REFUSAL_CLOSE: Readonly<Record<PlayRefusal, number>> = {
  'stream-not-found': 4404,
  'relay-of-unowned': 4404,
  'owner-unreachable': 4503,
  stopping: 1001,
  full: 1013,
  kicked: 4403,
};
/** As the guard's refusals: 4000 and HTTP's status. */
const REVOKED_CLOSE = 4403;
/** RFC 6455's registry: "service restart", to be tried again at once. */
const TRACKS_CHANGED_CLOSE = 1012;

/**
 * One play over WebSocket: binary messages, the FLV header first, then whole tags. What comes here is framed already,
 * once for all players, so it goes past `ws`, straight into the stream under it.
 */
export class WsFlvPlay extends FlvPlay implements PlaySession {
  readonly protocol = 'ws-flv';
  readonly format = 'ws-flv';
  readonly followsRedirect = false;
  readonly canRedirectNow = false;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #fence: Fence;

  constructor(socket: WebSocket, stream: Duplex, target: FlvTarget, client: Asker, fence: Fence) {
    super(stream, target, client);
    this.#socket = socket;
    this.#stream = stream;
    this.#fence = fence;
  }

  begin(tracks: Tracks): void {
    if (this.isOver) return;
    this.writer = new SocketWriter(this.#stream, (error) => this.fault(error));
    this.writer.send(wsMessage(flvHeader(tracks)));
    this.writer.carry(this.queue);
  }

  /** The desk never redirects a WebSocket: `canRedirectNow` is false. */
  redirect(): void {
    this.refuse('stream-not-found', 'the stream is on another member');
  }

  refuse(code: PlayRefusal, text: string): void {
    this.#closeWith(REFUSAL_CLOSE[code], text);
  }

  end(reason: PlayerEnd): void {
    switch (reason) {
      case 'stuck':
        this.isOver = true;
        this.#socket.terminate();
        return;
      case 'tracks-changed':
        this.#closeWith(TRACKS_CHANGED_CLOSE, 'the tracks of the stream have changed; play it again');
        return;
      case 'stopping':
        this.refuse('stopping', 'this member is stopping; play from another one');
    }
  }

  /** The guard takes back what it allowed. */
  revoke(text: string): void {
    this.#closeWith(REVOKED_CLOSE, text);
  }

  fault(error: unknown): void {
    this.isOver = true;
    this.#fence.caught(this, error, () => this.#socket.terminate());
  }

  /** Closes once all that waits is sent. */
  #closeWith(code: number, text: string): void {
    if (this.isOver) return;
    this.isOver = true;
    const close = () => closeWebSocket(this.#socket, code, text);
    if (this.writer === null) close();
    else this.writer.finish(close, () => this.#socket.terminate());
  }
}
