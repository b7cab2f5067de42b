import type { MediaInfo } from '@headwater/directory';
import { aacDetails } from '../wire/aac-details.js';
import { avcSize, type FrameSize } from '../wire/avc-size.js';
import { AUDIO_CODECS, AUDIO_FOURCCS, VIDEO_CODECS, VIDEO_FOURCCS } from '../wire/codec-names.js';
import { isDecoderConfiguration } from '../wire/decoder-configuration.js';
import type { Frame } from '../wire/frame.js';
import { hevcSize } from '../wire/hevc-size.js';
import { PACKET, readMediaTag } from '../wire/media-tag.js';
import { announcedTracks, metadataValues, readMetadata } from '../wire/metadata.js';

type VideoInfo = NonNullable<MediaInfo['video']>;
type AudioInfo = NonNullable<MediaInfo['audio']>;

const SOUND_RATES_HZ = [5500, 11_025, 22_050, 44_100];
/** Formats whose rate the tag does not tell (FLV 10.1 E.4.2.1, SoundFormat and SoundRate). */
const FIXED_RATES_HZ: Readonly<Record<number, number>> = {
  4: 16_000,
  5: 8000,
  7: 8000,
  8: 8000,
  11: 16_000,
  14: 8000,
};
const SOUND_FORMAT_AAC = 10;
const SOUND_FORMAT_EX = 9;
const STREAMINFO_BYTES = 34;
/** Changes that are told; a source that goes on changing its mind is not listened to. */
const CHANGES_MAX = 16;

/** Learns what is in a stream from its first packets. Nothing that a publisher sends makes it throw. */
export class MediaProbe {
  #video: VideoInfo | null = null;
  #audio: AudioInfo | null = null;
  #told: VideoDetails & AudioDetails = {};
  #media: MediaInfo = {};
  #hasVideo = false;
  #changes = 0;

  get media(): MediaInfo {
    return this.#media;
  }

  /** Whether video was seen or announced. */
  get hasVideo(): boolean {
    return this.#hasVideo;
  }

  /** Returns whether more is known than before. */
  read(frame: Frame): boolean {
    if (frame.kind === 'video') {
      this.#hasVideo = true;
      if (this.#video !== null && !frame.isHeader) return false;
      this.#video = readVideo(frame, this.#video) ?? this.#video;
    } else if (frame.kind === 'audio') {
      if (this.#audio !== null && !frame.isHeader) return false;
      this.#audio = readAudio(frame, this.#audio) ?? this.#audio;
    } else if (frame.isHeader) {
      this.#readMetadata(frame.payload);
    } else {
      return false;
    }
    return this.#combine();
  }

  /** The codec of this kind is another than before: what was read of it is void. */
  forget(kind: 'audio' | 'video'): void {
    if (kind === 'video') this.#video = null;
    else this.#audio = null;
  }

  #readMetadata(payload: Buffer): void {
    const metadata = readMetadata(payload);
    if (metadata === null) return;
    if (announcedTracks(metadata)?.video) this.#hasVideo = true;
    const { width, height, framerate, audiosamplerate, audiochannels, stereo } = metadataValues(metadata);
    const channels = positive(audiochannels) ?? (typeof stereo === 'boolean' ? (stereo ? 2 : 1) : undefined);
    this.#told = {
      ...defined('width', whole(width)),
      ...defined('height', whole(height)),
      ...defined('frameRate', positive(framerate)),
      ...defined('sampleRateHz', whole(audiosamplerate)),
      ...defined('channels', whole(channels)),
    };
  }

  /** What the codecs' headers say counts before what the metadata says. */
  #combine(): boolean {
    const { width, height, frameRate, sampleRateHz, channels } = this.#told;
    const video = this.#video && {
      ...defined('width', width),
      ...defined('height', height),
      ...defined('frameRate', frameRate),
      ...this.#video,
    };
    const audio = this.#audio && {
      ...defined('sampleRateHz', sampleRateHz),
      ...defined('channels', channels),
      ...this.#audio,
    };
    const media: MediaInfo = { ...(video ? { video } : {}), ...(audio ? { audio } : {}) };
    if (JSON.stringify(media) === JSON.stringify(this.#media) || this.#changes >= CHANGES_MAX) return false;
    this.#changes += 1;
    this.#media = media;
    return true;
  }
}

