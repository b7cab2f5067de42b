import { type ClientRequest, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { RtmpPublisher } from '@headwater/media';
import { RtmpClient } from '../support/rtmp-client.js';
import { Scope } from '../support/scope.js';
import { sampleFrames, samplePicture } from './sample-stream.js';

const STREAM = 'bystander';
const FRAME_MS = 40;

/** An honest publisher and its two players, which must not notice what goes on beside them. */
export class Bystanders {
  readonly #scope = new Scope();
  readonly #lastMs = { rtmp: 0, http: 0 };
  readonly #messages = { rtmp: 0, http: 0 };
  #longestSilenceMs = 0;
  #ended: string | null = null;

  static async start(ports: { readonly rtmpPort: number; readonly httpPort: number }): Promise<Bystanders> {
    const all = new Bystanders();
    const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${ports.rtmpPort}/live/${STREAM}`);
    all.#scope.defer(() => publisher.close());
    publisher.ended.then((error) => all.#end(`publisher: ${error.message}`));
    for (const frame of sampleFrames(1)) publisher.send(frame);
    const aborter = new AbortController();
    all.#scope.defer(() => aborter.abort());
    all.#publish(publisher, aborter.signal);

    const client = await RtmpClient.open(all.#scope, ports.rtmpPort);
    await client.connect(`rtmp://127.0.0.1:${ports.rtmpPort}/live`);
    client.play(STREAM);
    client.socket.on('data', () => {
      // It keeps every message; a long run needs none of them.
      client.messages.length = 0;
      all.#heard('rtmp');
    });
    client.socket.on('close', () => all.#end('RTMP player: closed'));

    const request: ClientRequest = get(
      `http://127.0.0.1:${ports.httpPort}/live/${STREAM}.flv`,
      (response) => {
        response.on('data', () => all.#heard('http'));
        response.on('close', () => all.#end('HTTP-FLV player: closed'));
        response.on('error', () => {});
      },
    );
    request.on('error', (error) => all.#end(`HTTP-FLV player: ${error.message}`));
    all.#scope.defer(() => request.destroy());
    return all;
  }

  /** Longest time that a player heard nothing, up to now. */
  get longestSilenceMs(): number {
    const now = performance.now();
    for (const last of Object.values(this.#lastMs)) this.#note(now, last);
    return this.#longestSilenceMs;
  }

  /** Why one of them is no more, null while all are well. */
  get ended(): string | null {
    return this.#ended;
  }

  get readsOfPlayers(): { readonly rtmp: number; readonly http: number } {
    return this.#messages;
  }

  async stop(): Promise<void> {
    this.#ended ??= 'stopped';
    await this.#scope.close();
  }

  async #publish(publisher: RtmpPublisher, signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    for (let i = 1; !signal.aborted && !publisher.isEnded; i += 1) {
      for (const frame of samplePicture(i, i * FRAME_MS)) publisher.send(frame);
      const waitMs = startMs + (i + 1) * FRAME_MS - performance.now();
      if (waitMs > 0) await sleep(waitMs);
    }
  }

  #heard(player: 'rtmp' | 'http'): void {
    const now = performance.now();
    this.#note(now, this.#lastMs[player]);
    this.#lastMs[player] = now;
    this.#messages[player] += 1;
  }

  #note(now: number, last: number): void {
    if (last > 0) this.#longestSilenceMs = Math.max(this.#longestSilenceMs, now - last);
  }

  #end(reason: string): void {
    this.#ended ??= reason;
  }
}
