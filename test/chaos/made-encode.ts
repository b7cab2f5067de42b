import { encodeAmf } from '@headwater/testing/amf0';
import { avcConfig } from './avc-config.js';
import { type Track, writeMark } from './frame-mark.js';

export interface MadeTag {
  /** 8 audio, 9 video, 18 script data (Adobe FLV 10.1, E.4.1). */
  readonly type: 8 | 9 | 18;
  readonly body: Buffer;
}

export interface EncodeOptions {
  /** Unique in a run. */
  readonly id: string;
  /** The stream that it is published as: `app/stream`. */
  readonly stream: string;
  readonly gopFrames: number;
  /** Two encodes of different looks have different decoder configurations. */
  readonly look: number;
  /** `full` where absent. */
  readonly pace?: Pace;
}

/** `full`: as real encoders. `slow`: 5 pictures a second and sound of 8 or 11 kHz, so that hundreds fit on a small machine. */
export type Pace = 'full' | 'slow';

/** Between two pictures. */
export const FRAME_MS = { full: 40, slow: 200 } as const;
/** Samples of one AAC frame. */
const AAC_SAMPLES = 1024;
const KEYFRAME_BYTES = 1500;
const INTER_FRAME_BYTES = 260;
const SOUND_BYTES = 90;
const NAL_KEYFRAME = 0x65;
const NAL_INTER_FRAME = 0x41;

/** Sampling rates and channels as an AudioSpecificConfig counts them (ISO 14496-3 1.6.2.1). */
const SOUNDS = {
  full: [
    { index: 4, rateHz: 44_100, channels: 2 },
    { index: 3, rateHz: 48_000, channels: 2 },
    { index: 4, rateHz: 44_100, channels: 1 },
    { index: 3, rateHz: 48_000, channels: 1 },
  ],
  slow: [
    { index: 11, rateHz: 8_000, channels: 2 },
    { index: 10, rateHz: 11_025, channels: 2 },
    { index: 11, rateHz: 8_000, channels: 1 },
    { index: 10, rateHz: 11_025, channels: 1 },
  ],
} as const;

/**
 * One encode of pictures and sound, made up: headers are sound ones that tell this encode from others, frames
 * carry their numbers. Every output of the encode gets the same bytes.
 */
export class MadeEncode {
  readonly id: string;
  readonly stream: string;
  readonly gopFrames: number;
  readonly videoHeader: Buffer;
  readonly audioHeader: Buffer;
  readonly #frameMs: number;
  readonly #rateHz: number;
  readonly #metadata: Buffer;

  constructor({ id, stream, gopFrames, look, pace = 'full' }: EncodeOptions) {
    this.id = id;
    this.stream = stream;
    this.gopFrames = gopFrames;
    const width = 320 + 16 * (look % 64);
    const height = 240;
    const sounds = SOUNDS[pace];
    const sound = sounds[look % sounds.length] ?? sounds[0];
    this.#frameMs = FRAME_MS[pace];
    this.#rateHz = sound.rateHz;
    this.videoHeader = Buffer.concat([Buffer.from([0x17, 0, 0, 0, 0]), avcConfig(width, height)]);
    // AAC LC is object type 2.
    const config = (2 << 11) | (sound.index << 7) | (sound.channels << 3);
    this.audioHeader = Buffer.from([0xaf, 0, config >> 8, config & 0xff]);
    const told = { width, height, framerate: 1000 / this.#frameMs, videocodecid: 7, audiocodecid: 10 };
    const sampling = { audiosamplerate: sound.rateHz, stereo: sound.channels === 2, encoder: id };
    this.#metadata = encodeAmf('@setDataFrame', 'onMetaData', { ...told, ...sampling });
  }

  get gopMs(): number {
    return this.gopFrames * this.#frameMs;
  }

  /** What a publisher sends before its frames. */
  get headers(): readonly MadeTag[] {
    return [
      { type: 18, body: this.#metadata },
      { type: 9, body: this.videoHeader },
      { type: 8, body: this.audioHeader },
    ];
  }

  header(track: Track): Buffer {
    return track === 'video' ? this.videoHeader : this.audioHeader;
  }

  /** When the frame is due, ms after the encode's begin. */
  timeOf(track: Track, number: number): number {
    return track === 'video'
      ? number * this.#frameMs
      : Math.round((number * AAC_SAMPLES * 1000) / this.#rateHz);
  }

  /** The first frame of a track that is due at this time or later. */
  firstFrom(track: Track, atMs: number): number {
    const frameMs = track === 'video' ? this.#frameMs : (AAC_SAMPLES * 1000) / this.#rateHz;
    return Math.max(0, Math.ceil(atMs / frameMs));
  }

  /** The keyframe that a picture needs. */
  keyframeOf(number: number): number {
    return number - (number % this.gopFrames);
  }

  frame(track: Track, number: number): MadeTag {
    if (track === 'audio') {
      const mark = writeMark({ encode: this.id, track, number }, SOUND_BYTES);
      return { type: 8, body: Buffer.concat([Buffer.from([0xaf, 1]), mark]) };
    }
    const isKeyframe = number % this.gopFrames === 0;
    const mark = writeMark(
      { encode: this.id, track, number },
      isKeyframe ? KEYFRAME_BYTES : INTER_FRAME_BYTES,
    );
    const head = Buffer.from([isKeyframe ? 0x17 : 0x27, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(mark.length + 1, 5);
    head[9] = isKeyframe ? NAL_KEYFRAME : NAL_INTER_FRAME;
    return { type: 9, body: Buffer.concat([head, mark]) };
  }
}
