import { type Codec, isDecoderConfiguration, nalLengthBytes } from '../wire/decoder-configuration.js';
import type { Frame } from '../wire/frame.js';
import { type MediaTag, PACKET } from '../wire/media-tag.js';
import { ownCopy } from '../wire/slabs.js';

type Kind = 'audio' | 'video';

/** More tracks of one source are not carried. */
const TRACKS_MAX = 16;
/** Codecs that a track had before, whose headers are kept. */
const EARLIER_CODECS_MAX = 4;
/** A longer header is left out. */
const HEADER_BYTES_MAX = 65_536;
const LENGTH_BYTES_UNKNOWN = 4;
const SOUND_FORMAT_AAC = 10;

/** A header as it came, and what is in it. */
interface Header {
  readonly frame: Frame;
  readonly codec: Codec;
  readonly packetType: number;
  readonly body: Buffer;
  /** It is a whole decoder configuration. */
  readonly isWhole: boolean;
}

/** One track of a source: its codec, its decoder configuration, and headers that stand before its next frame. */
export interface SourceTrack {
  readonly kind: Kind;
  readonly id: number;
  /** Of the track's last frame; of sound whose tag has rate and channels, with those. Null before the first. */
  format: Codec | null;
  /** By packet type: the configuration, and what else players need first (colour, channels). */
  readonly headers: Map<number, Header>;
  readonly held: Map<number, Header>;
  /** Those of codecs that it had before: one that comes back without a header goes on by its own. */
  readonly earlier: Map<Codec, ReadonlyMap<number, Header>>;
}

/** What stands before a frame. */
export interface Settled {
  readonly headers: readonly Frame[];
  /** Codec or configuration are others than before. */
  readonly startsAnew: boolean;
}

const NOTHING: Settled = { headers: [], startsAnew: false };

/**
 * The decoder configurations of a source's tracks. A header counts from the next frame of its track and codec on, not from
 * when it came, so that what a joiner is given always belongs together.
 */
export class SourceHeaders {
  readonly #tracks = new Map<number, SourceTrack>();
  #isAnyUnsettled = false;

  /** Whether headers may be held of tracks that no frame came of yet. */
  get isAnyUnsettled(): boolean {
    return this.#isAnyUnsettled;
  }

