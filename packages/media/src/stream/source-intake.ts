import type { MediaInfo } from '@headwater/directory';
import type { Codec } from '../wire/decoder-configuration.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { clearedData } from '../wire/make-frame.js';
import { isEmptyTag, type MediaTag, PACKET, readMediaTag } from '../wire/media-tag.js';
import { type TrackPart, trackParts, withParts } from '../wire/multitrack.js';
import { hasRecoveryPoint } from '../wire/recovery-point.js';
import { EarlyKeyframes } from './early-keyframes.js';
import { HeldData } from './held-data.js';
import { MediaClock } from './media-clock.js';
import { MediaProbe } from './media-probe.js';
import { RelayedTimeline } from './relayed-timeline.js';
import {
  codecOf,
  formatOf,
  headersOf,
  lengthBytesOf,
  SourceHeaders,
  type SourceTrack,
  trackKey,
} from './source-headers.js';
import { SourceMetadata } from './source-metadata.js';
import { type SourceLine, SourceTimeline, toUint32 } from './source-timeline.js';
import { type Opening, StartRule } from './start-rule.js';
import { stamped, type TakenFrame } from './taken-frame.js';
import { TrackDecision } from './track-decision.js';
import { VideoTracks } from './video-tracks.js';

export type { TakenFrame } from './taken-frame.js';

type Kind = 'audio' | 'video';

/** One audio or video message with pictures or sound, read. */
interface Message {
  readonly kind: Kind;
  readonly frame: Frame;
  readonly tag: MediaTag;
  /** Of a multitrack message, the tracks in it; else empty. */
  readonly parts: readonly TrackPart[];
  readonly tracks: readonly SourceTrack[];
  /** On the line, without wraps. */
  readonly timeMs: number;
  /** `MediaClock`'s. */
  readonly atMs: number;
}

const NONE: readonly TakenFrame[] = [];
/** Of the codecs whose recovery points we know: packets of type 1 have a composition time before the NAL units (Enhanced RTMP v2, CodedFrames). */
const FOURCCS_WITH_OFFSET = new Set<Codec>(['avc1', 'hvc1']);
const OFFSET_BYTES = 3;
/** A source that sends a little and then nothing: what there is has to be enough. Longer than any wait for a track. */
const SILENT_DECISION_MS = 2000;

/**
 * All that one source of a stream sends passes through here before it reaches the stream: it is put on a line, its headers
 * and metadata are kept in order, and it is said where players may start. Pure: time is an argument, monotonic ms. Nothing
 * that a source sends makes it throw, and what it holds is bounded.
 *
 * A header is given right before the next frame of its track, other data right before the next frame of any track.
 */
export class SourceIntake {
  readonly #clock: MediaClock;
  readonly #timeline: SourceLine;
  readonly #headers = new SourceHeaders();
  readonly #metadata = new SourceMetadata();
  readonly #starts = new StartRule();
  readonly #tracks = new TrackDecision();
  readonly #videoTracks = new VideoTracks();
  readonly #earlyKeyframes = new EarlyKeyframes();
  readonly #data = new HeldData();
  readonly #probe = new MediaProbe();
  /** The metadata that was given last. */
  #toldMetadata: Frame | null = null;
  /** The default one: without an id or 0, else the first that came. */
  #audioTrackId: number | null = null;
  /** `MediaClock`'s time of the last frame. */
  #atMs = 0;
  /** When the first picture or sound came, monotonic, ms. */
  #firstMs: number | null = null;
  /** It came so long ago that no second track is waited for. */
  #isOverdue = false;

  /** `isRelayed`: the frames come from another member, which has put them on a line. */
  constructor(nowMs: number, isRelayed = false) {
    this.#timeline = isRelayed ? new RelayedTimeline() : new SourceTimeline();
    this.#clock = new MediaClock(nowMs);
  }

  get media(): MediaInfo {
    return this.#probe.media;
  }

  /**
   * Which tracks are really there, for the flags of FLV's header; null while that is not decided. It changes when the
   * truth does: a track comes after all, or has been gone for 10 s while the other went on.
   */
  tracksAt(nowMs: number): Tracks | null {
    this.#lookOverdue(nowMs);
    return this.#tracksBy(this.#clock.at(nowMs));
  }

  #lookOverdue(nowMs: number): void {
    if (this.#firstMs !== null && nowMs - this.#firstMs >= SILENT_DECISION_MS) this.#isOverdue = true;
  }

