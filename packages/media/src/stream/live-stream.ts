import type { MediaInfo, MemberId, PlayProtocol, StreamKey } from '@headwater/directory';
import type { Frame } from '../frame.js';
import type { PlayerView, StreamView } from '../media-host.js';
import { Audience, type AudienceLimits, type Replay } from './audience.js';
import { HeaderStore, isMetadata } from './header-store.js';
import { isSequenceEnd } from './make-frame.js';
import { MediaProbe } from './media-probe.js';
import { MediaPacket } from './packet.js';
import type { Player } from './player.js';
import type { PlayerFeed, Traffic } from './player-feed.js';
import { type ReplayLimits, ReplayWindow, replayEnd } from './replay-window.js';
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
  /** The same frames go on, from another member: nothing of the stream or its players changes. */
  comesFrom(source: StreamSource): void;
  detach(): void;
}

/** Without limits for a replay, none is kept. */
export type StreamLimits = AudienceLimits & Partial<ReplayLimits>;

/** A source that sends no keyframe for this long refreshes in another way (intra refresh): start anywhere. */
const KEYFRAME_WAIT_MS = 30_000;

/**
 * One stream on this member. It has one source at a time, a publisher or a relay; its players stay when the source
 * goes and are fed on by the next one: new headers first, from a keyframe, timestamps going on. A relay whose next owner
 * goes on with the very same frames is no other source.
 */
export class LiveStream {
  readonly key: StreamKey;
  readonly #onSourceChanged: (hasSource: boolean) => void;
  readonly #audience: Audience;
  readonly #headers = new HeaderStore();
  readonly #timeline = new Timeline();
  /** What another member's pull may ask for; of publishers only, since nobody pulls a relayed stream. */
  readonly #replay: ReplayWindow;
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
    this.#replay = new ReplayWindow({ replayMs: 0, replayBytesMax: 0, ...limits });
    this.#audience = new Audience(limits, traffic, {
      media: () => this.media,
      headersAt: (timestampMs) => this.#headers.at(timestampMs),
    });
  }

  get source(): StreamSource | null {
    return this.#source;
  }

  get hasPublisher(): boolean {
    return this.#source?.kind === 'publisher';
  }

  get playerCount(): number {
    return this.#audience.size;
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
    return this.#source === null && this.#audience.size === 0 && this.#holds === 0;
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
      comesFrom(next) {
        if (stream.#sourceFeed === feed) stream.#source = next;
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

  /**
   * Feeds a player from now on; the cached GOP comes at once. Does nothing where it is fed already. `isImmediate`: gets
   * each packet as it comes, without the window in which writes are merged. `replayMs`: gets that much of the past
   * instead, as far as it is kept, and a mark where the present begins.
   */
  add(player: Player, isImmediate = false, replayMs = 0): void {
    this.#audience.add(player, isImmediate, replayMs > 0 ? this.#replayed(replayMs) : null);
  }

  remove(player: Player): void {
    this.#audience.remove(player);
  }

  /** Disconnects players that are stuck. To be called about once a second, with the monotonic clock. */
  endStuckPlayers(nowMs: number): readonly Player[] {
    const stuck: Player[] = [];
    for (const { player } of [...this.#audience.feeds()].filter((feed) => feed.isStuck(nowMs))) {
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
      players: [...this.#audience.feeds()].map((feed) => this.#playerView(feed)),
    };
  }

  #replayed(replayMs: number): Replay {
    const packets = this.#replay
      .since(performance.now() - replayMs)
      .map((frame) => new MediaPacket(frame, frame.timestampMs));
    return { packets, end: new MediaPacket(replayEnd(), 0) };
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
    this.#audience.pause();
    this.#headers.clear();
    this.#replay.clear();
    this.#timeline.discontinue();
  }

  #take(frame: Frame): void {
    // Nobody can show these, and FLV players stumble over them.
    if (frame.payload.length === 0 || isSequenceEnd(frame)) return;
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
    if (this.hasPublisher && !frame.isHeader) this.#replay.push({ ...frame, timestampMs }, performance.now());
    this.#audience.send(new MediaPacket(frame, timestampMs), isStart);
  }

  /** What came before a header is sent under the headers it came with. */
  #keepHeader(frame: Frame): void {
    this.#audience.flush();
    if (!this.#headers.keep(frame)) return;
    this.#audience.forgetGop();
    this.#replay.clear();
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
}
