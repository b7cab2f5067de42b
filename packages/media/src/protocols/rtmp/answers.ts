import { AmfEcmaArray, type AmfObject, type AmfValue, encodeAmf0 } from '../../wire/rtmp/amf0.js';
import { chunkMessage, OUT_CHUNK_BYTES } from '../../wire/rtmp/chunk-writer.js';
import { CHUNK_STREAM, MESSAGE_TYPE, USER_EVENT, WINDOW_ACK_BYTES } from '../../wire/rtmp/message.js';

/**
 * What a server says, each as the bytes to write. The order and the channels are those of SRS 6, which every player has
 * met; see `rtmp-session.ts` for when each is said.
 */

const LIMIT_DYNAMIC = 2;
const NO_STREAM = 0;

export type StatusLevel = 'status' | 'error';

function control(type: number, payload: Buffer): Buffer {
  return chunkMessage(
    { chunkStream: CHUNK_STREAM.control, type, timestampMs: 0, streamId: NO_STREAM, payload },
    OUT_CHUNK_BYTES,
  );
}

function uint32(value: number, more = 0): Buffer {
  const bytes = Buffer.alloc(4 + more);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** `data`: 32 bits unsigned. */
function userControl(event: number, data: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(event);
  payload.writeUInt32BE(data, 2);
  return control(MESSAGE_TYPE.userControl, payload);
}

/** A command; `streamId` 0 goes out on the connection's own chunk stream, others on the stream's. */
export function command(streamId: number, ...values: readonly AmfValue[]): Buffer {
  const chunkStream = streamId === NO_STREAM ? CHUNK_STREAM.command : CHUNK_STREAM.stream;
  const payload = encodeAmf0(...values);
  return chunkMessage(
    { chunkStream, type: MESSAGE_TYPE.command, timestampMs: 0, streamId, payload },
    OUT_CHUNK_BYTES,
  );
}

export function windowAckSize(bytes = WINDOW_ACK_BYTES): Buffer {
  return control(MESSAGE_TYPE.windowAckSize, uint32(bytes));
}

export function setPeerBandwidth(): Buffer {
  const payload = uint32(WINDOW_ACK_BYTES, 1);
  payload[4] = LIMIT_DYNAMIC;
  return control(MESSAGE_TYPE.setPeerBandwidth, payload);
}

export function setChunkSize(): Buffer {
  return control(MESSAGE_TYPE.setChunkSize, uint32(OUT_CHUNK_BYTES));
}

/** `bytes`: all received so far; the field wraps (RTMP 1.0, 5.4.3). */
export function acknowledgement(bytes: number): Buffer {
  return control(MESSAGE_TYPE.acknowledgement, uint32(bytes % 2 ** 32));
}

export function pingResponse(time: Buffer): Buffer {
  return userControl(USER_EVENT.pingResponse, time.readUInt32BE());
}

/** A server takes messages in their order: its answer says that it has taken all that came before. */
export function pingRequest(): Buffer {
  return userControl(USER_EVENT.pingRequest, 0);
}

export function streamBegin(streamId: number): Buffer {
  return userControl(USER_EVENT.streamBegin, streamId);
}

export function streamEof(streamId: number): Buffer {
  return userControl(USER_EVENT.streamEof, streamId);
}

/**
 * The success of `connect`. `member` is this member's name, for who looks at the wire; `enhanced` are the capabilities
 * for a client that told its own.
 */
export function connectResult(
  transactionId: number,
  objectEncoding: number,
  member: string,
  enhanced: AmfObject = {},
): Buffer {
  return command(
    NO_STREAM,
    '_result',
    transactionId,
    { fmsVer: 'FMS/3,5,3,888', capabilities: 127, mode: 1, ...enhanced },
    {
      level: 'status',
      code: 'NetConnection.Connect.Success',
      description: 'Connection succeeded',
      objectEncoding,
      data: new AmfEcmaArray({ version: '3,5,3,888', server: 'headwater', member }),
    },
  );
}

export function connectError(transactionId: number, description: string): Buffer {
  const info = { level: 'error', code: 'NetConnection.Connect.Rejected', description };
  return command(NO_STREAM, '_error', transactionId, null, info);
}

export function onBwDone(): Buffer {
  return command(NO_STREAM, 'onBWDone', 0, null);
}

export function result(transactionId: number, value: AmfValue): Buffer {
  return command(NO_STREAM, '_result', transactionId, null, value);
}

export function callError(transactionId: number, description: string): Buffer {
  const info = { level: 'error', code: 'NetConnection.Call.Failed', description };
  return command(NO_STREAM, '_error', transactionId, null, info);
}

export function onStatus(
  streamId: number,
  level: StatusLevel,
  code: string,
  description: string,
  more: { readonly details?: string } = {},
): Buffer {
  return command(streamId, 'onStatus', 0, null, { level, code, description, ...more });
}

/**
 * Enhanced RTMP v2, "NetConnection.Connect.ReconnectRequest": the client is to connect to `tcUrl` and go on there; sent on the
 * connection, stream 0.
 */
export function reconnectRequest(tcUrl: string, description: string): Buffer {
  const info = { level: 'status', code: 'NetConnection.Connect.ReconnectRequest', description, tcUrl };
  return command(NO_STREAM, 'onStatus', 0, null, info);
}

/** Why nothing is published on this stream, by a code that encoders know. */
export function publishRefusal(
  streamId: number,
  description: string,
  more: { readonly details?: string } = {},
): Buffer {
  return onStatus(streamId, 'error', 'NetStream.Publish.BadName', description, more);
}

/** A publish ended by `FCUnpublish` or `closeStream`. */
export function unpublished(streamId: number): Buffer {
  return onStatus(streamId, 'status', UNPUBLISHED, 'Stopped publishing.');
}

/** FMLE waits for these two beside the `_result`; SRS and FMS send them. */
export function onFcPublish(): Buffer {
  return fcStatus('onFCPublish', 'NetStream.Publish.Start', 'Started publishing.');
}

export function onFcUnpublish(): Buffer {
  return fcStatus('onFCUnpublish', UNPUBLISHED, 'Stopped publishing.');
}

/** The same for players: those of Flash that subscribe (CDNs' way) do not play before it. */
export function onFcSubscribe(): Buffer {
  return fcStatus('onFCSubscribe', 'NetStream.Play.Start', 'Started playing.');
}

export function onFcUnsubscribe(): Buffer {
  return fcStatus('onFCUnsubscribe', 'NetStream.Play.Stop', 'Stopped playing.');
}

function fcStatus(name: string, code: string, description: string): Buffer {
  return command(NO_STREAM, name, 0, null, { level: 'status', code, description });
}

const UNPUBLISHED = 'NetStream.Unpublish.Success';

const SAMPLE_ACCESS = encodeAmf0('|RtmpSampleAccess', true, true);

/** What SRS says before each stream: both tracks may be looked at. */
export function sampleAccess(streamId: number): Buffer {
  return chunkMessage(
    {
      chunkStream: CHUNK_STREAM.stream,
      type: MESSAGE_TYPE.data,
      timestampMs: 0,
      streamId,
      payload: SAMPLE_ACCESS,
    },
    OUT_CHUNK_BYTES,
  );
}

/**
 * SRS's redirect, byte by byte: an error status on the stream's chunk stream, yet stream 0. `tcUrl` and `url` both name
 * the target; edges read the latter.
 */
export function redirect302(tcUrl: string, url: string): Buffer {
  const payload = encodeAmf0('onStatus', 0, null, {
    level: 'error',
    code: 'NetConnection.Connect.Rejected',
    description: 'RTMP 302 Redirect',
    ex: { code: 302, redirect: tcUrl, redirect2: url },
  });
  return chunkMessage(
    {
      chunkStream: CHUNK_STREAM.stream,
      type: MESSAGE_TYPE.command,
      timestampMs: 0,
      streamId: NO_STREAM,
      payload,
    },
    OUT_CHUNK_BYTES,
  );
}
