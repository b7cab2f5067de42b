import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';

/** Frames as publishers send them, their content told by a number. */
const AVC_CONFIGURATION = Buffer.from('17000000000142c01effe100046742c01e01000268', 'hex');
/** An AVCDecoderConfigurationRecord (ISO 14496-15 5.2.4.1.1) of its own for each number, which is its last byte. */
export const VIDEO_HEADER = (id = 0): Frame =>
  makeFrame('video', 0, Buffer.concat([AVC_CONFIGURATION, Buffer.of(id)]));
export const AUDIO_HEADER = (id = 0): Frame => makeFrame('audio', 0, Buffer.of(0xaf, 0, 0x12, 0x10, id));
export const METADATA = (entries: Record<string, number> = { width: 640, videocodecid: 7 }): Frame =>
  makeFrame('data', 0, encodeAmf0('@setDataFrame', 'onMetaData', entries));
export const KEY = (timestampMs: number, id = 0, bytes = 0): Frame =>
  makeFrame('video', timestampMs, Buffer.concat([Buffer.of(0x17, 1, 0, 0, 0, id), Buffer.alloc(bytes)]));
export const INTER = (timestampMs: number, id = 0, bytes = 0): Frame =>
  makeFrame('video', timestampMs, Buffer.concat([Buffer.of(0x27, 1, 0, 0, 0, id), Buffer.alloc(bytes)]));
export const AUDIO = (timestampMs: number, id = 0): Frame =>
  makeFrame('audio', timestampMs, Buffer.of(0xaf, 1, id));
