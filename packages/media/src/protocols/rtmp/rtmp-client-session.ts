import type { Frame } from '../../wire/frame.js';
import { SET_DATA_FRAME } from '../../wire/make-frame.js';
import { type AmfValue, amfObject, encodeAmf0 } from '../../wire/rtmp/amf0.js';
import type { ParserLimits } from '../../wire/rtmp/chunk-parser.js';
import { chunkMessage, OUT_CHUNK_BYTES } from '../../wire/rtmp/chunk-writer.js';
import { CHUNK_STREAM, MEDIA_CHUNK_STREAM, MESSAGE_TYPE } from '../../wire/rtmp/message.js';
import { pingRequest, setChunkSize, windowAckSize } from './answers.js';
import { RtmpClientConnection } from './rtmp-client-connection.js';
import { RtmpClientError } from './rtmp-client-error.js';
import type { RtmpCommand } from './rtmp-peer.js';
import { type RtmpTarget, streamWithQuery, tcUrl } from './rtmp-target.js';

export interface RtmpSessionOptions {
  readonly target: RtmpTarget;
  /** What we call ourselves (flashVer). */
  readonly agent: string;
  /** From now to the answer to play or publish. */
  readonly deadlineMs: number;
  readonly limits: ParserLimits;
}

export interface RtmpSessionEvents {
  /** The server answered play or publish; its frames come right after, within the same read perhaps. */
  started?(): void;
  frame?(frame: Frame): void;
  /** A status after the answer to play or publish, such as `NetStream.Play.UnpublishNotify`. */
  status?(code: string, description: string): void;
  /** The server answered a `ping`. */
  pong?(): void;
  /** Once, last of all. */
  closed(error: RtmpClientError): void;
}

/** FMLE's capabilities: all codecs, seeking as in live. */
const CAPABILITIES = {
  fpad: false,
  capabilities: 239,
  audioCodecs: 3575,
  videoCodecs: 252,
  videoFunction: 1,
} as const;
/** What a client of a live stream asks for: live, else recorded. */
const PLAY_START_ANY = -2;
/** Data messages that are the server's word to us, and no part of the stream. */
const SERVER_DATA = new Set(['|RtmpSampleAccess', 'onStatus']);

interface Pending {
  resolve(value: AmfValue): void;
  reject(error: RtmpClientError): void;
}

/**
 * A client's session with an RTMP server: `play` or `publish`, once. Both reject with `RtmpClientError` and then the
 * connection is closed; `closed` is called in any case.
 */
export class RtmpClientSession {
  readonly #options: RtmpSessionOptions;
  readonly #events: RtmpSessionEvents;
  readonly #client: RtmpClientConnection;
  readonly #commands = new Map<number, Pending>();
  #start: (Pending & { readonly code: string }) | null = null;
  #handshake: Pending | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #error: RtmpClientError | null = null;
  #isPublisher = false;
  #nextTransaction = 1;
  #streamId = 0;

