import { connect, type Socket } from 'node:net';
import { type AmfObject, type AmfValue, amfObject, decodeAmf0, encodeAmf0 } from '../wire/rtmp/amf0.js';
import { chunkMessage } from '../wire/rtmp/chunk-writer.js';
import type { InMessage } from '../wire/rtmp/message.js';
import { ChunkReader } from './chunk-reader.js';
import { until } from './until.js';

const HANDSHAKE_BYTES = 1536;
const IN_CHUNK_BYTES = 128;

/** An RTMP client that says exactly what a test wants, also what no honest client would. */
export class RawRtmpClient {
  /** Everything that came after the handshake. */
  readonly messages: InMessage[] = [];
  readonly reader = new ChunkReader();
  isClosed = false;
  readonly #socket: Socket;
  #handshake = Buffer.alloc(0);
  #isShaken = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
  }

  /** Connects, without the handshake. `localAddress`: any of 127.0.0.0/8. */
  static async open(port: number, localAddress = '127.0.0.1'): Promise<RawRtmpClient> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    const client = new RawRtmpClient(socket);
    await until(() => socket.readyState === 'open' || client.isClosed, 'the connection');
    return client;
  }

  /** Connects and shakes hands. */
  static async shaken(port: number, localAddress?: string): Promise<RawRtmpClient> {
    const client = await RawRtmpClient.open(port, localAddress);
    client.write(Buffer.concat([Buffer.of(3), Buffer.alloc(HANDSHAKE_BYTES)]));
    await until(() => client.#isShaken, 'the handshake');
    client.write(Buffer.alloc(HANDSHAKE_BYTES));
    return client;
  }

  /** Connects to an app. `more` goes into the command object, `args` after it. */
  static async connected(
    port: number,
    app = 'live',
    more: AmfObject = {},
    args: readonly AmfValue[] = [],
  ): Promise<RawRtmpClient> {
    const client = await RawRtmpClient.shaken(port);
    const tcUrl = `rtmp://127.0.0.1:${port}/${app}`;
    client.command(0, 'connect', 1, { app, tcUrl, flashVer: 'raw-test-client', ...more }, ...args);
    await client.answer('_result');
    client.command(0, 'createStream', 2, null);
    await client.answer('_result', 2);
    return client;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  message(type: number, payload: Buffer, timestampMs = 0, streamId = 1, chunkStream = 3): void {
    this.write(chunkMessage({ chunkStream, type, timestampMs, streamId, payload }, IN_CHUNK_BYTES));
  }

  command(streamId: number, ...values: readonly AmfValue[]): void {
    this.message(20, encodeAmf0(...values), 0, streamId);
  }

  play(stream: string): void {
    this.command(1, 'play', 0, null, stream);
  }

  publish(stream: string): void {
    this.command(1, 'publish', 0, null, stream, 'live');
  }

  /** All commands that came, decoded. */
  get commands(): AmfValue[][] {
    return this.messages
      .filter((message) => message.type === 20)
      .map((message) => decodeAmf0(message.payload));
  }

  /** The codes of all `onStatus` that came. */
  get statuses(): string[] {
    return this.commands
      .filter(([name]) => name === 'onStatus')
      .map((values) => String(amfObject(values[3])?.code));
  }

  answer(name: string, transactionId?: number): Promise<AmfValue[]> {
    return until(
      () =>
        this.commands.find(
          (values) => values[0] === name && (transactionId === undefined || values[1] === transactionId),
        ),
      name,
    );
  }

  /** The info object of the first `onStatus` with this code. */
  async status(code: string): Promise<AmfObject> {
    return until(
      () => this.commands.map((values) => amfObject(values[3])).find((info) => info?.code === code),
      `status ${code}, got ${this.statuses.join()}`,
    );
  }

  closed(): Promise<boolean> {
    return until(() => this.isClosed, 'the close');
  }

  get isShaken(): boolean {
    return this.#isShaken;
  }

  /** Says that nothing more comes; the server has read everything when this resolves. */
  async finish(): Promise<void> {
    this.#socket.end();
    await this.closed();
  }

  /** Stops reading, as a player that hangs. */
  pause(): void {
    this.#socket.pause();
  }

  /** Goes on reading. */
  resume(): void {
    this.#socket.resume();
  }

  /** Says that nothing more comes, and stays. */
  halfClose(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(bytes: Buffer): void {
    if (this.#isShaken) {
      this.messages.push(...this.reader.read(bytes));
      return;
    }
    this.#handshake = Buffer.concat([this.#handshake, bytes]);
    if (this.#handshake.length < 1 + 2 * HANDSHAKE_BYTES) return;
    this.#isShaken = true;
    const rest = this.#handshake.subarray(1 + 2 * HANDSHAKE_BYTES);
    if (rest.length > 0) this.messages.push(...this.reader.read(rest));
  }
}
