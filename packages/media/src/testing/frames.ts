import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';

/** Frames as publishers send them, their content told by a number. */
export const VIDEO_HEADER = (id = 0): Frame => makeFrame('video', 0, Buffer.of(0x17, 0, 0, 0, 0, id));
export const AUDIO_HEADER = (id = 0): Frame => makeFrame('audio', 0, Buffer.of(0xaf, 0, 0x12, 0x10, id));
export const METADATA = (entries: Record<string, number> = { width: 640, videocodecid: 7 }): Frame =>
  makeFrame('data', 0, encodeAmf0('@setDataFrame', 'onMetaData', entries));
export const KEY = (timestampMs: number, id = 0, bytes = 0): Frame =>
  makeFrame('video', timestampMs, Buffer.concat([Buffer.of(0x17, 1, 0, 0, 0, id), Buffer.alloc(bytes)]));
export const INTER = (timestampMs: number, id = 0, bytes = 0): Frame =>
  makeFrame('video', timestampMs, Buffer.concat([Buffer.of(0x27, 1, 0, 0, 0, id), Buffer.alloc(bytes)]));
export const AUDIO = (timestampMs: number, id = 0): Frame =>
  makeFrame('audio', timestampMs, Buffer.of(0xaf, 1, id));
