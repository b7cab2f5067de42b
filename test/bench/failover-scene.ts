import { setTimeout as sleep } from 'node:timers/promises';
import { FlvFile, type Frame, RtmpPublisher } from '@headwater/media';
import { awaitCondition } from '@headwater/testing/await-condition';
import { type FlvPlay, playWebSocket } from '../support/flv-client.js';
import type { FlvReader } from '../support/flv-reader.js';
import { SampleTags } from '../support/sample-tags.js';
import type { Scope } from '../support/scope.js';
import { SAMPLE } from './sample-publisher.js';

/** How often an end is tried. */
export const RUNS = 20;
/** Played before that end, ms; the moment within the next second is random. */
export const BEFORE_MS = 1500;
/** Pictures that have to come afterwards. */
export const AFTER_PICTURES = 75;
/** The second output's clock is another one, as of an encoder that was connected later. */
const CLOCK_OFFSET_MS = 12_345;

export type Encodes = 'sameEncode' | 'differentEncodes';

/** A player by WebSocket: what it got, and when each picture came. */
export class TimedPlayer {
  readonly #play: FlvPlay;
  /** When each picture came, in ms of `performance.now()`. */
  readonly arrivalsMs: number[] = [];

  private constructor(scope: Scope, url: string) {
    let before = 0;
    this.#play = playWebSocket(scope, url, () => {
      const { length } = this.reader.pictures;
      if (length > before) this.arrivalsMs.push(performance.now());
      before = length;
    });
  }

  get reader(): FlvReader {
    return this.#play.reader;
  }

  get isClosed(): boolean {
    return this.#play.end !== null;
  }

  /** One that has its first picture. */
  static async playing(scope: Scope, url: string): Promise<TimedPlayer> {
    const player = new TimedPlayer(scope, url);
    await awaitCondition('pictures', () => player.reader.pictures.length > 0);
    return player;
  }

  /** The longest time without a picture since the arrival of this number, in ms. */
  longestGapMs(since: number): number {
    const times = this.arrivalsMs.slice(since);
    return Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? time)));
  }

  /** Pictures or sounds lost, doubled or out of order. */
  breaks(): readonly string[] {
    const sample = new SampleTags(SAMPLE);
    return [...sample.pictureBreaks(this.reader), ...sample.soundBreaks(this.reader)];
  }

  /** Times of pictures that go back. */
  stepsBack(): readonly string[] {
    const times = this.reader.pictures.map(({ timestampMs }) => timestampMs);
    return times.flatMap((time, at) => (time < (times[at - 1] ?? 0) ? [`${times[at - 1]} -> ${time}`] : []));
  }
}

/** One encoder with two outputs, or two encoders; goes on while either of them takes it. */
export async function publishTwice(
  scope: Scope,
  urls: readonly string[],
  encodes: Encodes,
): Promise<{ silence(index: number): void }> {
  const file = await FlvFile.read(SAMPLE);
  const publishers = await Promise.all(urls.map((url) => RtmpPublisher.open(url)));
  const silent = new Set<number>();
  const stopping = new AbortController();
  scope.defer(async () => {
    stopping.abort();
    // A hung origin never answers the goodbye.
    await Promise.race([Promise.all(publishers.map((publisher) => publisher.close())), sleep(1000)]);
  });
  const push = async () => {
    const startMs = performance.now();
    for (const frame of file.loop()) {
      await sleep(Math.max(0, startMs + frame.timestampMs - performance.now()));
      if (stopping.signal.aborted) return;
      for (const [index, publisher] of publishers.entries()) {
        if (silent.has(index)) continue;
        const timestampMs = frame.timestampMs + index * CLOCK_OFFSET_MS;
        const isOther = encodes === 'differentEncodes' && index === 1;
        publisher.send({ ...(isOther ? otherwise(frame) : frame), timestampMs });
      }
    }
  };
  void push();
  return { silence: (index) => void silent.add(index) };
}

/** A filler NAL unit (ITU-T H.264, 7.4.1 and 7.3.2.7) behind the picture: other bytes, as another encoder's. */
const FILLER = Buffer.from('000000030cff80', 'hex');

function otherwise(frame: Frame): Frame {
  if (frame.isHeader || frame.kind === 'data') return frame;
  const more = frame.kind === 'video' ? FILLER : Buffer.of(0);
  return { ...frame, payload: Buffer.concat([frame.payload, more]) };
}
