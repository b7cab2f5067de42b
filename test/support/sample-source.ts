import { readFileSync } from 'node:fs';
import { inject } from 'vitest';
import { FlvReader, type FlvTag, isSequenceEnd } from './flv-reader.js';
import { RtmpClient } from './rtmp-client.js';
import type { Scope } from './scope.js';

/** How often what is due is sent; pictures come every 40 ms. */
const TICK_MS = 5;

/** One output of the source: a publisher's connection of its own. */
export interface SampleOutput {
  readonly client: RtmpClient;
  /** True: it stays connected and sends nothing; what is due meanwhile is lost. */
  isSilent: boolean;
  /** Which of the source's pictures, by number, it began with; null before it did. */
  firstPicture: number | null;
  /** Ends its connection without a word. */
  cut(): void;
}

export interface SampleSourceOptions {
  /** Another FLV file than the made sample, for another encode. */
  readonly file?: string;
  /** Bytes added to each picture, for a stream of a higher rate; decoders mind them, servers do not. */
  readonly paddingBytes?: number;
}

export interface OutputOptions {
  /** What this output's timestamps are ahead of the source's. */
  readonly clockMs?: number;
}

/**
 * An encoder with any number of outputs, which all get the same frames, in real time and over and
 * over: what comes from each can be laid beside the other and the file byte by byte.
 */
export class SampleSource {
  readonly #headers: readonly FlvTag[];
  readonly #frames: readonly FlvTag[];
  readonly #loopMs: number;
  readonly #scope: Scope;
  readonly #outputs = new Map<SampleOutput, { readonly clockMs: number; hasStarted: boolean }>();
  readonly #startMs = performance.now();
  #sent = 0;

  /** Decoding times of the pictures sent, in order. */
  readonly pictureTimes: number[] = [];

  constructor(scope: Scope, { file = inject('sampleFlv'), paddingBytes = 0 }: SampleSourceOptions = {}) {
    this.#scope = scope;
    const reader = new FlvReader();
    reader.push(readFileSync(file));
    const isHeader = ({ type, body }: FlvTag) => type === 18 || body[1] === 0;
    this.#headers = reader.tags.filter(isHeader);
    const padding = Buffer.alloc(paddingBytes);
    this.#frames = reader.tags
      .filter((tag) => !isHeader(tag) && !isSequenceEnd(tag))
      .map((tag) => (tag.type === 9 ? { ...tag, body: Buffer.concat([tag.body, padding]) } : tag));
    this.#loopMs = (this.#frames.at(-1)?.timestampMs ?? 0) + 40;
    const timer = setInterval(() => this.#sendDue(), TICK_MS);
    scope.defer(() => clearInterval(timer));
  }

  /** Publishes to `rtmp://127.0.0.1:PORT/app/stream` from now on, from the next keyframe; resolves when it is accepted. */
  async publish(url: string, { clockMs = 0 }: OutputOptions = {}): Promise<SampleOutput> {
    const { port, pathname } = new URL(url.replace(/^rtmp:/, 'http:'));
    const [, app = '', stream = ''] = pathname.split('/');
    const client = await RtmpClient.open(this.#scope, Number(port));
    await client.connect(`rtmp://127.0.0.1:${port}/${app}`);
    client.publish(stream);
    await client.awaitStatus('NetStream.Publish.Start');
    const output: SampleOutput = {
      client,
      isSilent: false,
      firstPicture: null,
      cut: () => {
        this.#outputs.delete(output);
        client.socket.resetAndDestroy();
      },
    };
    this.#outputs.set(output, { clockMs, hasStarted: false });
    return output;
  }

  #sendDue(): void {
    const elapsedMs = performance.now() - this.#startMs;
    for (;;) {
      const loop = Math.floor(this.#sent / this.#frames.length);
      const frame = this.#frames[this.#sent % this.#frames.length];
      if (frame === undefined || loop * this.#loopMs + frame.timestampMs > elapsedMs) return;
      this.#sent += 1;
      const atMs = loop * this.#loopMs + frame.timestampMs;
      if (frame.type === 9) this.pictureTimes.push(atMs);
      for (const [output, state] of this.#outputs) {
        if (!state.hasStarted && !isKeyframe(frame)) continue;
        if (!state.hasStarted) for (const header of this.#headers) send(output, header, atMs + state.clockMs);
        state.hasStarted = true;
        output.firstPicture ??= this.pictureTimes.length - 1;
        if (!output.isSilent) send(output, frame, atMs + state.clockMs);
      }
    }
  }
}

/** AVC's end of sequence (Adobe FLV 10.1, E.4.3.1), with which a file ends: a source that goes on sends none. */
const isKeyframe = ({ type, body }: FlvTag): boolean => type === 9 && (body[0] ?? 0) >> 4 === 1;

function send({ client }: SampleOutput, { type, body }: FlvTag, atMs: number): void {
  client.send(type === 9 ? 6 : 4, type, 1, body, atMs);
}
