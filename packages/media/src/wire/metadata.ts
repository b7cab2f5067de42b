import { encodeAmf0 } from './rtmp/amf0.js';
import { amf0ValueEnd } from './rtmp/amf0-value-end.js';

type Scalar = number | boolean | string;

interface Entry {
  /** Absent for what is handed on and not read: dates, and the maps of track ids. */
  readonly value?: Scalar;
  /** The value as the encoder wrote it, its type first. */
  readonly bytes: Buffer;
}

/** What a stream's encoder says of it in `onMetaData` (FLV 10.1 E.5), by name. */
export type Metadata = ReadonlyMap<string, Entry>;

/** What is known of a stream beside its metadata. */
export interface KnownMedia {
  /** Absent where nothing is known; null where it is known that there is none. */
  readonly video?: KnownVideo | null;
  readonly audio?: KnownAudio | null;
}

export interface KnownVideo {
  /** FLV's number, or a fourcc as a number (Enhanced RTMP v2, `videocodecid`). */
  readonly codecId: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

export interface KnownAudio {
  readonly codecId: number;
  readonly sampleRateHz?: number | undefined;
  readonly channels?: number | undefined;
}

const ON_METADATA = Buffer.from([0x02, 0x00, 0x0a, ...Buffer.from('onMetaData')]);
const NUMBER = 0x00;
const BOOLEAN = 0x01;
const STRING = 0x02;
const OBJECT = 0x03;
const ECMA_ARRAY = 0x08;
const OBJECT_END = 0x09;
const DATE = 0x0b;
const LONG_STRING = 0x0c;
const TYPED_OBJECT = 0x10;

/** Longest name and value that are kept, bytes; entries over a limit are left out. */
const NAME_BYTES_MAX = 128;
const VALUE_BYTES_MAX = 2048;
/** Longest text: at a longer one ffmpeg reads nothing of the metadata (`amf_parse_object` in its FLV demuxer, as of 7.1). */
const TEXT_BYTES_MAX = 1023;
const ENTRIES_MAX = 128;
const BYTES_MAX = 16_384;
/** Values before the entries that are passed over: some encoders write a null there. */
const PASSED_OVER_MAX = 4;

/** Enhanced RTMP v2: what each track is. The only nested values that players of a live stream have use for. */
const TRACK_MAPS = new Set(['audioTrackIdInfoMap', 'videoTrackIdInfoMap']);

/**
 * Of a file, and wrong in a live stream: players take `duration` for the stream's end, seek by `keyframes`, and let
 * `hasAudio` and `hasVideo` overrule the FLV header, which tells them the truth.
 */
const OF_FILES = new Set([
  'duration',
  'totalduration',
  'starttime',
  'filesize',
  'bytelength',
  'datasize',
  'videosize',
  'audiosize',
  'lasttimestamp',
  'lastkeyframetimestamp',
  'lastkeyframelocation',
  'keyframes',
  'seekpoints',
  'cuepoints',
  'canseektoend',
  'hasvideo',
  'hasaudio',
  'hasmetadata',
  'haskeyframes',
  'hascuepoints',
]);

const OF_VIDEO = new Set(['videocodecid', 'width', 'height', 'framerate', 'fps', 'videodatarate']);
const OF_AUDIO = new Set([
  'audiocodecid',
  'audiosamplerate',
  'audiosamplesize',
  'audiochannels',
  'audiodatarate',
  'stereo',
]);

/**
 * Reads an `onMetaData` message as far as it can be read: a count that is wrong, an end that is missing and what follows
 * the end do not matter; of a message that is cut, what comes before the cut counts. Null where it has no entries at
 * all. Linear in its length.
 */
export function readMetadata(payload: Buffer): Metadata | null {
  const start = entriesAt(payload);
  if (start === null) return null;
  const entries = new Map<string, Entry>();
  let at = start;
  while (at + 2 <= payload.length) {
    const valueAt = at + 2 + payload.readUInt16BE(at);
    // The end of the entries is no value, so that it ends them as a cut does.
    const end = amf0ValueEnd(payload, valueAt);
    if (end === null) break;
    const nameBytes = valueAt - at - 2;
    if (nameBytes > 0 && nameBytes <= NAME_BYTES_MAX && entries.size < ENTRIES_MAX) {
      const name = payload.toString('utf8', at + 2, valueAt);
      const entry = readEntry(name, payload.subarray(valueAt, end));
      if (entry !== null) entries.set(name, entry);
    }
    at = end;
  }
  return entries;
}

/** Where the first entry's name begins. */
function entriesAt(payload: Buffer): number | null {
  let at = amf0ValueEnd(payload, 0);
  for (let i = 0; at !== null && i <= PASSED_OVER_MAX; i += 1) {
    const marker = payload[at];
    if (marker === OBJECT) return at + 1;
    if (marker === ECMA_ARRAY) return at + 5;
    if (marker === TYPED_OBJECT && at + 3 <= payload.length) return at + 3 + payload.readUInt16BE(at + 1);
    at = amf0ValueEnd(payload, at);
  }
  return null;
}

function readEntry(name: string, bytes: Buffer): Entry | null {
  if (bytes.length > VALUE_BYTES_MAX) return null;
  switch (bytes[0]) {
    case NUMBER: {
      // NaN tells nothing, and a frame rate without end has browser players stop.
      const value = bytes.readDoubleBE(1);
      return Number.isFinite(value) ? { value, bytes } : null;
    }
    case BOOLEAN:
      return { value: bytes[1] !== 0, bytes };
    case STRING:
      return bytes.length - 3 > TEXT_BYTES_MAX ? null : { value: bytes.toString('utf8', 3), bytes };
    case LONG_STRING: {
      // Some players know the short form only.
      if (bytes.length - 5 > TEXT_BYTES_MAX) return null;
      const value = bytes.toString('utf8', 5);
      return { value, bytes: encodeAmf0(value) };
    }
    case DATE:
      return { bytes };
    case OBJECT:
      return TRACK_MAPS.has(name) ? { bytes } : null;
    default:
      return null;
  }
}

/** The values of the entries that were read. */
export function metadataValues(metadata: Metadata): Readonly<Record<string, Scalar>> {
  const values: Record<string, Scalar> = Object.create(null);
  for (const [name, { value }] of metadata) if (value !== undefined) values[name] = value;
  return values;
}

/** Which tracks the metadata announces; null where it speaks of neither. */
export function announcedTracks(
  metadata: Metadata,
): { readonly audio: boolean; readonly video: boolean } | null {
  const audio = announced(metadata, 'audiocodecid', 'hasAudio', ['audiosamplerate', 'audiodatarate']);
  const video = announced(metadata, 'videocodecid', 'hasVideo', ['width', 'videodatarate']);
  return audio === null && video === null ? null : { audio: audio ?? false, video: video ?? false };
}

function announced(
  metadata: Metadata,
  codecId: string,
  has: string,
  details: readonly string[],
): boolean | null {
  const codec = metadata.get(codecId)?.value;
  if (typeof codec === 'number') return codec !== 0;
  if (typeof codec === 'string') return codec !== '';
  const said = metadata.get(has)?.value;
  if (typeof said === 'boolean') return said;
  return details.some((name) => Number(metadata.get(name)?.value) > 0) ? true : null;
}

/**
 * Writes `onMetaData` anew, at most some 16 KB: the encoder's entries, less what is of files and what speaks of a track
 * that is not there, with what is known put in. Codec and frame size are ours, since the decoder configuration tells them;
 * of the rest, only what was missing.
 */
export function writeMetadata(metadata: Metadata | null, known: KnownMedia): Buffer {
  const { truth, missing } = ownEntries(known);
  const entries = new Map<string, Buffer>();
  let bytes = 0;
  for (const [name, entry] of metadata ?? []) {
    if (truth.has(name) || OF_FILES.has(name.toLowerCase())) continue;
    if ((known.video === null && OF_VIDEO.has(name)) || (known.audio === null && OF_AUDIO.has(name)))
      continue;
    bytes += name.length + entry.bytes.length;
    if (bytes > BYTES_MAX) break;
    entries.set(name, entry.bytes);
  }
  for (const [name, value] of truth) entries.set(name, encodeAmf0(value));
  for (const [name, value] of missing) if (!entries.has(name)) entries.set(name, encodeAmf0(value));
  const head = Buffer.alloc(5);
  head[0] = ECMA_ARRAY;
  head.writeUInt32BE(entries.size, 1);
  const pieces: Buffer[] = [ON_METADATA, head];
  for (const [name, value] of entries) pieces.push(nameBytes(name), value);
  return Buffer.concat([...pieces, Buffer.of(0, 0, OBJECT_END)]);
}

function ownEntries({ video, audio }: KnownMedia): {
  readonly truth: Map<string, Scalar>;
  readonly missing: Map<string, Scalar>;
} {
  const truth = new Map<string, Scalar>();
  const missing = new Map<string, Scalar>();
  if (video) {
    truth.set('videocodecid', video.codecId);
    if (video.width !== undefined && video.height !== undefined)
      truth.set('width', video.width).set('height', video.height);
  }
  if (audio) {
    truth.set('audiocodecid', audio.codecId);
    if (audio.sampleRateHz !== undefined) missing.set('audiosamplerate', audio.sampleRateHz);
    if (audio.channels !== undefined)
      missing.set('audiochannels', audio.channels).set('stereo', audio.channels === 2);
  }
  return { truth, missing };
}

function nameBytes(name: string): Buffer {
  const text = Buffer.from(name);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, text]);
}
