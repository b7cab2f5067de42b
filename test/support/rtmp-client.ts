import type { AmfObject, AmfValue } from '@headwater/testing/amf0';
import { RtmpConnection } from '@headwater/testing/rtmp-connection';
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

export type RtmpKind = 'plain' | 'srs-edge';

/** An RTMP client of a server in another process; closed with its scope. */
export class RtmpClient extends RtmpConnection {
  /** A connection, and nothing said on it. */
  static async dial(scope: Scope, port: number): Promise<RtmpClient> {
    const socket = await RtmpConnection.dialSocket(port);
    scope.defer(() => socket.destroy());
    if (socket.remotePort === undefined) throw new Error(`nobody listens on port ${port}`);
    return new RtmpClient(socket);
  }

  /** A connection with the handshake done. */
  static async open(scope: Scope, port: number): Promise<RtmpClient> {
    const client = await RtmpClient.dial(scope, port);
    await client.handshake();
    return client;
  }

  /** `connect` and `createStream`, answered. `more` goes into the command object. */
  async connect(tcUrl: string, kind: RtmpKind = 'plain', more: AmfObject = {}): Promise<void> {
    const app = new URL(tcUrl.replace(/^rtmp:/, 'http:')).pathname.slice(1);
    const object = { app, type: 'nonprivate', flashVer: 'LNX 9,0,124,2', tcUrl, ...more };
    this.command(0, 'connect', 1, object, ...(kind === 'srs-edge' ? [SRS_EDGE_ARGUMENTS] : []));
    await this.awaitCommand('_result', (values) => values[1] === 1);
    this.command(0, 'createStream', 2, null);
    await this.awaitCommand('_result', (values) => values[1] === 2);
  }
}
