import type { MediaInfo } from '@headwater/directory';
import type { Frame } from '../wire/frame.js';
import { isSequenceEnd } from '../wire/make-frame.js';
import { HeaderStore, isMetadata } from './header-store.js';
import { MediaProbe } from './media-probe.js';

export interface TakenFrame {
  readonly frame: Frame;
  readonly isStart: boolean;
  readonly startsAnew: boolean;
}

export interface Tracks {
  readonly audio: boolean;
  readonly video: boolean;
}

const KEYFRAME_WAIT_MS = 30_000;

export class SourceIntake {
  readonly #probe = new MediaProbe();
  readonly #headers = new HeaderStore();
  #keyframeAtMs: number;

  constructor(nowMs: number) {
    this.#keyframeAtMs = nowMs;
  }

  get media(): MediaInfo {
    return this.#probe.media;
  }

  take(frame: Frame, nowMs: number): readonly TakenFrame[] {
    if (frame.payload.length === 0 || isSequenceEnd(frame)) return [];
    this.#probe.read(frame);
    const startsAnew = frame.isHeader && this.#headers.keep(frame);
    return [
      {
        frame: isMetadata(frame) ? { ...frame, timestampMs: 0 } : frame,
        isStart: this.#isStart(frame, nowMs),
        startsAnew,
      },
    ];
  }

  headersAt(timestampMs: number): readonly Frame[] {
    return this.#headers.at(timestampMs);
  }

  tracksAt(_nowMs: number): Tracks | null {
    const { audio, video } = this.media;
    return { audio: audio !== undefined, video: video !== undefined };
  }

  #isStart(frame: Frame, nowMs: number): boolean {
    if (frame.isHeader || frame.kind === 'data') return false;
    if (frame.kind === 'audio') return !this.#probe.hasVideo;
    if (!frame.isKeyframe && nowMs - this.#keyframeAtMs < KEYFRAME_WAIT_MS) return false;
    this.#keyframeAtMs = nowMs;
    return true;
  }
}
