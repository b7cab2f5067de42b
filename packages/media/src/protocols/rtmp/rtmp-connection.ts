import type { Socket } from 'node:net';
import type { AfterAnswer } from '../../after-answer.js';
import { remoteOf } from '../../arrival/client.js';
import type { Arrival } from '../../arrival/front.js';
import type { Fence } from '../../fence.js';
import { PlayerQueue } from '../../stream/player-queue.js';
import type { Frame } from '../../wire/frame.js';
import { RtmpParser } from '../../wire/nms/rtmp-parser.js';
import { AmfError } from '../../wire/rtmp/amf0.js';
import type { ParserLimits } from '../../wire/rtmp/chunk-parser.js';
import { RtmpProtocolError } from '../../wire/rtmp/rtmp-protocol-error.js';
import { cutHalfClosed } from '../half-closed.js';
import { reuseReads } from '../reused-reads.js';
import { SocketWriter } from '../socket-writer.js';
import { type RtmpCommand, RtmpPeer } from './rtmp-peer.js';

export interface RtmpConnectionHandler {
  /** May throw `RtmpProtocolError`. */
  onCommand(command: RtmpCommand): void;
  onFrame(frame: Frame, streamId: number): void;
  /** Nothing more will come in; called once, at the latest right before `onClosed`. */
  onEnding(): void;
  /** The connection is over; called once. `reason` is stable, `text` says more. */
  onClosed(reason: string, text: string): void;
}

/** Answers given since the peer last had read everything, before it counts as one that asks and does not read. */
export const ANSWERS_UNREAD_MAX = 1000;
/** How long a peer may take to read our last words and close. */
const CLOSE_GRACE_MS = 3000;
const KEEPALIVE_MS = 30_000;

/**
 * One RTMP connection from a client: bytes in, commands and frames out, and everything that needs no decision is
 * answered (handshake, acknowledgements, pings). Nothing that comes in can throw past it: what is wrong ends this
 * connection alone.
 */
export class RtmpConnection {
  readonly remote: string;
  /** The client came by TLS. */
  readonly isSecure: boolean;
  readonly #socket: Socket;
  readonly #writer: SocketWriter;
  readonly #handler: RtmpConnectionHandler;
  readonly #fence: Fence;
  readonly #afterAnswer: AfterAnswer;
  readonly #peer: RtmpPeer;
  readonly #parser: RtmpParser;
  #answersUnread = 0;
  /** Input is not read any more: the peer is gone, or our last words are on their way. */
  #isEnding = false;
  #isClosed = false;
  #reason = 'peer-closed';
  #text = '';

  constructor(
    { socket, client }: Pick<Arrival, 'socket' | 'client'>,
    limits: ParserLimits,
    handler: RtmpConnectionHandler,
    { fence, afterAnswer }: { readonly fence: Fence; readonly afterAnswer: AfterAnswer },
  ) {
    this.#socket = socket;
    this.#writer = new SocketWriter(socket, (error) => this.fault(error));
    this.#handler = handler;
    this.#fence = fence;
    this.#afterAnswer = afterAnswer;
    this.remote = remoteOf(client);
    this.isSecure = client.isSecure;
    this.#peer = new RtmpPeer({
      send: (bytes) => this.send(bytes),
      onCommand: (command) => handler.onCommand(command),
      onFrame: (frame, streamId) => handler.onFrame(frame, streamId),
    });
    this.#parser = new RtmpParser(
      limits,
      (bytes) => this.send(bytes),
      (message) => this.#peer.take(message),
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    reuseReads(socket, (bytes) => this.#onData(bytes));
    socket.on('error', (error) => this.#note('peer-reset', error.message));
    cutHalfClosed(socket, () => this.#stopReading());
    socket.on('close', () => this.#onClose());
  }

  get bytesIn(): number {
    return this.#peer.bytesIn;
  }

  /** What the kernel took. */
  get bytesOut(): number {
    return this.#writer.sentBytes;
  }

  get isHandshakeDone(): boolean {
    return this.#parser.isHandshakeDone;
  }

  /** The way for one play's media. It shares the socket with answers, which go out between its items. */
  openQueue(): PlayerQueue {
    const queue = new PlayerQueue();
    this.#writer.carry(queue);
    return queue;
  }

  /** Answers: a peer that asks without reading is cut off. */
  send(...answers: readonly Buffer[]): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#answersUnread = this.#writer.hasMessages ? this.#answersUnread + 1 : 0;
    if (this.#answersUnread > ANSWERS_UNREAD_MAX) {
      this.destroy('answers-unread', 'the peer asks and does not read');
      return;
    }
    this.#writer.send(answers.length === 1 && answers[0] !== undefined ? answers[0] : Buffer.concat(answers));
  }

  /** Sends what waits and the last words, then closes; the first reason given is the one told. */
  end(reason: string, text: string, ...lastWords: readonly Buffer[]): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#note(reason, text);
    this.#stopReading();
    this.#writer.finish(
      () => this.#hangUp(lastWords),
      () => this.#socket.destroy(),
    );
  }

  /**
   * One write for all last words: each more would cost as much as what led to them, and wake the peer once more. Closing
   * comes a moment later: it takes as long again, and the peer, where it is on the same core, reads no sooner than we sleep.
   */
  #hangUp(lastWords: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(lastWords));
    this.#afterAnswer.do(() => this.#socket.end());
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_GRACE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Closes without a word. */
  destroy(reason: string, text: string): void {
    this.#note(reason, text);
    this.#stopReading();
    this.#socket.destroy();
  }

  #stopReading(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#peer.close();
    this.guard(() => this.#handler.onEnding());
  }

  #note(reason: string, text: string): void {
    if (this.#reason !== 'peer-closed') return;
    this.#reason = reason;
    this.#text = text;
  }

  #onClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopReading();
    this.guard(() => this.#handler.onClosed(this.#reason, this.#text));
  }

  #onData(bytes: Buffer): void {
    try {
      this.#peer.read(bytes, (more) => this.#parser.feed(more));
    } catch (error) {
      if (error instanceof RtmpProtocolError) this.end(error.code, error.message);
      else if (error instanceof AmfError) this.end('amf-invalid', error.message);
      else this.fault(error);
    }
  }

  /** Something of ours threw: tells of it, and closes without a word. */
  fault(error: unknown): void {
    this.#fence.caught({ remote: this.remote, protocol: 'rtmp' }, error, () =>
      this.destroy('fault', 'a fault of this member, whose log says more'),
    );
  }

  /** Runs what belongs to this connection alone, such as a timer's callback. Never throws. */
  guard(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.fault(error);
    }
  }
}
