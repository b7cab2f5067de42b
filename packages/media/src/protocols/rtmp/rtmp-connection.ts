import type { Socket } from 'node:net';
import { PlayerQueue } from '../../stream/player-queue.js';
import type { Frame } from '../../wire/frame.js';
import { makeFrame } from '../../wire/make-frame.js';
import { RtmpParser } from '../../wire/nms/rtmp-parser.js';
import { splitAggregate } from '../../wire/rtmp/aggregate.js';
import { AmfError, type AmfValue, decodeAmf0 } from '../../wire/rtmp/amf0.js';
import type { ParserLimits } from '../../wire/rtmp/chunk-parser.js';
import { type InMessage, MESSAGE_TYPE, USER_EVENT } from '../../wire/rtmp/message.js';
import { RtmpProtocolError } from '../../wire/rtmp/rtmp-protocol-error.js';
import { cutHalfClosed } from '../half-closed.js';
import { SocketWriter } from '../socket-writer.js';
import { acknowledgement, pingResponse, WINDOW_ACK_BYTES, windowAckSize } from './answers.js';

export interface RtmpConnectionHandler {
  /** A command: name, transaction, and the values after it. May throw `RtmpProtocolError`. */
  onCommand(name: string, transactionId: number, values: readonly AmfValue[]): void;
  onFrame(frame: Frame): void;
  /** Nothing more will come in; called once, at the latest right before `onClosed`. */
  onEnding(): void;
  /** The connection is over; called once. `reason` is stable, `text` says more. */
  onClosed(reason: string, text: string): void;
}

/** Largest command that is read; a connect of SRS has some 1000 bytes. */
export const COMMAND_BYTES_MAX = 65_536;
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
  readonly #writer: SocketWriter;
  readonly #handler: RtmpConnectionHandler;
  readonly #parser: RtmpParser;
  #bytesIn = 0;
  #ackWindow = WINDOW_ACK_BYTES;
  #ackedBytes = 0;
  /** What we last asked the peer to acknowledge by. */
  #ownWindow = WINDOW_ACK_BYTES;
  #answersUnread = 0;
  /** Input is not read any more: the peer is gone, or our last words are on their way. */
  #isEnding = false;
  #isClosed = false;
  #reason = 'peer-closed';
  #text = '';

  constructor(socket: Socket, limits: ParserLimits, handler: RtmpConnectionHandler) {
    this.#socket = socket;
    this.#writer = new SocketWriter(socket);
    this.#handler = handler;
    this.remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.#parser = new RtmpParser(
      limits,
      (bytes) => this.send(bytes),
      (message) => this.#onMessage(message),
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('error', (error) => this.#note('peer-reset', error.message));
    cutHalfClosed(socket, () => this.#stopReading());
    socket.on('close', () => this.#onClose());
  }

  get bytesIn(): number {
    return this.#bytesIn;
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

  #hangUp(lastWords: readonly Buffer[]): void {
    for (const words of lastWords) this.#socket.write(words);
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
    if (this.#isEnding) return;
    this.#bytesIn += bytes.length;
    try {
      this.#parser.feed(bytes);
    } catch (error) {
      const reason =
        error instanceof RtmpProtocolError
          ? error.code
          : error instanceof AmfError
            ? 'amf-invalid'
            : 'input-invalid';
      this.end(reason, error instanceof Error ? error.message : String(error));
      return;
    }
    if (this.#bytesIn - this.#ackedBytes < this.#ackWindow) return;
    this.#ackedBytes = this.#bytesIn;
    this.send(acknowledgement(this.#bytesIn));
  }

  #onMessage(message: InMessage): void {
    if (this.#isEnding) return;
    const { type, timestampMs, payload } = message;
    switch (type) {
      case MESSAGE_TYPE.audio:
        this.#handler.onFrame(makeFrame('audio', timestampMs, payload));
        return;
      case MESSAGE_TYPE.video:
        this.#handler.onFrame(makeFrame('video', timestampMs, payload));
        return;
      case MESSAGE_TYPE.data:
        this.#handler.onFrame(makeFrame('data', timestampMs, payload));
        return;
      case MESSAGE_TYPE.dataAmf3:
        // AMF3 messages begin with a byte of format, 0 for what is AMF0 inside.
        this.#handler.onFrame(makeFrame('data', timestampMs, payload.subarray(1)));
        return;
      case MESSAGE_TYPE.aggregate:
        for (const inner of splitAggregate(message)) {
          if (inner.type !== MESSAGE_TYPE.aggregate) this.#onMessage(inner);
        }
        return;
      case MESSAGE_TYPE.command:
        this.#onCommand(payload);
        return;
      case MESSAGE_TYPE.commandAmf3:
        this.#onCommand(payload.subarray(1));
        return;
      case MESSAGE_TYPE.windowAckSize:
        if (payload.length >= 4) this.#ackWindow = Math.max(ACK_WINDOW_BYTES_MIN, payload.readUInt32BE());
        return;
      case MESSAGE_TYPE.setPeerBandwidth:
        this.#onPeerBandwidth(payload);
        return;
      case MESSAGE_TYPE.userControl:
        if (payload.length >= 6 && payload.readUInt16BE() === USER_EVENT.pingRequest) {
          this.send(pingResponse(payload.subarray(2, 6)));
        }
    }
  }

  /** RTMP 1.0, 5.4.5: answered by a window, where it differs from the one last told. What we send is not held back by it. */
  #onPeerBandwidth(payload: Buffer): void {
    if (payload.length < 4) return;
    const window = Math.max(ACK_WINDOW_BYTES_MIN, payload.readUInt32BE());
    if (window === this.#ownWindow) return;
    this.#ownWindow = window;
    this.send(windowAckSize(window));
  }

  #onCommand(payload: Buffer): void {
    if (payload.length > COMMAND_BYTES_MAX) {
      throw new RtmpProtocolError('command-too-large', `a command of ${payload.length} bytes`);
    }
    const [name, transactionId, ...values] = decodeAmf0(payload);
    if (typeof name !== 'string') throw new RtmpProtocolError('command-invalid', 'a command without a name');
    this.#handler.onCommand(name, typeof transactionId === 'number' ? transactionId : 0, values);
  }
}

/** A smaller window would have us answer each packet. */
const ACK_WINDOW_BYTES_MIN = 4096;
