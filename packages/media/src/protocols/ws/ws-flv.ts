import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Asker } from '../../arrival/client.js';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { PublishEnd, PublishRefusal } from '../../desks/publish/publish-session.js';
import type { Fence } from '../../fence.js';
import type { MediaLog, MediaOptions } from '../../media-host.js';
import { FlvError } from '../../wire/nms/flv.js';
import { FlvPublish } from '../http/flv-publish.js';
import type { FlvTarget } from '../http/flv-target.js';
import { closeWebSocket } from './ws-close.js';
import { WsFlvPlay } from './ws-flv-play.js';

interface Parts {
  readonly options: MediaOptions;
  readonly plays: PlayDesk;
  readonly publishes: PublishDesk;
  readonly log: MediaLog;
  readonly fence: Fence;
}

/** One request to become a WebSocket. */
export interface WsUpgrade {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly target: FlvTarget;
  readonly client: Asker;
}

/** Subprotocols that mean a publisher, as in node-media-server. */
const PUBLISHER_PROTOCOLS = new Set(['publisher', 'post']);
/** A player has nothing to say. */
const PLAYER_MESSAGE_BYTES_MAX = 4096;
/** Several tags may come in one message; this much beside the largest tag. */
const MESSAGE_BYTES_EXTRA = 65_536;
/** RFC 6455, 7.4.1: unacceptable data, policy, going away; 4000 to 4999 are the application's. */
const CLOSE = { unsupported: 1003, badData: 1007, idle: 4408, goingAway: 1001 } as const;
const REFUSAL_CLOSE: Readonly<Record<PublishRefusal, number>> = {
  'already-published': 4409,
  'owned-elsewhere': 4409,
  contended: 4409,
  'not-an-origin': 4403,
  'identity-disputed': 4503,
  'publish-rate': 4429,
  stopping: CLOSE.goingAway,
};
const END_CLOSE: Readonly<Record<PublishEnd, number>> = {
  idle: CLOSE.idle,
  stopping: CLOSE.goingAway,
  'owned-elsewhere': 4409,
  'already-published': 4409,
  'taken-over': 4409,
  kicked: 4403,
};

/** WebSocket-FLV: playing, and publishing by subprotocol `publisher` or `post`. */
export class WsFlv {
  readonly #parts: Parts;
  readonly #players: WebSocketServer;
  readonly #publishers: WebSocketServer;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#players = makeServer(PLAYER_MESSAGE_BYTES_MAX);
    this.#publishers = makeServer(parts.options.limits.messageBytesMax + MESSAGE_BYTES_EXTRA);
  }

  upgrade({ req, socket, head, target, client }: WsUpgrade): void {
    const isPublisher = offered(req).some((protocol) => PUBLISHER_PROTOCOLS.has(protocol.toLowerCase()));
    const server = isPublisher ? this.#publishers : this.#players;
    server.handleUpgrade(req, socket, head, (webSocket) => {
      // `close` follows each error.
      webSocket.on('error', (error) => {
        this.#parts.log.info(
          { client: client.remote, protocol: 'ws-flv', reason: error.message },
          'websocket failed',
        );
      });
      if (isPublisher) this.#publish(webSocket, target, client);
      else this.#play(webSocket, socket, target, client);
    });
  }

  #play(socket: WebSocket, stream: Duplex, target: FlvTarget, client: WsUpgrade['client']): void {
    const { plays, fence } = this.#parts;
    const play = new WsFlvPlay(socket, stream, target, client, fence);
    const leave = (): void => {
      play.close();
      plays.leave(play);
    };
    socket.on('close', () => fence.run(play, leave, () => socket.terminate()));
    plays.play(play);
  }

  #publish(socket: WebSocket, target: FlvTarget, client: WsUpgrade['client']): void {
    const { options, publishes, log, fence } = this.#parts;
    const publish = new FlvPublish({
      protocol: 'ws-flv',
      target,
      client,
      messageBytesMax: options.limits.messageBytesMax,
      hangUp: (reason) => {
        closeWebSocket(socket, END_CLOSE[reason], `the publish was ended: ${reason}`);
      },
      fault: (error) => fence.caught(publish, error, () => socket.terminate()),
    });
    const guarded = (handler: () => void): void =>
      fence.run(publish, handler, () => {
        socket.terminate();
      });
    const fail = (code: number, reason: string, text: string) => {
      guarded(() => publish.finish());
      log.warn(
        { key: publish.key, client: client.remote, protocol: 'ws-flv', reason, text },
        'publisher broke the protocol',
      );
      closeWebSocket(socket, code, `${reason}: ${text}`);
    };
    socket.on('close', () => guarded(() => publish.finish()));
    const refusal = publish.begin(publishes);
    if (refusal !== null) {
      closeWebSocket(socket, REFUSAL_CLOSE[refusal.code], refusal.text);
      return;
    }
    socket.on('message', (bytes, isBinary) => {
      if (socket.readyState !== socket.OPEN) return;
      if (!isBinary || !Buffer.isBuffer(bytes))
        return fail(CLOSE.unsupported, 'text-message', 'FLV comes in binary messages');
      try {
        publish.read(bytes);
      } catch (error) {
        if (error instanceof FlvError) fail(CLOSE.badData, error.code, error.message);
        else publish.fault(error);
      }
    });
  }
}

function makeServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    clientTracking: false,
    // Browsers want one of what they offered.
    handleProtocols: (protocols) =>
      [...protocols].find((protocol) => PUBLISHER_PROTOCOLS.has(protocol.toLowerCase())) ??
      [...protocols][0] ??
      false,
  });
}

function offered(req: IncomingMessage): string[] {
  return (req.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
}
