import { expect } from 'vitest';
import { SourceIntake } from '../stream/source-intake.js';
import type { TakenFrame } from '../stream/taken-frame.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { type AmfValue, amfObject, decodeAmf0, encodeAmf0 } from '../wire/rtmp/amf0.js';
import { AVCC_720, AVCC_1080, HVCC_322 } from './configurations.js';

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
export const video = (at: number, bytes: string, body: Buffer = Buffer.alloc(0)): Frame =>
  makeFrame('video', at, Buffer.concat([hex(bytes), body]));
export const audio = (at: number, bytes: string): Frame => makeFrame('audio', at, hex(bytes));
export const data = (at: number, ...values: AmfValue[]): Frame =>
  makeFrame('data', at, encodeAmf0(...values));

export const AVC_HEADER = video(0, '17 00 000000', AVCC_720);
export const OTHER_AVC_HEADER = video(0, '17 00 000000', AVCC_1080);
export const HEVC_HEADER = video(0, '90 68766331', HVCC_322);
export const AAC_HEADER = audio(0, 'af 00 1210');
export const KEY = (at: number): Frame => video(at, '17 01 000000 00000002 6588');
export const INTER = (at: number): Frame => video(at, '27 01 000000 00000002 4188');
export const HEVC_KEY = (at: number): Frame => video(at, '93 68766331 00000002 2601');
export const AAC = (at: number): Frame => audio(at, 'af 01 21');
export const ALAW = (at: number): Frame => audio(at, '72 d5d5');
export const METADATA = (entries: Record<string, AmfValue>): Frame =>
  data(0, '@setDataFrame', 'onMetaData', entries);
export const BOTH_ANNOUNCED = METADATA({ videocodecid: 7, audiocodecid: 10 });

/** As a test reads it: `video 40 start`, `audio 0 header anew`. */
export function told({ frame, isStart, startsAnew }: TakenFrame): string {
  const { kind, timestampMs, isHeader } = frame;
  const what = [isHeader && 'header', isStart && 'start', startsAnew && 'anew'].filter(Boolean);
  return [kind, timestampMs, ...what].join(' ');
}

/** What a source sends, and what is taken of it. */
export class Source {
  readonly intake = new SourceIntake(0);
  readonly got: TakenFrame[] = [];
  #nowMs = 0;

  /** They come all at once. */
  burst(...frames: Frame[]): this {
    for (const frame of frames) this.got.push(...this.intake.take(frame, this.#nowMs));
    return this;
  }

  /** Frames come so many ms apart, as their timestamps say. */
  live(kinds: readonly ((at: number) => Frame)[], from: number, to: number, stepMs = 40): this {
    for (let at = from; at < to; at += stepMs) {
      for (const kind of kinds) this.burst(kind(at));
      this.#nowMs += stepMs;
    }
    return this;
  }

  get story(): string[] {
    return this.got.splice(0).map(told);
  }

  /** When players could first start among what came. */
  get firstStart(): string | undefined {
    return this.story.find((line) => line.includes('start'));
  }

  get starts(): string[] {
    return this.story.filter((line) => line.includes('start'));
  }

  get tracks(): string | null {
    const tracks = this.intake.tracksAt(this.#nowMs);
    return tracks && [tracks.audio && 'audio', tracks.video && 'video'].filter(Boolean).join('+');
  }

  /** What a joiner is given first: bytes, but for metadata. */
  headers(at = 0): string[] {
    return this.intake
      .headersAt(at)
      .filter(({ kind }) => kind !== 'data')
      .map(({ payload }) => payload.toString('hex'));
  }

  get metadata(): Record<string, AmfValue> | null {
    const frame = this.intake.headersAt(77).find(({ kind }) => kind === 'data');
    if (frame === undefined) return null;
    expect(frame).toMatchObject({ timestampMs: 0, isHeader: true });
    const [name, entries] = decodeAmf0(frame.payload);
    expect(name).toBe('onMetaData');
    return { ...amfObject(entries) };
  }
}

export const bytesOf = (...frames: Frame[]): string[] => frames.map(({ payload }) => payload.toString('hex'));

/** Both tracks are there, players have started. */
export const running = (): Source => {
  const source = new Source().burst(AVC_HEADER, AAC_HEADER, KEY(1000), AAC(1000), INTER(1040), AAC(1023));
  source.got.length = 0;
  return source;
};
