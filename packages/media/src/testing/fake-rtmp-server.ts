import { createServer, type Server, type Socket } from 'node:net';
import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { type AmfValue, decodeAmf0, encodeAmf0 } from '../wire/rtmp/amf0.js';
import { chunkMessage } from '../wire/rtmp/chunk-writer.js';
import type { InMessage } from '../wire/rtmp/message.js';

const HANDSHAKE_BYTES = 1536;
const OUT_CHUNK_BYTES = 128;

/** An RTMP server that answers as a test wants. One script runs for each connection. */
export class FakeRtmpServer {
  readonly connections: FakeRtmpConnection[] = [];
  readonly #server: Server;

  private constructor(script: (connection: FakeRtmpConnection) => void) {
    this.#server = createServer((socket) => {
      const connection = new FakeRtmpConnection(socket);
      this.connections.push(connection);
      script(connection);
    });
  }

  static async open(script: (connection: FakeRtmpConnection) => void): Promise<FakeRtmpServer> {
    const server = new FakeRtmpServer(script);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export class FakeRtmpConnection {
  readonly socket: Socket;
  readonly messages: InMessage[] = [];
  /** Answers the handshake; off for servers that never do. */
  shakes = true;
  onCommand: (name: string, transaction: number, args: readonly AmfValue[]) => void = () => {};
  readonly #reader = new ChunkReader();
  #handshake = Buffer.alloc(0);
  #isShaken = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
  }

  /** Commands that came, with their arguments after the command object. */
  get commands(): AmfValue[][] {
    return this.messages
      .filter((message) => message.type === 20)
      .map((message) => decodeAmf0(message.payload));
  }

  message(type: number, payload: Buffer, timestampMs = 0, streamId = 1): void {
    this.socket.write(
      chunkMessage({ chunkStream: 4, type, timestampMs, streamId, payload }, OUT_CHUNK_BYTES),
    );
  }

  command(...values: readonly AmfValue[]): void {
    this.message(20, encodeAmf0(...values));
  }

  status(level: 'status' | 'error', code: string, description = code): void {
    this.command('onStatus', 0, null, { level, code, description });
  }

  /** Answers connect and createStream as any server does, and play or publish with these statuses. */
  serve(answer: {
    readonly level: 'status' | 'error';
    readonly code: string;
    readonly description?: string;
  }): void {
    this.onCommand = (name, transaction) => {
      if (name === 'connect')
        this.command('_result', transaction, {}, { level: 'status', code: 'NetConnection.Connect.Success' });
      if (name === 'createStream') this.command('_result', transaction, null, 7);
      if (name === 'play' || name === 'publish') this.status(answer.level, answer.code, answer.description);
    };
  }

  #onData(bytes: Buffer): void {
    if (this.#isShaken) {
      this.#take(bytes);
      return;
    }
    this.#handshake = Buffer.concat([this.#handshake, bytes]);
    const before = this.#handshake.length - bytes.length;
    if (before < 1 + HANDSHAKE_BYTES && this.#handshake.length >= 1 + HANDSHAKE_BYTES && this.shakes) {
      this.socket.write(
        Buffer.concat([this.#handshake.subarray(0, 1 + HANDSHAKE_BYTES), Buffer.alloc(HANDSHAKE_BYTES, 1)]),
      );
    }
    if (this.#handshake.length < 1 + 2 * HANDSHAKE_BYTES) return;
    this.#isShaken = true;
    this.#take(this.#handshake.subarray(1 + 2 * HANDSHAKE_BYTES));
  }

  #take(bytes: Buffer): void {
    for (const message of this.#reader.read(bytes)) {
      this.messages.push(message);
      if (message.type !== 20) continue;
      const [name, transaction, , ...args] = decodeAmf0(message.payload);
      this.onCommand(String(name), Number(transaction), args);
    }
  }
}
