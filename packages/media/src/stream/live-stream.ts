import type { MediaInfo, MemberId, StreamKey } from '@headwater/directory';
import type { PlayerView, StreamView } from '../media-host.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { isSequenceEnd } from '../wire/make-frame.js';
import { Audience, type AudienceLimits } from './audience.js';
import { HeaderStore, isMetadata } from './header-store.js';
import { MediaProbe } from './media-probe.js';
import { MediaPacket } from './packet.js';
import type { Player } from './player.js';
import type { PlayerFeed, Traffic } from './player-feed.js';
import type { Replay } from './replay.js';
import { type ReplayLimits, ReplayWindow, replayEnd } from './replay-window.js';
import {
  type Inheritance,
  type Legacy,
  type OnMedia,
  type SourceFeed,
  SourceSeat,
  type StreamSource,
} from './source-seat.js';
import type { Predecessor } from './succession.js';
import { Timeline } from './timeline.js';

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
  readonly #players: Audience;
  /** Other members' pulls, which have windows of their own. */
  readonly #pulls: Audience;
  readonly #headers = new HeaderStore();
  readonly #timeline = new Timeline();
  /** What another member's pull may ask for; of publishers only, since nobody pulls a relayed stream. */
  #replay: ReplayWindow;
  readonly #replayLimits: ReplayLimits;
  #probe = new MediaProbe();
  readonly #seat: SourceSeat;
  /** Whether the present source has come to a packet that decoding can start at. */
  #hasStarted = false;
  /** When the last keyframe came, or the source. */
  #keyframeAtMs = 0;
  #bytesIn = 0;
  #holds = 0;

  constructor(
    key: StreamKey,
    limits: StreamLimits,
    traffic: Traffic,
    onSourceChanged: (hasSource: boolean) => void = () => {},
  ) {
    this.key = key;
    this.#seat = this.#newSeat(onSourceChanged);
    this.#replayLimits = { replayMs: 0, replayBytesMax: 0, ...limits };
    this.#replay = new ReplayWindow(this.#replayLimits);
    const opening = {
      tracks: () => this.#tracks,
      headersAt: (timestampMs: number) => this.#headers.at(timestampMs),
    };
    this.#players = new Audience(limits, traffic, opening);
    this.#pulls = new Audience({ ...limits, mergeMs: 0 }, traffic, opening);
  }

  get source(): StreamSource | null {
    return this.#seat.source;
  }

  /** Also where a relay still feeds the stream, until its place in the publisher's frames is found. */
  get hasPublisher(): boolean {
    return this.#seat.hasPublisher;
  }

  /** A relay feeds the stream until it is known how the publisher that came goes on. */
  get isGivingWay(): boolean {
    return this.#seat.isGivingWay;
  }

  get playerCount(): number {
    return this.#players.size + this.#pulls.size;
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
    return !this.hasPublisher && this.source === null && this.playerCount === 0 && this.#holds === 0;
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
   * the start. A publisher goes on from a relay of the same frames with the very next one, where the relay is a
   * `predecessor`. `onMedia` hears whenever more is known of what is in the stream.
   */
  attach(source: StreamSource, onMedia: OnMedia = null, predecessor: Predecessor | null = null): SourceFeed {
    return this.#seat.attach(source, onMedia, predecessor);
  }

  /**
   * Puts a relay in the place of a publisher that left just now: neither the stream nor its players notice. Null where
   * no publisher did, or nothing is kept of what it sent.
   */
  takeOver(from: MemberId, predecessor: Predecessor): Inheritance | null {
    return this.#seat.takeOver(from, predecessor);
  }

  /** What a publisher sent lately, by the stream's timeline: for a relay that is to step in should it fall silent. */
  get published(): readonly Frame[] {
    return this.source?.kind === 'publisher' ? this.#replay.frames : [];
  }

  /**
   * Puts a relay in the place of a publisher that is there and sends nothing. Should it send again, it follows the relay.
   * Null where a relay or nobody has the stream.
   */
  stepIn(from: MemberId, predecessor: Predecessor): Inheritance | null {
    return this.#seat.stepIn(from, predecessor);
  }

  /**
   * Feeds a player from now on; the cached GOP comes at once. Does nothing where it is fed already. `isImmediate`: gets
   * each packet as it comes, without the window in which writes are merged. `replayMs`: gets that much of the past
   * instead, as far as it is kept, and a mark where the present begins.
   */
  add(player: Player, isImmediate = false, replayMs = 0): void {
    const audience = isImmediate ? this.#pulls : this.#players;
    audience.add(player, replayMs > 0 ? this.#replayed(replayMs) : null);
  }

  remove(player: Player): void {
    for (const audience of this.#audiences) audience.remove(player);
  }

  /** Disconnects players that are stuck. To be called about once a second, with the monotonic clock. */
  endStuckPlayers(nowMs: number): readonly Player[] {
    const stuck: Player[] = [];
    for (const { player } of this.#feeds.filter((feed) => feed.isStuck(nowMs))) {
      stuck.push(player);
      player.end('stuck');
    }
    return stuck;
  }

  view(): StreamView {
    const { source } = this;
    return {
      key: this.key,
      source: source?.kind ?? 'none',
      ...(source?.kind === 'publisher'
        ? { publisher: { remote: source.remote, agent: source.agent, protocol: source.protocol } }
        : {}),
      ...(source?.kind === 'relay' ? { relayFrom: source.from } : {}),
      media: this.media,
      bytesIn: this.#bytesIn,
      players: this.#feeds.map((feed) => this.#playerView(feed)),
    };
  }

  #replayed(replayMs: number): Replay {
    const packets = this.#replay
      .since(performance.now() - replayMs)
      .map((frame) => (frame instanceof MediaPacket ? frame : new MediaPacket(frame, frame.timestampMs)));
    return { packets, end: new MediaPacket(replayEnd(), 0) };
  }

  #playerView(feed: PlayerFeed): PlayerView {
    const { id, protocol, remote, agent, sinceMs, queue } = feed.player;
    const state = this.source === null ? 'waiting' : 'playing';
    return {
      id,
      protocol,
      remote,
      agent,
      sinceMs,
      state,
      bytesOut: queue.sentBytes,
      framesDropped: feed.framesDropped,
    };
  }

  #newSeat(onSourceChanged: (hasSource: boolean) => void): SourceSeat {
    const stream = this;
    return new SourceSeat({
      get media() {
        return stream.media;
      },
      take: (frame) => this.#take(frame),
      began: () => {
        this.#probe = new MediaProbe();
        this.#keyframeAtMs = performance.now();
      },
      left: () => this.#forget(),
      skipped: () => this.#pause(),
      bequeath: () => this.#bequeath(),
      goOnBy: (offsetMs) => this.#timeline.goOnBy(offsetMs),
      onSourceChanged,
    });
  }

  #bequeath(): Legacy | null {
    if (this.#replay.isEmpty) return null;
    const delivered = this.#replay;
    this.#replay = new ReplayWindow(this.#replayLimits);
    return { delivered, offsetMs: this.#timeline.goOn() };
  }

  #forget(): void {
    this.#hasStarted = false;
    this.#pause();
    this.#headers.clear();
    this.#replay.clear();
    this.#timeline.discontinue();
  }

  #take(frame: Frame): void {
    // Nobody can show these, and FLV players stumble over them.
    if (frame.payload.length === 0 || isSequenceEnd(frame)) return;
    this.#bytesIn += frame.payload.length;
    if (this.#probe.read(frame)) this.#seat.tellMedia(this.#probe.media);
    if (frame.isHeader) this.#keepHeader(frame);
    const isStart = this.#isStart(frame);
    if (!this.#hasStarted) {
      if (!isStart) return;
      this.#hasStarted = true;
    }
    const timestampMs = isMetadata(frame) ? 0 : this.#timeline.place(frame.kind, frame.timestampMs);
    if (timestampMs === null) return;
    const packet = new MediaPacket(frame, timestampMs);
    if (this.hasPublisher && !frame.isHeader) this.#replay.push(packet, performance.now());
    for (const audience of this.#audiences) audience.send(packet, isStart);
  }

  #keepHeader(frame: Frame): void {
    if (!this.#headers.keep(frame)) return;
    for (const audience of this.#audiences) audience.forgetGop();
    this.#replay.clear();
  }

  #pause(): void {
    for (const audience of this.#audiences) audience.pause();
  }

  get #audiences(): readonly Audience[] {
    return [this.#pulls, this.#players];
  }

  get #feeds(): readonly PlayerFeed[] {
    return this.#audiences.flatMap((audience) => [...audience.feeds()]);
  }

  /** What the packets so far told; both where they told nothing. */
  get #tracks(): Tracks {
    const { audio, video } = this.media;
    const isUnknown = audio === undefined && video === undefined;
    return { audio: isUnknown || audio !== undefined, video: isUnknown || video !== undefined };
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
