import type { AmfObject, AmfValue } from './amf0.js';
import { RtmpConnection } from './rtmp-connection.js';

/** An RTMP client for tests of one server in the same process; who opens it closes it, or its server does. */
export class RawRtmpClient extends RtmpConnection {
  /** Connects, without the handshake. `localAddress`: any of 127.0.0.0/8. */
  static async open(port: number, localAddress?: string): Promise<RawRtmpClient> {
    return new RawRtmpClient(await RtmpConnection.dialSocket(port, localAddress));
  }

  /** Connects and shakes hands. */
  static async shaken(port: number, localAddress?: string): Promise<RawRtmpClient> {
    const client = await RawRtmpClient.open(port, localAddress);
    await client.handshake();
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

  message(type: number, payload: Buffer, timestampMs = 0, streamId = 1, chunkStream = 3): void {
    this.send(chunkStream, type, streamId, payload, timestampMs);
  }

  answer(name: string, transactionId?: number): Promise<AmfValue[]> {
    return this.awaitCommand(name, (values) => transactionId === undefined || values[1] === transactionId);
  }

  status(code: string): Promise<AmfObject> {
    return this.awaitStatus(code);
  }

  closed(): Promise<true> {
    return this.awaitClose();
  }

  /** Says that nothing more comes; the server has read everything when this resolves. */
  async finish(): Promise<void> {
    this.socket.end();
    await this.closed();
  }

  /** Stops reading, as a player that hangs. */
  pause(): void {
    this.socket.pause();
  }

  /** Goes on reading. */
  resume(): void {
    this.socket.resume();
  }

  /** Says that nothing more comes, and stays. */
  halfClose(): void {
    this.socket.end();
  }

  close(): void {
    this.socket.destroy();
  }
}
