import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from '@headwater/guard';
import { type WebSocket, WebSocketServer } from 'ws';
import type { PublishEnd, PublishRefusal } from '../../desks/publish/publish-session.js';
import type { Fence } from '../../fence.js';
import { FlvError } from '../../wire/nms/flv.js';
import { Admission } from '../admission.js';
import { believePull } from '../believe-pull.js';
import type { FlvClient } from '../http/flv-client.js';
import type { FlvParts } from '../http/flv-parts.js';
import { FlvPublish } from '../http/flv-publish.js';
import type { FlvTarget } from '../http/flv-target.js';
import { closeWebSocket } from './ws-close.js';
import { WsFlvPlay } from './ws-flv-play.js';

/** One request to become a WebSocket. */
export interface WsUpgrade {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly target: FlvTarget;
  readonly client: FlvClient;
  /** A page of a stranger sends it, which may not publish. */
  readonly isForeignPage: boolean;
}

/** Subprotocols that mean a publisher, as in node-media-server. */
const PUBLISHER_PROTOCOLS = new Set(['publisher', 'post']);
/** A player has nothing to say. */
const PLAYER_MESSAGE_BYTES_MAX = 4096;
/** Several tags may come in one message; this much beside the largest tag. */
const MESSAGE_BYTES_EXTRA = 65_536;
/** RFC 6455, 7.4.1: unacceptable data, policy, going away; 4000 to 4999 are the application's. */
const CLOSE = { unsupported: 1003, badData: 1007, idle: 4408, goingAway: 1001 } as const;
const GUARD_CLOSE_BASE = 4000;
const REVOKED_CLOSE = 4403;
const REFUSAL_CLOSE: Readonly<Record<PublishRefusal, number>> = {
  'already-published': 4409,
  'owned-elsewhere': 4409,
  contended: 4409,
  'not-an-origin': 4403,
  'identity-disputed': 4503,
  'publish-rate': 4429,
  'no-origin': 4503,
  'origin-refused': 4403,
  stopping: CLOSE.goingAway,
};
const END_CLOSE: Readonly<Record<PublishEnd, number>> = {
  reconnecting: 1012,
  idle: CLOSE.idle,
  stopping: CLOSE.goingAway,
  'owned-elsewhere': 4409,
  'already-published': 4409,
  'taken-over': 4409,
  'no-origin': 4503,
  kicked: 4403,
};

/** WebSocket-FLV: playing, and publishing by subprotocol `publisher` or `post`. */
export class WsFlv {
  readonly #parts: FlvParts;
  readonly #players: WebSocketServer;
  readonly #publishers: WebSocketServer;
  readonly #open = new Set<WebSocket>();
  #onLastClosed = (): void => {};

  constructor(parts: FlvParts) {
    this.#parts = parts;
    this.#players = makeServer(PLAYER_MESSAGE_BYTES_MAX);
    this.#publishers = makeServer(parts.options.limits.messageBytesMax + MESSAGE_BYTES_EXTRA);
  }

  /** Resolves once all that is open has closed, and the ends of its plays and publishes are told. */
  async closed(): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onLastClosed = resolve;
    });
  }

  upgrade({ req, socket, head, target, client, isForeignPage }: WsUpgrade): void {
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
      if (isPublisher) this.#publish(webSocket, target, client, isForeignPage);
      else this.#play(webSocket, socket, target, client);
      this.#open.add(webSocket);
      // Last of those who hear of it.
      webSocket.once('close', () => {
        this.#open.delete(webSocket);
        if (this.#open.size === 0) this.#onLastClosed();
      });
    });
  }

  #play(socket: WebSocket, stream: Duplex, target: FlvTarget, client: FlvClient): void {
    const { plays, fence, guard } = this.#parts;
    const guarded = guard.client(client);
    const admission = new Admission(guarded);
    const fenced = fencedBy(fence, client, socket);
    let play: WsFlvPlay | null = null;
    socket.on('close', () => {
      fence.run(
        play ?? client,
        () => {
          play?.close();
          if (play !== null) plays.leave(play);
        },
        () => socket.terminate(),
      );
      admission.end();
      guarded.closed({ sent: 0, received: 0 });
    });
    const { mark } = believePull(target, client, this.#parts);
    const { name, query } = target;
    admission.askToPlay({ name, query }, () => false, {
      refused: (refusal) => fenced(() => closeRefused(socket, refusal)),
      admitted: (admitted) =>
        fenced(() => {
          const begun = new WsFlvPlay(
            socket,
            stream,
            { ...target, mark, name: admitted.name },
            client,
            fence,
          );
          play = begun;
          plays.play(begun);
          admission.onRevoked((text) =>
            fenced(() => {
              plays.leave(begun);
              begun.revoke(text);
            }),
          );
        }),
    });
  }

  #publish(socket: WebSocket, target: FlvTarget, client: FlvClient, isForeignPage: boolean): void {
    const { fence, guard } = this.#parts;
    const guarded = guard.client(client, isForeignPage);
    const admission = new Admission(guarded);
    const fenced = fencedBy(fence, client, socket);
    socket.on('close', () => {
      admission.end();
      guarded.closed({ sent: 0, received: 0 });
    });
    // What the client sends meanwhile waits in the socket.
    socket.pause();
    const { name, query } = target;
    admission.ask(
      { action: 'publish', name, query, asksHooks: true },
      {
        refused: (refusal) =>
          fenced(() => {
            socket.resume();
            closeRefused(socket, refusal);
          }),
        admitted: (admitted) =>
          fenced(() => {
            const publish = this.#read(socket, { ...target, name: admitted.name }, client);
            admission.onRevoked((text) =>
              fenced(() => {
                publish.finish();
                socket.resume();
                closeWebSocket(socket, REVOKED_CLOSE, text);
              }),
            );
          }),
      },
    );
  }

  #read(socket: WebSocket, target: FlvTarget, client: FlvClient): FlvPublish {
    const { options, publishes, log, fence } = this.#parts;
    const publish = new FlvPublish({
      protocol: 'ws-flv',
      target,
      client,
      messageBytesMax: options.limits.messageBytesMax,
      hangUp: (reason) => {
        socket.resume();
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
    const take = (bytes: unknown, isBinary: boolean): void => {
      if (socket.readyState !== socket.OPEN) return;
      if (!isBinary || !Buffer.isBuffer(bytes)) {
        fail(CLOSE.unsupported, 'text-message', 'FLV comes in binary messages');
        return;
      }
      try {
        publish.read(bytes);
      } catch (error) {
        if (error instanceof FlvError) fail(CLOSE.badData, error.code, error.message);
        else publish.fault(error);
      }
    };
    // What the client sends waits in the socket until then.
    publish.begin(publishes, {
      accepted: () => {
        socket.on('message', take);
        socket.resume();
      },
      refused: ({ code, text }) => {
        socket.resume();
        closeWebSocket(socket, REFUSAL_CLOSE[code], text);
      },
    });
    return publish;
  }
}

/** 4000 and HTTP's status; the reason comes first, for programs. */
function closeRefused(socket: WebSocket, { status, reason, text }: Refusal): void {
  closeWebSocket(socket, GUARD_CLOSE_BASE + status, `${reason}: ${text}`);
}

/** Runs what belongs to one client, also when the guard answers late. */
function fencedBy(fence: Fence, { remote }: FlvClient, socket: WebSocket): (handler: () => void) => void {
  return (handler) => fence.run({ remote, protocol: 'http' }, handler, () => socket.terminate());
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
