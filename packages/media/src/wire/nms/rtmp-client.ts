import { Socket } from 'node:net';
import { RtmpClientError } from '../../protocols/rtmp/rtmp-client-error.js';
import { splitAggregate } from '../rtmp/aggregate.js';
import type { ParserLimits } from '../rtmp/chunk-parser.js';
import { chunkMessage } from '../rtmp/chunk-writer.js';
import { CHUNK_STREAM, type InMessage, MESSAGE_TYPE, USER_EVENT } from '../rtmp/message.js';
import { loadNms } from './load-nms.js';
import { RtmpParser } from './rtmp-parser.js';

/** What this file relies on in node-media-server's `RtmpClient` (pinned 4.4.3); `rtmp-client.test.ts` tells what moved. */
interface NmsRtmpClient {
  socket: Socket | null;
  connected: boolean;
  /** Called once S2 came. */
  onHandshakeCallback: () => void;
  onErrorCallback: (error: Error) => void;
  resetProtocolState(): void;
  /** Writes C0 and C1 to `socket`. */
  sendClientHandshake(): void;
  /** Answers S1 by C2, and gives all that comes after S2 to `chunkRead`. */
  handleData: (bytes: Buffer) => void;
  chunkRead(bytes: Buffer, from: number, length: number): string | null;
}

const NmsRtmpClientClass = loadNms('protocol/rtmp_client.js') as new () => NmsRtmpClient;

/** How often a server that told no window hears an acknowledgement; librtmp's value. */
const WINDOW_BYTES_DEFAULT = 2_500_000;
/** How long a closing connection may take to send its last words. */
const FLUSH_MS = 1000;

export interface RtmpClientEvents {
  /** A whole message other than protocol control, which is dealt with here. May throw: that ends the connection. */
  message(message: InMessage): void;
  /** Everything written has gone to the kernel. */
  drain?(): void;
  /** Once, last of all. */
  closed(error: RtmpClientError): void;
}

/**
 * A connection to an RTMP server, up to messages: node-media-server's client for the handshake, our bounded parser for
 * all that follows. Nothing that the server sends throws out of here.
 */
export class RtmpClient {
  readonly #limits: ParserLimits;
  readonly #events: RtmpClientEvents;
  readonly #nms = new NmsRtmpClientClass();
  readonly #parser: RtmpParser;
  #socket: Socket | null = null;
  #error: RtmpClientError | null = null;
  #hasShaken = false;
  #received = 0;
  #acknowledged = 0;
  #windowBytes = WINDOW_BYTES_DEFAULT;

  constructor(limits: ParserLimits, events: RtmpClientEvents) {
    this.#limits = limits;
    this.#events = events;
    this.#parser = new RtmpParser(
      this.#limits,
      () => {},
      (message) => this.#take(message),
    );
    this.#parser.skipHandshake();
  }

  /** Bytes written that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  get isClosed(): boolean {
    return this.#error !== null;
  }

  /** Connects; `ready` is called once after the handshake. There is no deadline in here: `end` it. */
  open(host: string, port: number, ready: () => void): void {
    const nms = this.#nms;
    const socket = new Socket();
    this.#socket = socket;
    socket.setNoDelay(true);
    nms.resetProtocolState();
    nms.socket = socket;
    nms.onHandshakeCallback = () => {
      this.#hasShaken = true;
      ready();
    };
    nms.onErrorCallback = (error) => this.end(new RtmpClientError('not-rtmp', error.message));
    nms.chunkRead = (bytes, from, length) => {
      this.#parser.feed(bytes.subarray(from, from + length));
      return null;
    };
    socket.on('connect', () => {
      nms.connected = true;
      nms.sendClientHandshake();
    });
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('drain', () => this.#events.drain?.());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const code = this.#hasShaken ? 'closed-by-server' : 'unreachable';
      this.end(new RtmpClientError(code, `${error.code ?? error.message}`));
    });
    socket.on('close', () =>
      this.end(new RtmpClientError('closed-by-server', 'the server closed the connection')),
    );
    try {
      socket.connect({ host, port });
    } catch (error) {
      // A port that is none: told later, as every other failure.
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Whole chunks. Does nothing once closed. */
  write(bytes: Buffer): void {
    if (this.#error === null) this.#socket?.write(bytes);
  }

  /**
   * Ends the connection and tells why; the first reason counts. With `flush` what was written before still goes out,
   * as far as the server takes it at once.
   */
  end(error: RtmpClientError, options: { readonly flush?: boolean } = {}): void {
    if (this.#error !== null) return;
    this.#error = error;
    const socket = this.#socket;
    if (options.flush === true && socket !== null && !socket.destroyed) {
      // A server that takes nothing must not keep the socket.
      const timer = setTimeout(() => socket.destroy(), FLUSH_MS);
      socket.once('close', () => clearTimeout(timer));
      socket.end(() => socket.destroy());
    } else {
      socket?.destroy();
    }
    this.#events.closed(error);
  }

  #read(bytes: Buffer): void {
    if (this.#error !== null) return;
    this.#received += bytes.length;
    try {
      this.#nms.handleData(bytes);
      this.#acknowledge();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.end(new RtmpClientError('protocol', text));
    }
  }

  #take(message: InMessage): void {
    if (this.#error !== null) return;
    const { payload } = message;
    switch (message.type) {
      case MESSAGE_TYPE.windowAckSize:
        this.#windowBytes = payload.readUInt32BE() || WINDOW_BYTES_DEFAULT;
        return;
      case MESSAGE_TYPE.userControl:
        this.#userControl(payload);
        return;
      case MESSAGE_TYPE.acknowledgement:
      case MESSAGE_TYPE.setPeerBandwidth:
        return;
      case MESSAGE_TYPE.aggregate:
        for (const part of splitAggregate(message)) this.#events.message(part);
        return;
      default:
        this.#events.message(message);
    }
  }

  /** RTMP 1.0, 7.1.7: answers a ping with its own time. */
  #userControl(payload: Buffer): void {
    if (payload.length < 6 || payload.readUInt16BE() !== USER_EVENT.pingRequest) return;
    const pong = Buffer.from(payload.subarray(0, 6));
    pong.writeUInt16BE(USER_EVENT.pingResponse);
    this.#control(MESSAGE_TYPE.userControl, pong);
  }

  /** RTMP 1.0, 5.4.3: says how much came each time a window is full; the count wraps at 2^32. */
  #acknowledge(): void {
    if (this.#received - this.#acknowledged < this.#windowBytes) return;
    this.#acknowledged = this.#received;
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(this.#received % 2 ** 32);
    this.#control(MESSAGE_TYPE.acknowledgement, payload);
  }

  #control(type: number, payload: Buffer): void {
    this.write(
      chunkMessage(
        { chunkStream: CHUNK_STREAM.control, type, timestampMs: 0, streamId: 0, payload },
        payload.length,
      ),
    );
  }
}
