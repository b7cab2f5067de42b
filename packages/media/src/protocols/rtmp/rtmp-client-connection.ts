import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { TLS_VERSION_MIN } from '../../tls/certificate.js';
import { keyHashOf, RELAY_SERVER_NAME } from '../../tls/relay-identity.js';
import type { Frame } from '../../wire/frame.js';
import { ClientHandshake } from '../../wire/nms/client-handshake.js';
import { ChunkParser, type ParserLimits } from '../../wire/rtmp/chunk-parser.js';
import { reusedReads } from '../reused-reads.js';
import { RtmpClientError } from './rtmp-client-error.js';
import { type RtmpCommand, RtmpPeer } from './rtmp-peer.js';
import type { RtmpTarget } from './rtmp-target.js';

/** How long a closing connection may take to send its last words. */
const FLUSH_MS = 1000;

const NOTHING = Buffer.alloc(0);

export interface RtmpClientEvents {
  /** A command of the server. May throw: that ends the connection, as with `frame`. */
  command(command: RtmpCommand): void;
  frame(frame: Frame): void;
  /** The server answered a ping. */
  pong?(): void;
  /** Once, last of all. */
  closed(error: RtmpClientError): void;
}

/**
 * A connection to an RTMP server, up to commands and frames; protocol control is dealt with. Nothing that the server
 * sends throws out of here.
 */
export class RtmpClientConnection {
  readonly #events: RtmpClientEvents;
  readonly #peer: RtmpPeer;
  readonly #handshake: ClientHandshake;
  #socket: Socket | null = null;
  #ready: () => void = () => {};
  #error: RtmpClientError | null = null;
  #hasShaken = false;

  constructor(limits: ParserLimits, events: RtmpClientEvents) {
    this.#events = events;
    this.#peer = new RtmpPeer({
      send: (bytes) => this.write(bytes),
      onCommand: (command) => events.command(command),
      onFrame: (frame) => events.frame(frame),
      onPong: () => events.pong?.(),
    });
    const chunks = new ChunkParser(limits, (message) => this.#peer.take(message));
    this.#handshake = new ClientHandshake({
      send: (bytes) => this.write(bytes),
      done: () => {
        this.#hasShaken = true;
        this.#ready();
      },
      failed: (error) => this.end(new RtmpClientError('not-rtmp', error.message)),
      rest: (bytes) => chunks.feed(bytes),
    });
  }

  /** Bytes written that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /**
   * Resolves once all that was written so far is with the kernel, or the connection has ended. Not by `drain`: node emits that only
   * where a write was told to wait.
   */
  flushed(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return Promise.resolve();
    return new Promise((resolve) => {
      socket.write(NOTHING, () => resolve());
    });
  }

  get isClosed(): boolean {
    return this.#error !== null;
  }

  /** Connects; `ready` is called once after the handshake. There is no deadline in here: `end` it. */
  open(target: Pick<RtmpTarget, 'host' | 'port' | 'keyHash'>, ready: () => void): void {
    const { host, port, keyHash } = target;
    const reading: SocketConstructorOpts & ConnectOpts = {
      onread: reusedReads((bytes) => this.#read(bytes)),
    };
    // What comes encrypted is read by TLS, into buffers of its own.
    const socket = keyHash === undefined ? new Socket(reading) : new Socket();
    this.#socket = socket;
    this.#ready = ready;
    socket.setNoDelay(true);
    this.#listenTo(socket);
    socket.on('connect', () => {
      if (keyHash === undefined) this.#handshake.start();
      else this.#secure(socket, keyHash);
    });
    try {
      socket.connect({ host, port });
    } catch (error) {
      // A port that is none: told later, as every other failure.
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #listenTo(socket: Socket): void {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const code = this.#hasShaken ? 'closed-by-server' : 'unreachable';
      this.end(new RtmpClientError(code, `${error.code ?? error.message}`));
    });
    socket.on('close', () =>
      this.end(new RtmpClientError('closed-by-server', 'the server closed the connection')),
    );
  }

  /** No authority vouches for a member: it is known by its key, which the mesh told. */
  #secure(raw: Socket, keyHash: string): void {
    const socket = connectTls({
      socket: raw,
      servername: RELAY_SERVER_NAME,
      rejectUnauthorized: false,
      minVersion: TLS_VERSION_MIN,
    });
    this.#socket = socket;
    this.#listenTo(socket);
    socket.on('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate !== undefined && keyHashOf(certificate) === keyHash) {
        socket.on('data', (bytes) => this.#read(bytes));
        this.#handshake.start();
      } else
        this.end(
          new RtmpClientError('not-the-member', 'the server has another key than the mesh told of it'),
        );
    });
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
    this.#peer.close();
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
    try {
      this.#peer.read(bytes, (more) => this.#handshake.feed(more));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.end(new RtmpClientError('protocol', text));
    }
  }
}