  /** Null where the source has too many. */
  track(kind: Kind, id: number): SourceTrack | null {
    const key = trackKey(kind, id);
    const present = this.#tracks.get(key);
    if (present !== undefined || this.#tracks.size >= TRACKS_MAX) return present ?? null;
    const track: SourceTrack = {
      kind,
      id,
      format: null,
      headers: new Map(),
      held: new Map(),
      earlier: new Map(),
    };
    this.#tracks.set(key, track);
    return track;
  }

  /** The track, where anything of it came. */
  known(kind: Kind, id: number): SourceTrack | null {
    return this.#tracks.get(trackKey(kind, id)) ?? null;
  }

  /**
   * Takes a header of one track. One that is empty, cut, or the same again changes nothing; one that cannot be understood
   * is taken only where no better one is known. Says whether it was one to take.
   */
  offer(track: SourceTrack, frame: Frame, tag: MediaTag): boolean {
    const { codec, packetType, bodyAt } = tag;
    const body = frame.payload.subarray(bodyAt);
    if (codec === undefined || body.length === 0 || body.length > HEADER_BYTES_MAX) return false;
    const isWhole = packetType !== PACKET.sequenceStart || isDecoderConfiguration(track.kind, codec, body);
    const present = track.headers.get(packetType);
    const known = track.held.get(packetType) ?? present;
    if (!isWhole && known?.isWhole) return false;
    if (present?.frame.payload.equals(frame.payload)) track.held.delete(packetType);
    else track.held.set(packetType, kept(frame, tag, codec, isWhole));
    this.#isAnyUnsettled ||= track.format === null;
    return true;
  }

  /** A frame of this track comes. Returns the headers that stand before it. */
  settle(track: SourceTrack, format: Codec): Settled {
    if (track.format === format && track.held.size === 0) return NOTHING;
    let startsAnew = track.format !== null && track.format !== format;
    track.format = format;
    const configuration = track.headers.get(PACKET.sequenceStart);
    if (configuration !== undefined && configuration.codec !== format) {
      putAside(track, configuration.codec);
      startsAnew = true;
    }
    const headers: Frame[] = takenBack(track, format);
    for (const [packetType, header] of track.held) {
      if (header.codec !== format) continue;
      if (packetType === PACKET.sequenceStart) {
        const before = track.headers.get(packetType);
        if (before !== undefined && !before.body.equals(header.body)) startsAnew = true;
      }
      track.held.delete(packetType);
      track.headers.set(packetType, header);
      headers.push(header.frame);
    }
    return { headers, startsAnew };
  }

  /**
   * Lets the headers count of tracks that no frame came of yet, and returns those tracks. For while it is not decided which
   * tracks there are: a player's decoder for sound can then be set up with the first picture.
   */
  settleFirst(): SourceTrack[] {
    const settled: SourceTrack[] = [];
    this.#isAnyUnsettled = false;
    for (const track of this.#tracks.values()) {
      if (track.format !== null || track.headers.size > 0 || track.held.size === 0) continue;
      for (const [packetType, header] of track.held) track.headers.set(packetType, header);
      track.held.clear();
      settled.push(track);
    }
    return settled;
  }

  /** The headers of the tracks for which `isThere` says so: video first, each kind's by track id. */
  present(isThere: (track: SourceTrack) => boolean): Frame[] {
    return [...this.#tracks.values()]
      .filter(isThere)
      .sort((a, b) => b.kind.localeCompare(a.kind) || a.id - b.id)
      .flatMap(headersOf);
  }
}

/** The codec is another from here on. */
function putAside({ headers, earlier }: SourceTrack, codec: Codec): void {
  earlier.delete(codec);
  earlier.set(codec, new Map(headers));
  headers.clear();
  const [oldest] = earlier.keys();
  if (oldest !== undefined && earlier.size > EARLIER_CODECS_MAX) earlier.delete(oldest);
}

/** A codec comes back: its headers, but for those in whose place others wait. */
function takenBack({ headers, held, earlier }: SourceTrack, format: Codec): Frame[] {
  const before = earlier.get(format);
  if (before === undefined || headers.size > 0) return [];
  earlier.delete(format);
  const back = [...before.values()].filter(({ packetType }) => held.get(packetType)?.codec !== format);
  for (const header of back) headers.set(header.packetType, header);
  return back.map(({ frame }) => frame);
}

/** It stays for as long as the source, and so must not keep the memory of the frames beside it. */
function kept(frame: Frame, { packetType, bodyAt }: MediaTag, codec: Codec, isWhole: boolean): Header {
  const payload = ownCopy(frame.payload);
  return { frame: { ...frame, payload }, codec, packetType, body: payload.subarray(bodyAt), isWhole };
}

/** The headers that count for a track, its configuration first. */
export function headersOf(track: SourceTrack): Frame[] {
  return [...track.headers.values()].sort((a, b) => a.packetType - b.packetType).map(({ frame }) => frame);
}

/** The codec of a track as far as it is known: of its frames, else of its configuration. */
export function codecOf(track: SourceTrack): Codec | null {
  return track.format ?? track.headers.get(PACKET.sequenceStart)?.codec ?? null;
}

/** A number for each track of a source. */
export function trackKey(kind: Kind, id: number): number {
  return kind === 'video' ? id : 256 + id;
}

/**
 * What a decoder must know of a frame beside its configuration: the codec, and where sound has no configuration the tag's
 * own rate and channels.
 */
export function formatOf(kind: Kind, codec: Codec, payload: Buffer): Codec {
  const isPlainSound = kind === 'audio' && typeof codec === 'number' && codec !== SOUND_FORMAT_AAC;
  return isPlainSound ? 0x100 | (payload[0] ?? 0) : codec;
}

/** How many bytes of length stand before each NAL unit of the track's frames. */
export function lengthBytesOf(track: SourceTrack): number {
  const configuration = track.headers.get(PACKET.sequenceStart);
  if (configuration === undefined || !configuration.isWhole) return LENGTH_BYTES_UNKNOWN;
  return nalLengthBytes(configuration.codec, configuration.body) ?? LENGTH_BYTES_UNKNOWN;
}
