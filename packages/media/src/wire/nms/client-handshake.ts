import { loadNms } from './load-nms.js';

/** What node-media-server's client uses of its socket during the handshake. */
interface NmsSocket {
  readonly destroyed: boolean;
  write(bytes: Buffer): void;
  destroy(): void;
  end(): void;
}

/** What this file relies on in node-media-server's `RtmpClient` (pinned 4.4.3); `client-handshake.test.ts` tells what moved. */
interface NmsRtmpClient {
  socket: NmsSocket | null;
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

export interface ClientHandshakeEvents {
  /** C0 to C2, on their way to the server. */
  send(bytes: Buffer): void;
  /** S2 came. */
  done(): void;
  /** The server speaks another protocol. */
  failed(error: Error): void;
  /** What comes after S2. */
  rest(bytes: Buffer): void;
}

/** A client's side of the handshake (RTMP 1.0, 5.2), by node-media-server's client, of which nothing else is used. */
export class ClientHandshake {
  readonly #nms = new NmsRtmpClientClass();

  constructor(events: ClientHandshakeEvents) {
    const nms = this.#nms;
    nms.resetProtocolState();
    nms.socket = {
      destroyed: false,
      write: (bytes) => events.send(bytes),
      destroy: () => {},
      end: () => {},
    };
    nms.onHandshakeCallback = () => events.done();
    nms.onErrorCallback = (error) => events.failed(error);
    nms.chunkRead = (bytes, from, length) => {
      events.rest(bytes.subarray(from, from + length));
      return null;
    };
  }

  /** The connection stands: says C0 and C1. */
  start(): void {
    this.#nms.sendClientHandshake();
  }

  /** Bytes of the server. Throws whatever the events throw. */
  feed(bytes: Buffer): void {
    this.#nms.handleData(bytes);
  }
}
