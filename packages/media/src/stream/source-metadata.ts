import type { MediaInfo } from '@headwater/directory';
import type { Codec } from '../wire/decoder-configuration.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import {
  announcedTracks,
  type KnownAudio,
  type KnownVideo,
  type Metadata,
  readMetadata,
  writeMetadata,
} from '../wire/metadata.js';
import { ownCopy } from '../wire/slabs.js';

/** Larger metadata is read, and not kept to be compared with what comes next. */
const COMPARED_BYTES_MAX = 65_536;
const FOURCC_FORM = /^[\x20-\x7e]{4}$/;

/** What is known when metadata is written. */
export interface MetadataContext {
  readonly media: MediaInfo;
  readonly videoCodec: Codec | null;
  readonly audioCodec: Codec | null;
  /** Null while it is not decided. */
  readonly tracks: Tracks | null;
}

/** A source's `onMetaData`, as its encoder sent it, and written anew with what is known at the moment. */
export class SourceMetadata {
  #metadata: Metadata | null = null;
  #hasCome = false;
  #raw: Buffer | null = null;
  #written: { readonly frame: Frame | null; readonly context: MetadataContext } | null = null;

  /** Takes a message. Says whether anything changed by it: the same again, or one that cannot be read, changes nothing. */
  take(payload: Buffer): boolean {
    if (this.#raw?.equals(payload)) return false;
    // It stays for as long as the source, and so must not keep the memory of the frames beside it.
    const own = ownCopy(payload);
    const metadata = readMetadata(own);
    if (metadata === null && this.#hasCome) return false;
    this.#raw = own.length <= COMPARED_BYTES_MAX ? own : null;
    this.#metadata = metadata;
    this.#hasCome = true;
    this.#written = null;
    return true;
  }

  /** The encoder takes back what it told. Says whether anything changed by it. */
  clear(): boolean {
    if (this.#metadata === null) return false;
    this.#raw = null;
    this.#metadata = null;
    this.#written = null;
    return true;
  }

  /** Which tracks the encoder announced; null where it spoke of none. */
  get announced(): Tracks | null {
    return this.#metadata === null ? null : announcedTracks(this.#metadata);
  }

  /** The frame for players; null where the source sent none, or nothing is known. It has no time (FLV 10.1 E.4.4.1). */
  frame(context: MetadataContext): Frame | null {
    if (!this.#hasCome) return null;
    if (this.#written === null || !isSame(this.#written.context, context))
      this.#written = { context, frame: this.#write(context) };
    return this.#written.frame;
  }

  #write({ media, videoCodec, audioCodec, tracks }: MetadataContext): Frame | null {
    const video = tracks?.video === false ? null : knownVideo(media, videoCodec);
    const audio = tracks?.audio === false ? null : knownAudio(media, audioCodec);
    if (this.#metadata === null && !video && !audio) return null;
    const payload = writeMetadata(this.#metadata, {
      ...(video === undefined ? {} : { video }),
      ...(audio === undefined ? {} : { audio }),
    });
    return { kind: 'data', timestampMs: 0, payload, isHeader: true, isKeyframe: false };
  }
}

function knownVideo(media: MediaInfo, codec: Codec | null): KnownVideo | undefined {
  const codecId = codecIdOf(codec, (format) => format);
  return codecId === null ? undefined : { codecId, width: media.video?.width, height: media.video?.height };
}

function knownAudio(media: MediaInfo, codec: Codec | null): KnownAudio | undefined {
  // Sound without a configuration is known by its tag's first byte, with the codec in the upper half.
  const codecId = codecIdOf(codec, (format) => (format >= 0x100 ? (format & 0xf0) >> 4 : format));
  if (codecId === null) return undefined;
  return { codecId, sampleRateHz: media.audio?.sampleRateHz, channels: media.audio?.channels };
}

function codecIdOf(codec: Codec | null, numberOf: (format: number) => number): number | null {
  if (codec === null) return null;
  if (typeof codec === 'number') return numberOf(codec);
  return FOURCC_FORM.test(codec) ? Buffer.from(codec, 'latin1').readUInt32BE(0) : null;
}

function isSame(a: MetadataContext, b: MetadataContext): boolean {
  return (
    a.media === b.media &&
    a.videoCodec === b.videoCodec &&
    a.audioCodec === b.audioCodec &&
    a.tracks?.audio === b.tracks?.audio &&
    a.tracks?.video === b.tracks?.video
  );
}
