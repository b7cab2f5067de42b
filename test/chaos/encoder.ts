import { awaitCondition } from '@headwater/testing/await-condition';
import { chunksOf } from '@headwater/testing/rtmp-chunks';
import { RtmpClient } from '../support/rtmp-client.js';
import { Scope } from '../support/scope.js';
import { type EventLog, seconds } from './event-log.js';
import type { Track } from './frame-mark.js';
import type { MadeEncode, MadeTag } from './made-encode.js';
import type { Feed, Supply } from './supply.js';

/** How a publisher's connection ends: reset, closed, or unpublished as RTMP asks for and then closed. */
export type Close = 'reset' | 'closed' | 'unpublished';

/** What it sends once it is connected; silent ones send frames when they are resumed. */
export type Sends = 'flowing' | 'headers' | 'silent';

/** An encode, and when its encoder began. */
export interface Encoding {
  readonly encode: MadeEncode;
  readonly startMs: number;
}

export interface OutputOptions {
  readonly name: string;
  /** What its timestamps are ahead of the encode's. */
  readonly clockMs: number;
  /** How much later than due it sends. */
  readonly lagMs: number;
}

/** What an output reaches: a member. */
export interface Target {
  readonly index: number;
  readonly name: string;
  readonly rtmpPort: number;
}

const CHUNK_BYTES = 4096;
/** An encoder that was refused or cut off tries again so soon. */
const RETRY_MS = 300;
const CHUNK_STREAM = { 8: 4, 9: 6, 18: 5 } as const;

type Sending = Sends | 'held';

interface Connection {
  readonly client: RtmpClient;
  readonly scope: Scope;
  readonly feed: Feed;
}

/** One output of an encoder: publishes one encode to one member, and connects again by itself as encoders do. */
export class Output {
  readonly name: string;
  readonly lagMs: number;
  readonly #options: OutputOptions;
  readonly #log: EventLog;
  readonly #supply: Supply;
  #encoding: Encoding;
  #target: Target;
  #sending: Sending = 'flowing';
  #connection: Connection | null = null;
  /** Counts what was ordered, so that an attempt of before knows that it is no longer wanted. */
  #order = 0;
  #next: { [track in Track]: number } | null = null;

  constructor(
    options: OutputOptions,
    encoding: Encoding,
    target: Target,
    { log, supply }: { readonly log: EventLog; readonly supply: Supply },
  ) {
    this.name = options.name;
    this.lagMs = options.lagMs;
    this.#options = options;
    this.#encoding = encoding;
    this.#target = target;
    this.#log = log;
    this.#supply = supply;
  }

  get isPublishing(): boolean {
    return this.#connection !== null;
  }

  /** Where it publishes, or tries to. */
  get member(): number {
    return this.#target.index;
  }