type VideoDetails = Partial<Pick<VideoInfo, 'width' | 'height' | 'frameRate'>>;
type AudioDetails = Partial<Pick<AudioInfo, 'sampleRateHz' | 'channels'>>;

/** `known`: what was read of the track before. Headers that come beside its configuration leave that as it is. */
function readVideo(frame: Frame, known: VideoInfo | null): VideoInfo | null {
  const { payload } = frame;
  const first = payload[0];
  if (first === undefined) return null;
  if ((first & 0x80) !== 0) {
    const { fourcc, bodyAt, packetType } = readMediaTag('video', payload);
    if (fourcc === undefined) return null;
    const codec = VIDEO_FOURCCS[fourcc] ?? printable(fourcc);
    if (packetType !== PACKET.sequenceStart) return known?.codec === codec ? known : { codec };
    return { codec, ...sizeIn(codec, payload.subarray(bodyAt)) };
  }
  const id = first & 0x0f;
  const codec = VIDEO_CODECS[id] ?? `flv-video-${id}`;
  return { codec, ...(frame.isHeader ? sizeIn(codec, payload.subarray(5)) : null) };
}

function sizeIn(codec: string, configuration: Buffer): FrameSize | null {
  if (codec === 'h264') return avcSize(configuration);
  return codec === 'hevc' ? hevcSize(configuration) : null;
}

function readAudio(frame: Frame, known: AudioInfo | null): AudioInfo | null {
  const { payload } = frame;
  const first = payload[0];
  if (first === undefined) return null;
  const format = first >> 4;
  if (format === SOUND_FORMAT_EX) return readExAudio(payload, known);
  const codec = AUDIO_CODECS[format] ?? `flv-audio-${format}`;
  if (format === SOUND_FORMAT_AAC)
    return { codec, ...(frame.isHeader ? aacDetails(payload.subarray(2)) : {}) };
  const rateHz = FIXED_RATES_HZ[format] ?? SOUND_RATES_HZ[(first >> 2) & 3];
  return { codec, ...defined('sampleRateHz', rateHz), channels: (first & 1) + 1 };
}

function readExAudio(payload: Buffer, known: AudioInfo | null): AudioInfo | null {
  const { fourcc, bodyAt, packetType, isHeader } = readMediaTag('audio', payload);
  if (fourcc === undefined) return null;
  const codec = AUDIO_FOURCCS[fourcc] ?? printable(fourcc);
  const body = payload.subarray(bodyAt);
  if (packetType === PACKET.sequenceStart) return { codec, ...soundDetails(codec, body) };
  // MultichannelConfig (Enhanced RTMP v2): the order of the channels, how many there are, and which.
  const channels = isHeader ? defined('channels', whole(body[1])) : {};
  return { ...(known?.codec === codec ? known : { codec }), ...channels };
}

/** What a codec's configuration tells. */
function soundDetails(codec: string, configuration: Buffer): AudioDetails {
  if (codec === 'aac') return aacDetails(configuration);
  if (codec === 'flac') return flacDetails(configuration);
  // RFC 7845 5.1: "OpusHead", version, channels; Opus always decodes at 48 kHz.
  return codec === 'opus' ? { sampleRateHz: 48_000, ...defined('channels', whole(configuration[9])) } : {};
}

/** STREAMINFO (RFC 9639 8.2), with or without the marker and the block's header before it: 10 bytes in, 20 bits of rate and 3 of channels less one. */
function flacDetails(body: Buffer): AudioDetails {
  if (!isDecoderConfiguration('audio', 'fLaC', body)) return {};
  const at = (body.indexOf('fLaC') === 0 ? 4 : 0) + (body.length === STREAMINFO_BYTES ? 0 : 4);
  const bits = body.readUInt32BE(at + 10);
  return { ...defined('sampleRateHz', whole(bits >>> 12)), channels: ((bits >>> 9) & 7) + 1 };
}

function printable(fourcc: string): string {
  return /^[\w.-]{4}$/.test(fourcc) ? fourcc : 'unknown';
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value < 1e6 ? value : undefined;
}

function whole(value: unknown): number | undefined {
  const number = positive(value);
  return number === undefined ? undefined : Math.round(number);
}

function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [name in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [name in Name]?: Value });
}
