import { connect, type Socket } from 'node:net';
import { type AmfValue, decodeAmf, encodeAmf } from './amf0.js';
import { awaitCondition } from './await-condition.js';
import { ChunkReader, chunksOf, type RtmpMessage } from './rtmp-chunks.js';
import type { Scope } from './scope.js';

/** What an SRS edge sends after the command object of its `connect`; by this an origin knows that it follows a 302. */
export const SRS_EDGE_ARGUMENTS: AmfValue = {
  srs_sig: 'SRS',
  srs_server: 'SRS/6.0.157(Hang)',
  srs_license: 'MIT',
  srs_url: 'https://github.com/ossrs/srs',
  srs_version: '6.0.157',
  srs_authors: 'https://github.com/ossrs/srs/blob/develop/trunk/AUTHORS.md',
  srs_server_ip: '127.0.0.1',
  srs_pid: 4711,
  srs_id: '1q2w3e4r',
};

const HANDSHAKE_BYTES = 1536;

export type RtmpKind = 'plain' | 'srs-edge';

/**
 * An RTMP client on a plain socket, written from Adobe's RTMP 1.0 alone and sharing nothing with the product: what it
 * reads is what is on the wire.
 */
export class RtmpClient {
  readonly socket: Socket;
  /** Every message that came, in order. */
  readonly messages: RtmpMessage[] = [];
  isClosed = false;
  readonly #reader = new ChunkReader();
  #handshakeLeft = 1 + 2 * HANDSHAKE_BYTES;
  #handshake: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** A connection, and nothing said on it. */
  static async dial(scope: Scope, port: number): Promise<RtmpClient> {
    const socket = connect({ host: '127.0.0.1', port });
    scope.defer(() => socket.destroy());
    const client = new RtmpClient(socket);
    await awaitCondition(`a connection to port ${port}`, () => !socket.connecting || client.isClosed);
    if (socket.remotePort === undefined) throw new Error(`nobody listens on port ${port}`);
    return client;
  }

  /** A connection with the handshake done. */
  static async open(scope: Scope, port: number): Promise<RtmpClient> {
    const client = await RtmpClient.dial(scope, port);
    await client.handshake();
    return client;
  }

  /** The simple handshake: RTMP 1.0, section 5.2. */
  async handshake(): Promise<void> {
    const c1 = Buffer.alloc(HANDSHAKE_BYTES, 0x55);
    c1.fill(0, 0, 8);
    this.socket.write(Buffer.concat([Buffer.from([3]), c1]));
    await awaitCondition('S0, S1 and S2', () => this.#handshakeLeft === 0 || this.isClosed);
    const s1 = this.#handshake.subarray(1, 1 + HANDSHAKE_BYTES);
    this.socket.write(s1);
  }

  send(chunkStream: number, type: number, stream: number, payload: Buffer, timestampMs = 0): void {
    this.socket.write(chunksOf(chunkStream, type, stream, payload, timestampMs));
  }
  command(stream: number, name: string, transaction: number, ...values: AmfValue[]): void {
    this.send(3, 20, stream, encodeAmf(name, transaction, ...values));
  }

  /** `connect` and `createStream`, answered. */
  async connect(tcUrl: string, kind: RtmpKind = 'plain'): Promise<void> {
    const app = new URL(tcUrl.replace(/^rtmp:/, 'http:')).pathname.slice(1);
    const object = { app, type: 'nonprivate', flashVer: 'LNX 9,0,124,2', tcUrl };
    this.command(0, 'connect', 1, object, ...(kind === 'srs-edge' ? [SRS_EDGE_ARGUMENTS] : []));
    await this.awaitCommand('_result', (values) => values[1] === 1);
    this.command(0, 'createStream', 2, null);
    await this.awaitCommand('_result', (values) => values[1] === 2);
  }

  play(stream: string): void {
    this.command(1, 'play', 0, null, stream);
  }
  publish(stream: string): void {
    this.command(1, 'publish', 3, null, stream, 'live');
  }

  /** All commands that came, decoded. */
  get commands(): readonly (readonly AmfValue[])[] {
    return this.messages.filter(({ type }) => type === 20).map(({ payload }) => decodeAmf(payload));
  }
  /** The `code` of every `onStatus` that came. */
  get statusCodes(): readonly AmfValue[] {
    return this.commands
      .filter(([name]) => name === 'onStatus')
      .map(([, , , info]) => (info as { code?: AmfValue }).code);
  }
  get media(): readonly RtmpMessage[] {
    return this.messages.filter(({ type }) => type === 8 || type === 9);
  }

  awaitCommand(name: string, matches: (values: readonly AmfValue[]) => boolean = () => true) {
    return this.#until(`command ${name}`, () =>
      this.commands.find((values) => values[0] === name && matches(values)),
    );
  }
  awaitStatus(code: string, deadlineMs?: number) {
    return this.#until(`status ${code}`, () => this.statusCodes.includes(code), deadlineMs);
  }
  awaitMedia(count: number, deadlineMs?: number) {
    return this.#until(`${count} media messages`, () => this.media.length >= count, deadlineMs);
  }
  awaitClose(deadlineMs?: number): Promise<boolean> {
    return awaitCondition('the server to close the connection', () => this.isClosed, {
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      instead: () => this.#seen(),
    });
  }

  /** Waits for an answer; fails as soon as the server closes the connection instead. */
  async #until<T>(what: string, probe: () => T, deadlineMs?: number): Promise<NonNullable<T>> {
    await awaitCondition(what, () => Boolean(probe()) || this.isClosed, {
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      instead: () => this.#seen(),
    });
    const value = probe();
    if (value) return value;
    throw new Error(`the server closed the connection before: ${what}\n${this.#seen()}`);
  }

  #seen(): string {
    const commands = this.commands.map((values) => JSON.stringify(values));
    return [`${this.messages.length} messages, closed: ${this.isClosed}`, ...commands].join('\n');
  }

  #take(bytes: Buffer): void {
    const ofHandshake = Math.min(this.#handshakeLeft, bytes.length);
    if (ofHandshake > 0) {
      this.#handshake = Buffer.concat([this.#handshake, bytes.subarray(0, ofHandshake)]);
      this.#handshakeLeft -= ofHandshake;
    }
    if (ofHandshake < bytes.length) this.messages.push(...this.#reader.push(bytes.subarray(ofHandshake)));
  }
}
