import { connect, type Socket } from 'node:net';
import { type AmfObject, type AmfValue, amfObject, decodeAmf, encodeAmf } from './amf0.js';
import { awaitCondition, type Met } from './await-condition.js';
import { ChunkReader, chunksOf, type RtmpMessage } from './rtmp-chunks.js';

const HANDSHAKE_BYTES = 1536;

/**
 * The client's end of an RTMP connection, written from Adobe's RTMP 1.0 alone and sharing nothing with the product: what
 * it reads is what is on the wire, and it says whatever a test wants, also what no honest client would.
 */
export class RtmpConnection {
  readonly socket: Socket;
  /** Every message that came after the handshake, in order. */
  readonly messages: RtmpMessage[] = [];
  isClosed: boolean;
  readonly #reader = new ChunkReader();
  #handshakeLeft = 1 + 2 * HANDSHAKE_BYTES;
  #handshake: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    this.isClosed = socket.closed;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** A socket to a port of loopback, which may turn out closed. `localAddress`: any of 127.0.0.0/8. */
  protected static async dialSocket(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    socket.on('error', () => {});
    await awaitCondition(`a connection to port ${port}`, () => !socket.connecting, { everyMs: 2 });
    return socket;
  }

  /** True once the peer has answered the handshake. */
  get isShaken(): boolean {
    return this.#handshakeLeft === 0;
  }

  /** The simple handshake: RTMP 1.0, section 5.2. */
  async handshake(): Promise<void> {
    const c1 = Buffer.alloc(HANDSHAKE_BYTES, 0x55);
    c1.fill(0, 0, 8);
    this.write(Buffer.concat([Buffer.from([3]), c1]));
    await this.#answered('S0, S1 and S2', () => this.isShaken);
    this.write(this.#handshake.subarray(1, 1 + HANDSHAKE_BYTES));
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  send(chunkStream: number, type: number, streamId: number, payload: Buffer, timestampMs = 0): void {
    this.write(chunksOf(chunkStream, type, streamId, payload, timestampMs));
  }

  /** A command message: its name, its transaction and what follows. */
  command(streamId: number, ...values: readonly AmfValue[]): void {
    this.send(3, 20, streamId, encodeAmf(...values));
  }

  play(stream: string): void {
    this.command(1, 'play', 0, null, stream);
  }

  publish(stream: string): void {
    this.command(1, 'publish', 3, null, stream, 'live');
  }

  /** All commands that came, decoded. */
  get commands(): AmfValue[][] {
    return this.messages.filter(({ type }) => type === 20).map(({ payload }) => decodeAmf(payload));
  }

  /** The `code` of every `onStatus` that came. */
  get statuses(): string[] {
    return this.commands
      .filter(([name]) => name === 'onStatus')
      .map((values) => String(amfObject(values[3])?.code));
  }

  get media(): readonly RtmpMessage[] {
    return this.messages.filter(({ type }) => type === 8 || type === 9);
  }

  /** The first such command; waits for it. */
  awaitCommand(
    name: string,
    matches: (values: readonly AmfValue[]) => boolean = () => true,
  ): Promise<AmfValue[]> {
    return this.#answered(`command ${name}`, () =>
      this.commands.find((values) => values[0] === name && matches(values)),
    );
  }

  /** The info object of the first `onStatus` with this code; waits for it. */
  awaitStatus(code: string): Promise<AmfObject> {
    return this.#answered(`status ${code}`, () =>
      this.commands.map((values) => amfObject(values[3])).find((info) => info?.code === code),
    );
  }

  async awaitMedia(count: number): Promise<void> {
    await this.#answered(`${count} media messages`, () => this.media.length >= count);
  }

  awaitClose(): Promise<true> {
    return awaitCondition('the server to close the connection', () => this.isClosed, {
      everyMs: 5,
      instead: () => this.#seen(),
    });
  }

  /** Waits for an answer; fails as soon as the server closes the connection instead. */
  async #answered<T>(what: string, probe: () => T): Promise<Met<T>> {
    await awaitCondition(what, () => Boolean(probe()) || this.isClosed, {
      everyMs: 5,
      progress: () => this.messages.length,
      instead: () => this.#seen(),
    });
    const value = probe();
    if (value) return value as Met<T>;
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
    if (ofHandshake < bytes.length) this.messages.push(...this.#reader.read(bytes.subarray(ofHandshake)));
  }
}