  get #encode(): MadeEncode {
    return this.#encoding.encode;
  }

  /** Connects, and again until it is accepted; what is left out is as before. */
  open(
    change: { readonly encoding?: Encoding; readonly target?: Target; readonly sends?: Sends } = {},
  ): void {
    this.#encoding = change.encoding ?? this.#encoding;
    this.#target = change.target ?? this.#target;
    this.#sending = change.sends ?? 'flowing';
    this.#order += 1;
    void this.#publish(this.#order);
  }

  /** It stays connected and sends nothing; what is due meanwhile is lost. */
  silence(): void {
    this.#sending = 'silent';
    this.#pause();
  }

  /** The way is blocked: what is due comes at once when it is free again. */
  hold(): void {
    this.#sending = 'held';
    this.#pause();
  }

  resume(): void {
    // It sent headers alone, and begins its frames only now, at a keyframe.
    if (this.#sending === 'headers') this.#next = null;
    this.#sending = 'flowing';
  }

  close(how: Close): void {
    this.#order += 1;
    const connection = this.#connection;
    if (connection === null) return;
    this.#disconnect();
    const { client } = connection;
    if (how === 'unpublished') {
      client.command(0, 'FCUnpublish', 4, null, streamOf(this.#encode));
      client.command(0, 'deleteStream', 5, null, 1);
    }
    if (how === 'reset') client.socket.resetAndDestroy();
    else client.socket.end();
  }

  /** Sends what is due. */
  tick(): void {
    const connection = this.#connection;
    if (connection === null || this.#sending === 'held') return;
    const nowMs = this.#log.nowMs();
    const atMs = nowMs - this.#encoding.startMs - this.#options.lagMs;
    if (this.#sending !== 'silent') this.#begin(connection, atMs);
    if (this.#next === null || this.#sending === 'headers') return;
    const next = this.#next;
    for (;;) {
      const { video, audio } = next;
      const track: Track =
        this.#encode.timeOf('audio', audio) < this.#encode.timeOf('video', video) ? 'audio' : 'video';
      const number = next[track];
      const dueMs = this.#encode.timeOf(track, number);
      if (dueMs > atMs) return;
      next[track] += 1;
      if (this.#sending === 'silent') continue;
      this.#send(connection, this.#encode.frame(track, number), dueMs);
      this.#supply.sent(connection.feed, track, number, nowMs);
    }
  }

  /** Its first frames are due at the next keyframe from now. */
  #begin(connection: Connection, atMs: number): void {
    if (this.#next !== null) return;
    const { gopFrames } = this.#encode;
    const video = Math.ceil(this.#encode.firstFrom('video', atMs) / gopFrames) * gopFrames;
    const startMs = this.#encode.timeOf('video', video);
    this.#next = { video, audio: this.#encode.firstFrom('audio', startMs) };
    for (const header of this.#encode.headers) this.#send(connection, header, startMs);
  }

  #send({ client }: Connection, { type, body }: MadeTag, atMs: number): void {
    const timestampMs = Math.round(atMs + this.#options.clockMs);
    client.socket.write(chunksOf(CHUNK_STREAM[type], type, 1, body, timestampMs, CHUNK_BYTES));
  }

  #pause(): void {
    if (this.#connection !== null) this.#supply.paused(this.#connection.feed, this.#log.nowMs());
  }

  #disconnect(): void {
    this.#pause();
    this.#connection = null;
    this.#next = null;
  }

  async #publish(order: number): Promise<void> {
    const sinceMs = this.#log.nowMs();
    let told = '';
    while (order === this.#order) {
      const scope = new Scope();
      try {
        const client = await this.#accepted(scope);
        if (order !== this.#order) {
          await scope.close();
          return;
        }
        const feed = this.#supply.open(this.name, this.#encode, this.#target.index);
        const connection = { client, scope, feed };
        this.#connection = connection;
        this.#log.note(`${this.name} is accepted by ${this.#target.name}, encode ${this.#encode.id}`);
        client.socket.once('close', () => this.#closed(connection, order));
        return;
      } catch (error) {
        await scope.close();
        const why = String(error).split('\n')[0] ?? '';
        if (told !== why && order === this.#order)
          this.#log.note(`${this.name} is not accepted by ${this.#target.name}: ${why}`);
        told = why;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    if (told !== '') this.#log.note(`${this.name} gave up after ${seconds(this.#log.nowMs() - sinceMs)} s`);
  }

  async #accepted(scope: Scope): Promise<RtmpClient> {
    const { rtmpPort } = this.#target;
    const [app = '', stream = ''] = this.#encode.stream.split('/');
    const client = await RtmpClient.open(scope, rtmpPort);
    await client.connect(`rtmp://127.0.0.1:${rtmpPort}/${app}`);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(CHUNK_BYTES);
    client.send(2, 1, 0, size);
    client.publish(stream);
    await awaitCondition('an answer to publish', () => client.statuses.length > 0 || client.isClosed);
    const [code = 'closed'] = client.statuses;
    if (code !== 'NetStream.Publish.Start') throw new Error(String(code));
    return client;
  }

  /** Not by us. */
  #closed(connection: Connection, order: number): void {
    if (this.#connection !== connection) return;
    const status = String(connection.client.statuses.at(-1) ?? '');
    this.#log.note(`${this.name} was disconnected by ${this.#target.name} ${status}`);
    this.#disconnect();
    this.#onLost(connection.feed.member, status);
    void this.#publish(order);
  }

  #onLost: (member: number, status: string) => void = () => {};

  /** Told when a member ends the connection. */
  onLost(listener: (member: number, status: string) => void): void {
    this.#onLost = listener;
  }

  /** Ends it all, whatever its state. */
  end(): void {
    this.close('closed');
  }
}

function streamOf({ stream }: MadeEncode): string {
  return stream.split('/')[1] ?? '';
}