  #tracksBy(atMs: number): Tracks | null {
    return this.#tracks.at(atMs) ?? (this.#isOverdue ? this.#tracks.present : null);
  }

  /** Sound came and has been gone for so long that its header is not among those of now. */
  get hasLostSound(): boolean {
    return this.#tracks.present.audio && this.#tracksBy(this.#atMs)?.audio === false;
  }

  /** Metadata, video and audio configuration of the present state, for who begins at this time. */
  headersAt(timestampMs: number): readonly Frame[] {
    const tracks = this.#tracksBy(this.#atMs);
    const headers = this.#headers
      .present((track) => tracks === null || tracks[track.kind])
      .map((frame) => stamped(frame, timestampMs));
    const metadata = this.#writtenMetadata(tracks);
    return metadata === null ? headers : [metadata, ...headers];
  }

  /**
   * Takes a frame. Returns what is to reach the stream, in order: usually this frame alone; nothing where it is left out
   * or held; and before it what was held.
   */
  take(frame: Frame, nowMs: number): readonly TakenFrame[] {
    const { kind, payload } = frame;
    if (payload.length === 0) return NONE;
    if (kind === 'data') return this.#takeData(frame);
    const tag = readMediaTag(kind, payload);
    // Players would stop at an end, after which another source may go on.
    if (isEmptyTag(tag, payload)) return NONE;
    const parts = trackParts(payload, tag);
    if (tag.trackId !== undefined && parts.length === 0) return NONE;
    if (tag.isHeader) return this.#takeHeader(kind, frame, tag, parts);
    const tracks = this.#tracksOf(kind, parts);
    const [first] = tracks;
    if (first === undefined) return NONE;
    // What is given is the same whether anybody asked meanwhile or not.
    this.#lookOverdue(nowMs);
    const timeMs = this.#timeline.place(trackKey(kind, first.id), frame.timestampMs, nowMs);
    this.#atMs = this.#clock.advance(nowMs, this.#timeline.endMs);
    this.#firstMs ??= nowMs;
    const message: Message = { kind, frame, tag, parts, tracks, timeMs, atMs: this.#atMs };
    return kind === 'audio' ? this.#takeSound(message) : this.#takePicture(message);
  }

  #takeData(frame: Frame): readonly TakenFrame[] {
    const cleared = clearedData(frame);
    if (cleared !== null)
      return cleared === 'metadata' && this.#metadata.clear() ? this.#tellMetadata() : NONE;
    if (!frame.isHeader) {
      this.#data.hold(frame);
      return NONE;
    }
    if (!this.#metadata.take(frame.payload)) return NONE;
    this.#tracks.announce(this.#metadata.announced);
    this.#probe.read(frame);
    return this.#tellMetadata();
  }

  /** Metadata as it is now, where that is another than what was given. */
  #tellMetadata(): readonly TakenFrame[] {
    const written = this.#writtenMetadata(this.#tracks.at(this.#atMs));
    if (written === null || this.#toldMetadata?.payload.equals(written.payload)) return NONE;
    this.#toldMetadata = written;
    return [{ frame: written, isStart: false, startsAnew: false }];
  }

  #writtenMetadata(tracks: Tracks | null): Frame | null {
    const video = this.#headers.known('video', this.#videoTracks.defaultId ?? 0);
    const audio = this.#headers.known('audio', this.#audioTrackId ?? 0);
    return this.#metadata.frame({
      media: this.#probe.media,
      videoCodec: video && codecOf(video),
      audioCodec: audio && codecOf(audio),
      tracks,
    });
  }

  #takeHeader(kind: Kind, frame: Frame, tag: MediaTag, parts: readonly TrackPart[]): readonly TakenFrame[] {
    for (const track of this.#tracksOf(kind, parts)) {
      const part = parts.length > 1 ? parts.find(({ trackId }) => trackId === track.id) : undefined;
      const payload = part === undefined ? frame.payload : withParts(kind, frame.payload, tag, [part]);
      const own = part === undefined ? tag : readMediaTag(kind, payload);
      if (this.#headers.offer(track, { ...frame, payload }, own)) this.#tracks.header(kind);
    }
    return NONE;
  }

  /** Without those that are too many. */
  #tracksOf(kind: Kind, parts: readonly TrackPart[]): readonly SourceTrack[] {
    if (parts.length > 0) return parts.flatMap(({ trackId }) => this.#headers.track(kind, trackId) ?? []);
    const track = this.#headers.track(kind, 0);
    return track === null ? [] : [track];
  }

  #takeSound(message: Message): readonly TakenFrame[] {
    const { frame, tag, tracks, atMs } = message;
    for (const { id } of tracks) if (this.#audioTrackId === null || id === 0) this.#audioTrackId = id;
    const taken = this.#heldBefore(message);
    let startsAnew = false;
    for (const track of tracks) {
      if (this.#settle(message, track, track.id === this.#audioTrackId, taken)) startsAnew = true;
    }
    this.#came(message);
    const isStart = tag.isCoded && this.#starts.isStart('sound', atMs, this.#tracks.expects('video'));
    return marked(taken, stamped(frame, toUint32(message.timeMs)), isStart, startsAnew);
  }

  #takePicture(message: Message): readonly TakenFrame[] {
    const { frame, tag, tracks, timeMs, atMs } = message;
    const isKeyframe = tag.isCoded && tag.isKeyframe;
    let hasDefault = false;
    for (const { id } of tracks) if (this.#videoTracks.came(id, isKeyframe, atMs)) hasDefault = true;
    const taken = this.#heldBefore(message);
    let startsAnew = false;
    for (const track of tracks) {
      const isDefault = track.id === this.#videoTracks.defaultId;
      if (!this.#settle(message, track, isDefault, taken)) continue;
      if (isDefault) this.#starts.awaitKeyframe();
      // Of a track of which nothing was given since the last start, nothing old can meet the new.
      if (this.#videoTracks.isOpen(track.id)) startsAnew = true;
    }
    this.#came(message);
    const isStart = hasDefault && tag.isCoded && this.#starts.isStart(this.#openingOf(message), atMs, true);
    if (isStart) {
      this.#videoTracks.started(isKeyframe);
      for (const id of this.#earlyKeyframes.tracksAt(timeMs)) this.#videoTracks.open(id);
    }
    if (isKeyframe) for (const { id } of tracks) this.#videoTracks.open(id);
    const payload = this.#openPayload(message);
    if (payload === null) return taken;
    const time = toUint32(timeMs);
    const given = payload === frame.payload ? stamped(frame, time) : { ...frame, payload, timestampMs: time };
    marked(taken, given, isStart, startsAnew);
    return hasDefault
      ? this.#earlyKeyframes.default(taken, timeMs, isStart && isKeyframe)
      : this.#earlyKeyframes.other(taken, timeMs, isKeyframe ? tracks : null);
  }

  /** What waited for any frame: data, and while it is not decided which tracks there are, the headers of all. */
  #heldBefore({ timeMs, atMs }: Message): TakenFrame[] {
    const taken: TakenFrame[] = [];
    for (const frame of this.#data.release()) taken.push(plain(frame, timeMs));
    if (!this.#headers.isAnyUnsettled || this.#tracks.at(atMs) !== null) return taken;
    for (const track of this.#headers.settleFirst()) {
      for (const header of headersOf(track)) {
        if (track.id === 0 || this.#probe.media[track.kind] === undefined) this.#probe.read(header);
        taken.push(plain(header, timeMs));
      }
    }
    return taken;
  }

  /** Adds the headers that stand before this track's frame. Says whether its configuration is another from here on. */
  #settle(message: Message, track: SourceTrack, isDefault: boolean, taken: TakenFrame[]): boolean {
    const { kind, frame, tag, parts, timeMs, atMs } = message;
    const fourcc = parts.find(({ trackId }) => trackId === track.id)?.fourcc;
    const format = formatOf(kind, fourcc ?? tag.codec ?? 0, frame.payload);
    const { headers, startsAnew } = this.#headers.settle(track, format);
    if (startsAnew && isDefault) this.#probe.forget(kind);
    // Who joined while the track was missing did not get its headers.
    const before = this.#tracksBy(atMs)?.[kind] === false ? headersOf(track) : headers;
    for (const header of before) {
      if (isDefault) this.#probe.read(header);
      taken.push(plain(header, timeMs));
    }
    if (isDefault) this.#probe.read(frame);
    // The encoder may have told nothing of it, or before its header, when what was known overruled it.
    if (startsAnew && isDefault) taken.unshift(...this.#tellMetadata());
    return startsAnew;
  }

  #came({ kind, tag, atMs }: Message): void {
    if (tag.isCoded) this.#tracks.frame(kind, atMs);
  }

  #openingOf({ frame, tag, parts, tracks }: Message): Opening {
    if (tag.isKeyframe) return 'keyframe';
    const [track] = tracks;
    if (track === undefined || parts.length > 0 || tag.codec === undefined) return 'inter';
    const hasOffset = FOURCCS_WITH_OFFSET.has(tag.codec) && tag.packetType === PACKET.coded;
    const bodyAt = tag.bodyAt + (hasOffset ? OFFSET_BYTES : 0);
    return hasRecoveryPoint(tag.codec, frame.payload, bodyAt, lengthBytesOf(track)) ? 'recovery' : 'inter';
  }

  /** The message without tracks that wait for a keyframe of their own; null where nothing is left of it. */
  #openPayload({ kind, frame, tag, parts }: Message): Buffer | null {
    const open = parts.filter(({ trackId }) => this.#videoTracks.isOpen(trackId));
    if (open.length === parts.length) return frame.payload;
    return open.length === 0 ? null : withParts(kind, frame.payload, tag, open);
  }
}

function plain(frame: Frame, timeMs: number): TakenFrame {
  return { frame: stamped(frame, toUint32(timeMs)), isStart: false, startsAnew: false };
}

/** Adds the frame that all the others stand before. What starts anew does so with its header, where it has one. */
function marked(taken: TakenFrame[], frame: Frame, isStart: boolean, startsAnew: boolean): TakenFrame[] {
  const isOfTrack = (before: TakenFrame) => before.frame.isHeader && before.frame.kind === frame.kind;
  const headerAt = startsAnew ? taken.findIndex(isOfTrack) : -1;
  const header = taken[headerAt];
  if (header !== undefined) taken[headerAt] = { ...header, startsAnew: true };
  taken.push({ frame, isStart, startsAnew: startsAnew && header === undefined });
  return taken;
}
