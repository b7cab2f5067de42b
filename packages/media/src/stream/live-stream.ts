import type { MediaInfo, MemberId, PlayProtocol, StreamKey } from '@headwater/directory';
import type { Frame } from '../frame.js';
import type { PlayerView, StreamView } from '../media-host.js';
import { GopCache } from './gop-cache.js';
import { headerSlot } from './make-frame.js';
import { MediaProbe } from './media-probe.js';
import { MediaPacket } from './packet.js';
import type { Player } from './player.js';
import { PlayerFeed, type PlayerLimits, type Traffic } from './player-feed.js';
import { Timeline } from './timeline.js';

/** Where a stream's frames come from. */
export type StreamSource =
  | {
      readonly kind: 'publisher';
      readonly remote: string;
      readonly agent: string;
      readonly protocol: PlayProtocol;
    }
  | { readonly kind: 'relay'; readonly from: MemberId };

/** A source's way into the stream. Once another source is attached, or it detached, it does nothing. */
export interface SourceFeed {
  readonly isAttached: boolean;
  push(frame: Frame): void;
  detach(): void;
}

export interface StreamLimits extends PlayerLimits {
  readonly gopCacheBytesMax: number;
}

/** A source that sends no keyframe for this long refreshes in another way (intra refresh): start anywhere. */
const KEYFRAME_WAIT_MS = 30_000;
/** Most headers kept of one stream: metadata, and each track's. A source with more loses the oldest. */
const HEADERS_MAX = 16;
/** A header larger than this is passed on, yet not kept for who comes later. */
const HEADER_BYTES_MAX = 262_144;

/**
 * One stream on this member. It has one source at a time, a publisher or a relay; its players stay when the source
 * goes and are fed on by the next one: new headers first, from a keyframe, timestamps going on.
 */
export class LiveStream {
  readonly key: StreamKey;
  readonly #limits: StreamLimits;
  readonly #traffic: Traffic;
  readonly #onSourceChanged: (hasSource: boolean) => void;
  readonly #feeds = new Map<string, PlayerFeed>();
  readonly #headers = new Map<string, Frame>();
  readonly #gop: GopCache;
  readonly #timeline = new Timeline();
  #probe = new MediaProbe();
  #source: StreamSource | null = null;
  #sourceFeed: SourceFeed | null = null;
  /** Whether the present source has come to a packet that decoding can start at. */
  #hasStarted = false;
  /** When the last keyframe came, or the source. */
  #keyframeAtMs = 0;
  #bytesIn = 0;
  #holds = 0;
  #onMedia: ((media: MediaInfo) => void) | null = null;

  constructor(
    key: StreamKey,
    limits: StreamLimits,
    traffic: Traffic,
    onSourceChanged: (hasSource: boolean) => void = () => {},
  ) {
    this.key = key;
    this.#onSourceChanged = onSourceChanged;
    this.#traffic = traffic;
    this.#limits = limits;
    this.#gop = new GopCache(limits.gopCacheBytesMax);
  }

  get source(): StreamSource | null {
    return this.#source;
  }

  get hasPublisher(): boolean {
    return this.#source?.kind === 'publisher';
  }

  get playerCount(): number {
    return this.#feeds.size;
  }

  /** What is in the stream, as far as the present source's packets told. */
  get media(): MediaInfo {
    return this.#probe.media;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Nobody needs it any more. */
  get isIdle(): boolean {
    return this.#source === null && this.#feeds.size === 0 && this.#holds === 0;
  }

  /** Keeps the stream while a pull runs without players or between owners. Returns how to let go. */
  hold(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#holds -= 1;
      isHeld = false;
    };
  }