  constructor(options: RtmpSessionOptions, events: RtmpSessionEvents) {
    this.#options = options;
    this.#events = events;
    this.#client = new RtmpClientConnection(options.limits, {
      command: (command) => this.#onCommand(command),
      frame: (frame) => this.#onFrame(frame),
      pong: () => events.pong?.(),
      closed: (error) => this.#closed(error),
    });
  }

  get isClosed(): boolean {
    return this.#client.isClosed;
  }

  get queuedBytes(): number {
    return this.#client.queuedBytes;
  }

  /** Resolves once all that was sent so far is with the kernel, or the session has ended. */
  flushed(): Promise<void> {
    return this.#client.flushed();
  }

  async play(): Promise<void> {
    await this.#connect();
    await this.#createStream();
    await this.#awaitStart(
      'NetStream.Play.Start',
      'play',
      streamWithQuery(this.#options.target),
      PLAY_START_ANY,
    );
  }

  async publish(): Promise<void> {
    this.#isPublisher = true;
    await this.#connect();
    const name = streamWithQuery(this.#options.target);
    this.#send('releaseStream', 0, this.#nextTransaction++, null, name);
    this.#send('FCPublish', 0, this.#nextTransaction++, null, name);
    await this.#createStream();
    await this.#awaitStart('NetStream.Publish.Start', 'publish', name, 'live');
  }

  /** Sends a frame of a stream that is being published. */
  push(frame: Frame): void {
    const isMetadata = frame.kind === 'data' && frame.isHeader;
    const payload = isMetadata ? Buffer.concat([SET_DATA_FRAME, frame.payload]) : frame.payload;
    this.#client.write(
      chunkMessage(
        {
          chunkStream: MEDIA_CHUNK_STREAM[frame.kind],
          type: MESSAGE_TYPE[frame.kind],
          timestampMs: frame.timestampMs,
          streamId: this.#streamId,
          payload,
        },
        OUT_CHUNK_BYTES,
      ),
    );
  }

  /** Asks the server for a sign of life, behind all that was sent before (RTMP 1.0, 7.1.7). */
  ping(): void {
    this.#client.write(pingRequest());
  }

  /** Unpublishes or stops playing, then closes. */
  close(): void {
    if (this.#streamId !== 0) {
      if (this.#isPublisher) {
        this.#send('FCUnpublish', 0, this.#nextTransaction++, null, streamWithQuery(this.#options.target));
      }
      this.#send('deleteStream', 0, this.#nextTransaction++, null, this.#streamId);
    }
    this.#client.end(new RtmpClientError('closed', 'closed by us'), { flush: true });
  }

  /** Closes at once and says why. */
  abort(error: RtmpClientError): void {
    this.#client.end(error);
  }

  async #connect(): Promise<void> {
    const { target, agent, deadlineMs } = this.#options;
    this.#deadline = setTimeout(() => {
      this.abort(
        new RtmpClientError(
          'deadline',
          `no answer from ${target.host}:${target.port} within ${deadlineMs} ms`,
        ),
      );
    }, deadlineMs);
    await new Promise<AmfValue>((resolve, reject) => {
      this.#handshake = { resolve, reject };
      this.#client.open(target, () => resolve(null));
    });
    this.#client.write(setChunkSize());
    this.#client.write(windowAckSize());
    await this.#command('connect', {
      app: target.app,
      type: 'nonprivate',
      flashVer: agent,
      tcUrl: tcUrl(target),
      ...CAPABILITIES,
      objectEncoding: 0,
    });
  }

  async #createStream(): Promise<void> {
    const id = await this.#command('createStream', null);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > 0xffffffff) {
      const error = new RtmpClientError('protocol', 'the answer to createStream has no stream id');
      this.abort(error);
      throw error;
    }
    this.#streamId = id;
  }

  /** Sends a command and resolves with the third value of its `_result`. */
  #command(name: string, object: AmfValue): Promise<AmfValue> {
    const transaction = this.#nextTransaction++;
    return new Promise((resolve, reject) => {
      if (this.#error !== null) return reject(this.#error);
      this.#commands.set(transaction, { resolve, reject });
      this.#send(name, 0, transaction, object);
    });
  }

  async #awaitStart(code: string, command: string, ...args: readonly AmfValue[]): Promise<void> {
    await new Promise<AmfValue>((resolve, reject) => {
      if (this.#error !== null) return reject(this.#error);
      this.#start = { code, resolve, reject };
      this.#send(command, this.#streamId, this.#nextTransaction++, null, ...args);
    });
  }

  #send(name: string, streamId: number, transaction: number, ...values: readonly AmfValue[]): void {
    const payload = encodeAmf0(name, transaction, ...values);
    this.#client.write(
      chunkMessage(
        { chunkStream: CHUNK_STREAM.command, type: MESSAGE_TYPE.command, timestampMs: 0, streamId, payload },
        OUT_CHUNK_BYTES,
      ),
    );
  }

  #onFrame(frame: Frame): void {
    if (frame.payload.length === 0) return;
    if (frame.kind !== 'data' || !SERVER_DATA.has(dataName(frame.payload))) this.#events.frame?.(frame);
  }

  #onCommand({ name, transactionId, values: [, info] }: RtmpCommand): void {
    if (name === 'onStatus') {
      this.#status(info);
      return;
    }
    if (name !== '_result' && name !== '_error') return;
    const pending = this.#commands.get(transactionId);
    if (pending === undefined) return;
    this.#commands.delete(transactionId);
    if (name === '_result') pending.resolve(info);
    else this.#refused(info);
  }

  #status(info: AmfValue): void {
    const { level, code, description } = amfObject(info) ?? {};
    if (level === 'error') {
      this.#refused(info);
      return;
    }
    if (typeof code !== 'string') return;
    const start = this.#start;
    if (start !== null && code === start.code) {
      this.#start = null;
      this.#stopDeadline();
      this.#events.started?.();
      start.resolve(null);
    } else if (start === null) {
      this.#events.status?.(code, typeof description === 'string' ? description : '');
    }
  }

  #refused(info: AmfValue): void {
    const { code, description, details } = amfObject(info) ?? {};
    const status = typeof code === 'string' ? code.slice(0, TEXT_MAX) : undefined;
    const own = typeof details === 'string' ? details.slice(0, TEXT_MAX) : undefined;
    const text =
      typeof description === 'string' && description !== '' ? description.slice(0, TEXT_MAX) : status;
    this.abort(new RtmpClientError('refused', text ?? 'the server refused without a reason', status, own));
  }

  #closed(error: RtmpClientError): void {
    this.#error = error;
    this.#stopDeadline();
    const waiting = [...this.#commands.values(), this.#start, this.#handshake];
    this.#commands.clear();
    this.#start = null;
    this.#handshake = null;
    for (const pending of waiting) pending?.reject(error);
    this.#events.closed(error);
  }

  #stopDeadline(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
  }
}

/** Longest text of a server that goes into our errors and logs, in characters. */
const TEXT_MAX = 512;

/** The AMF0 string that a data message begins with; empty where it begins with none. */
function dataName(payload: Buffer): string {
  return payload[0] === 2 && payload.length > 3
    ? payload.toString('utf8', 3, 3 + payload.readUInt16BE(1))
    : '';
}
