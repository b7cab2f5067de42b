import type { Socket } from 'node:net';
import type { Frame } from '../../wire/frame.js';
import { RtmpParser } from '../../wire/nms/rtmp-parser.js';
import { AmfError } from '../../wire/rtmp/amf0.js';
import type { ParserLimits } from '../../wire/rtmp/chunk-parser.js';
import { RtmpProtocolError } from '../../wire/rtmp/rtmp-protocol-error.js';
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
  readonly #socket: Socket;
  readonly #handler: RtmpConnectionHandler;
  readonly #peer: RtmpPeer;
  readonly #parser: RtmpParser;
  #bytesOut = 0;
  #answersUnread = 0;
  /** Input is not read any more: the peer is gone, or our last words are on their way. */
  #isEnding = false;
  #isClosed = false;
  #reason = 'peer-closed';
  #text = '';

  constructor(socket: Socket, limits: ParserLimits, handler: RtmpConnectionHandler) {
    this.#socket = socket;
    this.#handler = handler;
    this.remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
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
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('error', (error) => this.#note('peer-reset', error.message));
    socket.on('end', () => this.#stopReading());
    socket.on('close', () => this.#onClose());
  }

  get bytesIn(): number {
    return this.#peer.bytesIn;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  get isHandshakeDone(): boolean {
    return this.#parser.isHandshakeDone;
  }

  /** Media: the caller watches the queue. */
  write(bytes: Buffer): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#bytesOut += bytes.length;
    this.#socket.write(bytes);
  }

  /** Answers: a peer that asks without reading is cut off. */
  send(...answers: readonly Buffer[]): void {
    this.#answersUnread = this.queuedBytes === 0 ? 0 : this.#answersUnread + 1;
    if (this.#answersUnread > ANSWERS_UNREAD_MAX) {
      this.destroy('answers-unread', 'the peer asks and does not read');
      return;
    }
    this.write(answers.length === 1 && answers[0] !== undefined ? answers[0] : Buffer.concat(answers));
  }

  /** Says the last words, then closes; the first reason given is the one told. */
  end(reason: string, text: string, ...lastWords: readonly Buffer[]): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#note(reason, text);
    if (lastWords.length > 0) this.send(...lastWords);
    this.#stopReading();
    this.#socket.end();
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
    this.#handler.onEnding();
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
    this.#handler.onClosed(this.#reason, this.#text);
  }

  #onData(bytes: Buffer): void {
    try {
      this.#peer.read(bytes, (more) => this.#parser.feed(more));
    } catch (error) {
      const reason =
        error instanceof RtmpProtocolError
          ? error.code
          : error instanceof AmfError
            ? 'amf-invalid'
            : 'input-invalid';
      this.end(reason, error instanceof Error ? error.message : String(error));
    }
  }
}