  /**
   * Takes a new source in place of the present one. A relay never replaces a publisher: its feed is then detached from
   * the start. `onMedia` hears whenever more is known of what is in the stream.
   */
  attach(source: StreamSource, onMedia?: (media: MediaInfo) => void): SourceFeed {
    const stream = this;
    const feed: SourceFeed = {
      get isAttached() {
        return stream.#sourceFeed === feed;
      },
      push(frame) {
        if (stream.#sourceFeed === feed) stream.#take(frame);
      },
      detach() {
        if (stream.#sourceFeed !== feed) return;
        stream.#leave();
        stream.#onSourceChanged(false);
      },
    };
    if (source.kind === 'relay' && this.hasPublisher) return feed;
    this.#leave();
    this.#source = source;
    this.#sourceFeed = feed;
    this.#onMedia = onMedia ?? null;
    this.#probe = new MediaProbe();
    this.#keyframeAtMs = performance.now();
    this.#onSourceChanged(true);
    return feed;
  }

  /** Feeds a player from now on; the cached GOP comes at once. Does nothing where it is fed already. */
  add(player: Player): void {
    if (this.#feeds.has(player.id)) return;
    const feed = new PlayerFeed(player, this.#limits, this.#traffic, performance.now());
    this.#feeds.set(player.id, feed);
    if (!this.#hasStarted) return;
    const cached = this.#gop.packets;
    const first = cached[0];
    if (first === undefined) return;
    feed.start({ media: this.media, headers: this.#headersAt(first.timestampMs), packets: cached });
  }

  remove(player: Player): void {
    this.#feeds.delete(player.id);
  }

  /** Disconnects players that are stuck. To be called about once a second, with the monotonic clock. */
  endStuckPlayers(nowMs: number): readonly Player[] {
    const stuck: Player[] = [];
    for (const { player } of [...this.#feeds.values()].filter((feed) => feed.isStuck(nowMs))) {
      stuck.push(player);
      player.end('stuck');
    }
    return stuck;
  }

  view(): StreamView {
    const source = this.#source;
    return {
      key: this.key,
      source: source?.kind ?? 'none',
      ...(source?.kind === 'publisher'
        ? { publisher: { remote: source.remote, agent: source.agent, protocol: source.protocol } }
        : {}),
      ...(source?.kind === 'relay' ? { relayFrom: source.from } : {}),
      media: this.media,
      bytesIn: this.#bytesIn,
      players: [...this.#feeds.values()].map((feed) => this.#playerView(feed)),
    };
  }

  #playerView(feed: PlayerFeed): PlayerView {
    const { id, protocol, remote, agent, sinceMs, bytesOut } = feed.player;
    const state = this.#source === null ? 'waiting' : 'playing';
    return { id, protocol, remote, agent, sinceMs, state, bytesOut, framesDropped: feed.framesDropped };
  }

  #leave(): void {
    this.#source = null;
    this.#sourceFeed = null;
    this.#onMedia = null;
    this.#hasStarted = false;
    this.#headers.clear();
    this.#gop.clear();
    this.#timeline.discontinue();
    for (const feed of this.#feeds.values()) feed.pause();
  }

  #take(frame: Frame): void {
    // Nobody can show these, and FLV players stumble over them.
    if (frame.payload.length === 0) return;
    this.#bytesIn += frame.payload.length;
    if (this.#probe.read(frame)) this.#onMedia?.(this.#probe.media);
    if (frame.isHeader) this.#keepHeader(frame);
    const isStart = this.#isStart(frame);
    if (!this.#hasStarted) {
      if (!isStart) return;
      this.#hasStarted = true;
    }
    const timestampMs = isMetadata(frame) ? 0 : this.#timeline.place(frame.kind, frame.timestampMs);
    if (timestampMs === null) return;
    const packet = new MediaPacket(frame, timestampMs);
    if (!packet.isHeader) this.#gop.add(packet);
    if (isStart) this.#startFeeds(packet);
    for (const feed of this.#feeds.values()) feed.deliver(packet);
  }

  /** Whether players may start here: at a keyframe, or anywhere in a stream without video or without keyframes. */
  #isStart(frame: Frame): boolean {
    if (frame.isHeader || frame.kind === 'data') return false;
    if (frame.kind === 'audio') return !this.#probe.hasVideo;
    const nowMs = performance.now();
    if (!frame.isKeyframe && nowMs - this.#keyframeAtMs < KEYFRAME_WAIT_MS) return false;
    this.#keyframeAtMs = nowMs;
    return true;
  }

  #startFeeds(packet: MediaPacket): void {
    let headers: readonly MediaPacket[] | null = null;
    for (const feed of this.#feeds.values()) {
      if (!feed.awaitsStart || !feed.hasRoom) continue;
      headers ??= this.#headersAt(packet.timestampMs);
      feed.start({ media: this.media, headers, packets: [] });
    }
  }

  #keepHeader(frame: Frame): void {
    if (frame.payload.length > HEADER_BYTES_MAX) return;
    const slot = headerSlot(frame);
    const present = this.#headers.get(slot);
    // The cached pictures belong to the header before; who joins now starts at the next keyframe.
    if (frame.kind === 'video' && present?.payload.equals(frame.payload) === false) this.#gop.clear();
    this.#headers.delete(slot);
    this.#headers.set(slot, frame);
    if (this.#headers.size <= HEADERS_MAX) return;
    for (const oldest of this.#headers.keys()) {
      this.#headers.delete(oldest);
      return;
    }
  }

  /** Metadata first, then the codecs' headers. */
  #headersAt(timestampMs: number): readonly MediaPacket[] {
    const frames = [...this.#headers.values()];
    const order = { data: 0, video: 1, audio: 2 } as const;
    frames.sort((a, b) => order[a.kind] - order[b.kind]);
    return frames.map((frame) => new MediaPacket(frame, isMetadata(frame) ? 0 : timestampMs));
  }
}

/** Metadata has no time (FLV 10.1 E.4.4.1); ffmpeg takes it for subtitles where it has one. */
function isMetadata(frame: Frame): boolean {
  return frame.kind === 'data' && frame.isHeader;
}
